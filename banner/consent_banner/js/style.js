// SPDX-License-Identifier: MIT
import { _css } from "./config.js";

let _styled = false;

/** Adds the style sheet once. A constructed sheet needs no permission of a content security policy. */
export const _style = () => {
  if (_styled) return;
  _styled = true;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(_css);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
};

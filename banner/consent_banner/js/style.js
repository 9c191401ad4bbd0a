// SPDX-License-Identifier: MIT
import { _css } from "./config.js";

/** @type {CSSStyleSheet|undefined} */
let _sheet;

/** Adds the style sheet once. A constructed sheet needs no permission of a content security policy. */
export const _style = () => {
  if (_sheet) return;
  document.adoptedStyleSheets.push((_sheet = new CSSStyleSheet()));
  _sheet.replaceSync(_css);
};

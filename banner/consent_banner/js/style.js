// SPDX-License-Identifier: MIT
import { _css } from "./config.js";

/** @type {CSSStyleSheet|undefined} */
let _sheet;

/** Adds the style sheet, unless it is in force. A constructed sheet needs no permission of a content security policy. */
export const _style = () => {
  if (!_sheet) (_sheet = new CSSStyleSheet()).replaceSync(_css);
  if (!document.adoptedStyleSheets.includes(_sheet)) document.adoptedStyleSheets.push(_sheet);
};

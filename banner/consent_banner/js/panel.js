// SPDX-License-Identifier: MIT
// What both layers are framed in, and the one region at a time that stands in the page.
import { _place } from "./config.js";
import { _element } from "./element.js";
import { _emit } from "./event.js";
import { _language, _text } from "./language.js";
import { _style } from "./style.js";

/** @type {HTMLElement|undefined} */
let _panel;

/** How often the region may be put into the page within some seconds: one that takes it out each time must not be kept busy. */
let _left = 20;

/** Puts the region first in its place, as soon as that is there, and again when a page swapped its body. */
export const _put = () => {
  const place = document.querySelector(_place);
  if (place && _panel && !_panel.isConnected && _left) {
    _left--;
    setTimeout(() => _left++, 9e3);
    place.prepend(_panel);
  }
};

/** Shows a region, or none, in the place of an earlier one. @param {HTMLElement} [panel] */
export const _show = (panel) => {
  _panel?.remove();
  _panel = panel;
  _put();
};

/**
 * A region or dialog with our looks, title and language.
 * @param {string} tag
 * @param {...(Node|string)} children
 */
export const _frame = (tag, ...children) => {
  _style();
  const frame = _element(tag, { className: "consent-gate", lang: _language, dir: _text._dir, ariaLabel: _text._title }, ...children);
  _emit("show", frame);
  return frame;
};

// SPDX-License-Identifier: MIT
// The labelled region that asks, first in the page so that keyboards and screen readers meet it first; it takes no focus.
import { _element } from "./element.js";
import { _language } from "./language.js";
import { _style } from "./style.js";

/** @type {HTMLElement|undefined} */
let _panel;

export const _hidePanel = () => {
  _panel?.remove();
  _panel = undefined;
};

/**
 * Shows the region, as soon as the page has a body; it takes the place of an earlier one.
 * @param {string} label
 * @param {...Node} children
 */
export const _showPanel = (label, ...children) => {
  _hidePanel();
  _style();
  const panel = (_panel = _element("section", { id: "consent-gate", className: "consent-gate", lang: _language, ariaLabel: label }, ...children));
  const put = () => {
    if (_panel != panel) return;
    if (document.body) document.body.prepend(panel);
    else requestAnimationFrame(put);
  };
  put();
};

// SPDX-License-Identifier: MIT
// The rows of the second layer where every category has one service: one switch each.
import { _granted } from "./choice.js";
import { _asked } from "./config.js";
import { _element, _line, _link } from "./element.js";
import { _text } from "./language.js";

/** @param {Record<string, HTMLInputElement>} switches  filled: a switch for each service @returns {Node[]} a row for each category */
export const _rows = (switches) =>
  _text._categories.map(([title, purpose, [name, what, provider, policyUrl]], at) => {
    const id = _asked[at][1];
    switches[id] = _element("input", { type: "checkbox", checked: _granted.has(id) });
    return _line(_element("label", {}, switches[id], title), _line(purpose), _line(`${name}: ${what} `, _link(provider, policyUrl)));
  });

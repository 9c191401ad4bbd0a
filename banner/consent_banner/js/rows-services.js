// SPDX-License-Identifier: MIT
// Stands in for rows.js where a category has several services, each with a switch and one for all of them, or something is always on.
import { _granted } from "./choice.js";
import { _asked } from "./config.js";
import { _element, _line, _link } from "./element.js";
import { _text } from "./language.js";

/** @param {Record<string, HTMLInputElement>} switches  filled: a switch for each service @returns {Node[]} a row for each category */
export const _rows = (switches) => {
  let at = 0;
  const rows = _text._categories.map(([title, purpose, ...services]) => {
    /** @type {HTMLInputElement[]} */
    const own = services.map(() => {
      const id = _asked[at++][1];
      return (switches[id] = _element("input", { type: "checkbox", checked: _granted.has(id) }));
    });
    // The only service of a category needs no switch of its own.
    const all = own[1] ? _element("input", { type: "checkbox" }) : own[0];
    const show = () => {
      all.checked = own.every((box) => box.checked);
      all.indeterminate = !all.checked && own.some((box) => box.checked);
    };
    const row = _line(
      _element("label", {}, all, title),
      _line(purpose),
      ...services.map(([name, what, provider, policyUrl], place) =>
        _line(...(own[1] ? [_element("label", {}, own[place], name), what + " "] : [`${name}: ${what} `]), _link(provider, policyUrl)),
      ),
    );
    row.onchange = (/** @type {Event} */ event) => {
      if (event.target == all) own.map((box) => (box.checked = all.checked));
      show();
    };
    show();
    return row;
  });
  return [...rows, ..._text._necessary.map((words) => _line(words))];
};

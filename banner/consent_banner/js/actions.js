// SPDX-License-Identifier: MIT
import { _button } from "./button.js";
import { _decide } from "./decide.js";
import { _element } from "./element.js";
import { _text } from "./language.js";

/**
 * The row of buttons of both layers: accept, reject, then the layer's own.
 * @param {string} layer  "first" or "second"
 * @param {Node[]} buttons
 * @param {() => void} [done]  called after accept or reject
 */
export const _actions = (layer, buttons, done) => {
  /** @param {boolean} answer @param {string} control */
  const all = (answer, control) => () => {
    _decide(() => answer, layer, control);
    done?.();
  };
  return _element(
    "p",
    {},
    _button(_text._accept, all(true, "accept_all")),
    _button(_text._reject, all(false, "reject_all")),
    ...buttons,
  );
};

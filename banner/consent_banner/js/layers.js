// SPDX-License-Identifier: MIT
// The two layers, out of one template: the region that asks, first in the page so that keyboards and screen readers meet it first, and
// taking no focus; and the dialog with a switch for everything.
import { _decide } from "./decide.js";
import { _button, _element, _line, _link } from "./element.js";
import { _text } from "./language.js";
import { _frame, _show } from "./panel.js";
import { _rows } from "./rows.js";

/** @type {HTMLDialogElement|undefined} */
let _dialog;

/** Closes the choices; nothing is decided. */
export const _hideChoices = () => _dialog?.close();

/** Where to read more, and whom to ask. */
export const _links = () => _line(_link(_text._policy, _text._policyUrl), " · ", _link(_text._contact, _text._contactUrl));

/**
 * A layer: what is asked, by whom and for what, with refusing as near as accepting.
 * @param {boolean} [isSecond]  with the switches
 */
const _layer = (isSecond) => {
  /** @type {Record<string, HTMLInputElement>} */
  const switches = {};
  /** @param {string} label @param {string} control @param {(id: string) => unknown} isGranted */
  const choice = (label, control, isGranted) =>
    _button(label, () => {
      _hideChoices();
      _decide(isGranted, isSecond ? "second" : "first", control);
    });
  return _frame(
    isSecond ? "dialog" : "section",
    _element("h2", {}, _text._title),
    _line(_text._intro),
    ...(isSecond
      ? _rows(switches)
      : [_line(..._text._categories.flatMap(([title, purpose]) => [_element("b", {}, title), `: ${purpose} `]))]),
    _links(),
    _line(
      choice(_text._accept, "accept_all", () => true),
      choice(_text._reject, "reject_all", () => false),
      ...(isSecond ? [choice(_text._save, "save", (id) => switches[id].checked), _button(_text._close, _hideChoices)] : [_button(_text._customise, _showChoices)]),
    ),
  );
};

/** Asks, until there is an answer. */
export const _showGate = () => _show(_layer());

/** Opens the choices. Nothing is on that the visitor has not granted. */
export const _showChoices = () => {
  _dialog?.remove();
  const dialog = (_dialog = _layer(true));
  dialog.onclose = dialog.remove;
  // A page may open it before it has a body.
  (document.querySelector("body") || document.documentElement).append(dialog);
  dialog.showModal();
};

// SPDX-License-Identifier: MIT
import { _actions } from "./actions.js";
import { _button } from "./button.js";
import { _granted } from "./choice.js";
import { _asked } from "./config.js";
import { _decide } from "./decide.js";
import { _element } from "./element.js";
import { _language, _text } from "./language.js";
import { _lastRecord } from "./ledger.js";
import { _links } from "./links.js";
import { _style } from "./style.js";

/** @type {HTMLDialogElement|undefined} */
let _dialog;

const _checkbox = () => _element("input", { type: "checkbox" });

/** Closes the choices; nothing is decided. */
export const _hideChoices = () => _dialog?.close();

/** Opens the choices: a switch per category and per service. Nothing is on that the visitor has not granted. */
export const _showChoices = () => {
  if (_dialog?.open) return;
  if (!document.body) return void requestAnimationFrame(_showChoices);
  _style();
  /** @type {Map<string, HTMLInputElement>} */
  const switches = new Map();
  const blocks = _asked.map(([, services], at) => {
    const [title, purpose, serviceTexts] = _text._categories[at];
    const all = _checkbox();
    const own = services.map(([id]) => {
      const box = _checkbox();
      box.checked = _granted.has(id);
      box.onchange = show;
      switches.set(id, box);
      return box;
    });
    function show() {
      all.checked = own.every((box) => box.checked);
      all.indeterminate = !all.checked && own.some((box) => box.checked);
    }
    all.onchange = () => own.forEach((box) => (box.checked = all.checked));
    show();
    return _element(
      "div",
      { role: "group", ariaLabel: title },
      _element("h3", {}, _element("label", {}, all, title)),
      _element("p", {}, purpose),
      ...serviceTexts.map(([name, provider, what, policyUrl], place) =>
        _element("p", {}, _element("label", {}, own[place], name), what + " ", policyUrl ? _element("a", { href: policyUrl }, provider) : provider),
      ),
    );
  });
  const [title, purpose, names] = _text._necessary;
  const record = _lastRecord();
  const dialog = (_dialog = _element(
    "dialog",
    { id: "consent-choices", className: "consent-gate", lang: _language, ariaLabel: _text._dialogTitle, onclose: () => dialog.remove() },
    _element("h2", {}, _text._dialogTitle),
    _element("p", {}, _text._dialogIntro),
    _element("h3", {}, `${title} (${_text._always})`),
    _element("p", {}, purpose),
    _element("p", {}, names.join(", ")),
    ...blocks,
    _links(),
    ...(record ? [_element("p", {}, _text._record + ": ", _element("code", {}, record))] : []),
    _actions(
      "second",
      [
        _button(_text._save, () => {
          _decide((id) => !!switches.get(id)?.checked, "second", "save");
          _hideChoices();
        }),
        _button(_text._close, _hideChoices),
      ],
      _hideChoices,
    ),
  ));
  document.body.append(dialog);
  dialog.showModal();
};

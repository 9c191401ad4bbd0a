// SPDX-License-Identifier: MIT
// One quiet line wherever the page has data-consent-receipt, once the ledger has answered to a choice.
import { _button, _element } from "./element.js";
import { _language, _text } from "./language.js";
import { _saveButton } from "./save.js";
import { _style } from "./style.js";

/** The lines of this page; a screen reader hears what is put into them, and the focus stays where it is. @type {HTMLElement[]} */
const _lines = [];

/** Takes the lines away again. */
export const _hideReceipts = () => _lines.forEach((line) => line.replaceChildren());

/** @param {string} record  its id */
const _showReceipts = (record) => {
  _style();
  for (const line of _lines) {
    const words = _element("span", {}, _text._receiptLine);
    line.replaceChildren(
      words,
      " ",
      _saveButton(_text._receiptSave, record, false, (problem) => (words.textContent = problem || _text._receiptLine)),
      " ",
      _button(_text._close, _hideReceipts),
    );
  }
};

/** Makes a line in every place for one, empty until a receipt comes. */
export const _watchReceipts = () => {
  for (const place of document.querySelectorAll("[data-consent-receipt]")) {
    const line = _element("div", { className: "consent-receipt", role: "status", lang: _language, dir: _text._dir });
    place.append(line);
    _lines.push(line);
  }
  document.addEventListener("consent:receipt", (event) => {
    const record = /** @type {CustomEvent} */ (event).detail?.subject?.part.id;
    if (record) _showReceipts(record);
  });
};

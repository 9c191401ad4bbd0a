// SPDX-License-Identifier: MIT
import { _granted, _pending } from "./choice.js";
import { _choices, _decide } from "./decide.js";
import { _showChoices } from "./layers.js";
import { _lastRecord } from "./ledger.js";

/** Refuses everything, unless that is so already. @param {string} control  "reject_all" by the visitor's click, else "api" */
export const _withdraw = (control) => {
  if (_pending.size || _granted.size) _decide(() => false, "page", control);
};

/** What a page may use as `window.consent`. */
export const _api = {
  /** Opens the visitor's choices. */
  open: _showChoices,
  /** Refuses everything in one step, so that a page can make withdrawing as short as accepting. */
  withdraw: () => _withdraw("api"),
  /** @param {string} id  category or service @returns {boolean} */
  granted: (id) => _granted.has(id),
  /** @returns {Record<string, boolean>|null} every answer, or null while something is still to be asked */
  choices: () => (_pending.size ? null : _choices()),
  /** @returns {string|undefined} the id of this visitor's last record */
  record: _lastRecord,
};

// SPDX-License-Identifier: MIT
import { _granted, _pending } from "./choice.js";
import { _choices, _decide } from "./decide.js";
import { _showChoices } from "./layer-second.js";
import { _ask, _lastRecord } from "./ledger.js";

/** What a page may use as `window.consent`. */
export const _api = {
  /** Opens the visitor's choices. */
  open: _showChoices,
  /** Refuses everything in one step, so that a page can make withdrawing as short as accepting. */
  withdraw: () => (_pending || _granted.size) && _decide(() => false, "page", "reject_all"),
  /** @param {string} id  category or service @returns {boolean} */
  granted: (id) => _granted.has(id),
  /** @returns {Record<string, boolean>|null} every answer, or null while something is still to be asked */
  choices: () => (_pending ? null : _choices()),
  /** @param {string} id @returns {Promise<void>} settled when the visitor grants it, which may be never */
  whenGranted: (id) =>
    new Promise((/** @type {(value?: any) => void} */ done) => {
      const look = () => _granted.has(id) && done();
      look();
      document.addEventListener("consent:change", look);
    }),
  /** @returns {string|null} the id of this visitor's last record */
  record: _lastRecord,
  /** @param {"preferences"|"consents"} path @returns {Promise<any>} */
  fetch: _ask,
};

// SPDX-License-Identifier: MIT
// The ledger, asked as this browser's visitor: whoever holds the token reads, saves and erases their own records.
import { _ledgerUrl } from "./config.js";
import { _store } from "./storage.js";

/** The visitor's token, or nothing before the first choice. */
export const _token = () => _store["consent.token"];

/** Storage keys of the records that wait to be sent, newest first. */
export const _waiting = () =>
  Object.keys(_store)
    .filter((key) => key.startsWith("consent.queue."))
    .sort()
    .reverse();

/**
 * @param {string} path  below the site's address in the ledger
 * @param {string} [method]
 * @param {boolean} [isNameless]  true: without the token
 * @returns {Promise<Response|null>} the answer, whatever it says; null when there is none
 */
export const _request = (path, method = "GET", isNameless = false) =>
  fetch(_ledgerUrl + path, {
    method,
    headers: isNameless ? {} : { Authorization: "Bearer " + _token() },
    credentials: "omit",
    cache: "no-store",
    signal: AbortSignal.timeout(3e4),
  }).catch(() => null);

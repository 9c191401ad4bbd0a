// SPDX-License-Identifier: MIT

/** localStorage, or memory where the browser refuses it: blocked storage, a sandboxed frame. @type {Record<string, string>} */
export let _store = {};
try {
  _store = localStorage || _store;
} catch {
  // The choice then lives as long as the page; it is still recorded.
}

/**
 * Keeps *value*; when the storage is full or closed, everything goes on in memory.
 * @param {string} key
 * @param {string|number} value
 */
export const _keep = (key, value) => {
  try {
    _store[key] = value + "";
  } catch {
    _store = { ..._store, [key]: value + "" };
  }
};

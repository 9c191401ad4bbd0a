// SPDX-License-Identifier: MIT

/**
 * Tells the page, as the event `consent:…` on the document.
 * @param {string} name
 * @param {unknown} [detail]
 */
export const _emit = (name, detail) => document.dispatchEvent(new CustomEvent("consent:" + name, { detail }));

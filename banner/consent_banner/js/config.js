// SPDX-License-Identifier: MIT
// What the builder knows about one site. This file gives the shapes; the builder writes the values in its place.

/**
 * One thing a service stores here: "c" (cookie), "l" (localStorage) or "s" (sessionStorage), then its name; a last "*" stands for any ending.
 * @typedef {string} Store
 * @typedef {[id: string, asks: string, stores: Store[]]} Service  asks: revision of what is asked, 6 hex
 * @typedef {[id: string, services: Service[]]} Category
 */
/**
 * @typedef {[name: string, provider: string, purpose: string, policyUrl: string]} ServiceText
 * @typedef {[title: string, purpose: string, services: ServiceText[]]} CategoryText  in the order of _asked
 * @typedef {Record<string, string> & {_categories: CategoryText[], _necessary: [title: string, purpose: string, services: string[]]}} Texts
 */

/** SHA-256 of the notice, 64 hex. */
export const _notice = "";
/** Hash of everything the script was made from, 64 hex. */
export const _build = "";
/** Hours that a choice lives. */
export const _lifetimeH = 0;
/** Cookie attribute of a parent domain, or nothing. */
export const _domain = "";
/** Address of this site in the ledger, with a slash at the end. */
export const _ledgerUrl = "";
/** The whole style sheet. */
export const _css = "";
/** What is asked, in order. @type {Category[]} */
export const _asked = [];
/** Language tags with their texts, the default language first. @type {[string, Texts][]} */
export const _locales = [];

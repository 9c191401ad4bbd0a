// SPDX-License-Identifier: MIT
// What the builder knows about one site. This file gives the shapes; the builder writes the values in its place.

/**
 * One asked service. *asks*: ":" and the revision of what is asked, 6 hex. The patterns match the names of what it stores here, or are 0:
 * cookies, localStorage, sessionStorage; last ones that are 0 are left out.
 * @typedef {[category: string, id: string, asks: string, ...patterns: (RegExp|0)[]]} Service
 */
/**
 * @typedef {[name: string, purpose: string, provider: string, policyUrl?: string]} ServiceText
 * @typedef {[title: string, purpose: string, ...services: ServiceText[]]} CategoryText  in the order of _asked
 * @typedef {Record<string, string> & {_categories: CategoryText[], _necessary: string[], _changes: [mark: number, text: string][]}} Texts  _necessary: lines on what is always on; _changes: the newest first; a
 * later one has a larger mark
 */

/** The notice: the first 8 hex of its SHA-256, and after a dot the mark of the newest change that it tells, if it tells one. */
export const _notice = "";
/** The build: the first 16 hex of the hash of everything the script was made from. */
export const _build = "";
/** Hours that a choice lives. */
export const _lifetimeH = 0;
/** The same in seconds. */
export const _lifetimeS = 0;
/** Parent domain of the cookie, or nothing. */
export const _domain = "";
/** Address of this site in the ledger, with a slash at the end. */
export const _ledgerUrl = "";
/** Attribute of every cookie on https. */
export const _secure = "";
/** Selector of the element that the region stands in, first. */
export const _place = "";
/** The whole style sheet. */
export const _css = "";
/** What is asked, in order: the services of a category stand together. @type {Service[]} */
export const _asked = [];
/** Language tags with their texts, the default language first. @type {[string, Texts][]} */
export const _locales = [];
/** What sells or shares, as places in _asked. @type {number[]} */
export const _sold = [];
/** Google's consent types, each with the id of the category or service that it stands for. @type {[type: string, id: string][]} */
export const _googleTypes = [];

// SPDX-License-Identifier: MIT
// The stored choice. Cookie `consent`: version | notice (8 hex) | hour | one answer per service, "+id:asks" or "-id:asks".
// Refusals are written too, so that a service that is new can be told from one that was refused.
import { _asked, _domain, _lifetimeH, _lifetimeS, _notice } from "./config.js";
import { _expire, _writeCookie } from "./cookie.js";

/** Ids of the services granted, and of the categories whose services are all granted. @type {Set<string>} */
export let _granted;

/** Ids of the services without a valid answer: never asked, asked differently, or expired. @type {Set<string>} */
export let _pending;

/** The cookie's value as it was last seen. @type {string} */
export let _stored;

/** The cookie as it stands, whatever else on this site has its name; nothing where cookies are blocked. */
const _cookie = () => {
  try {
    return document.cookie.match(/(^|; )consent=(1\|[^;]*)/)?.[2] || "";
  } catch {
    return "";
  }
};

/** Takes over what *value* says: a cookie, which may be anybody's writing. @param {string} value */
const _adopt = (value) => {
  const hour = value.split("|")[2];
  const lost = [];
  _granted = new Set();
  _pending = new Set();
  for (const [category, id, asks] of _asked) {
    /** @param {string} sign */
    const has = (sign) => +hour + _lifetimeH > Date.now() / 36e5 && value.includes("|" + sign + id + asks);
    if (has("+")) _granted.add(id).add(category);
    else {
      lost.push(category);
      if (!has("-")) _pending.add(id);
    }
  }
  lost.map((category) => _granted.delete(category));
};

/** Reads the cookie. @returns {boolean} true when it changed since the last look, by another tab or the browser */
export const _look = () => {
  if (_cookie() == _stored) return false;
  _adopt((_stored = _cookie()));
  return true;
};

/** Stores the value of a choice, and puts it in force even where no cookie can be kept. @param {string} value */
export const _keepChoice = (value) => {
  try {
    // One that was written for another domain, before the owner changed it, would be read first.
    _expire("consent", "/");
    _writeCookie("consent", value, "/", _domain, _lifetimeS);
  } catch {
    // Storage is closed: the choice holds for this page.
  }
  _stored = _cookie();
  _adopt(value);
};

/** @param {(id: string) => unknown} isGranted  asked for every service */
export const _choose = (isGranted) =>
  _keepChoice(["1", _notice, Math.floor(Date.now() / 36e5), ..._asked.map(([, id, asks]) => (isGranted(id) ? "+" : "-") + id + asks)].join("|"));

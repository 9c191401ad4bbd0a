// SPDX-License-Identifier: MIT
import { _secure } from "./config.js";

/**
 * Writes a cookie; on https one that is never sent without encryption, which names that begin with "__" need too.
 * @param {string} name
 * @param {string} value
 * @param {string} path
 * @param {string} domain  "" for this host alone
 * @param {number} lifeS  seconds; 0 deletes it
 */
export const _writeCookie = (name, value, path, domain, lifeS) => {
  document.cookie = `${name}=${value};Path=${path};Domain=${domain};Max-Age=${lifeS};SameSite=Lax${_secure}`;
};

/**
 * Expires a cookie of this path on every domain that this page could have set it for.
 * @param {string} name
 * @param {string} path
 */
export const _expire = (name, path) => {
  _writeCookie(name, "", path, "", 0);
  // "www.example.com", "example.com": no browser takes one for "com".
  for (let domain = location.hostname; domain.includes("."); domain = domain.replace(/.*?\./, "")) _writeCookie(name, "", path, domain, 0);
};

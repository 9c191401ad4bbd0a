// SPDX-License-Identifier: MIT
// The stored choice. Cookie `consent`: version | notice (8 hex) | hour (base 36) | one answer per service, "+id:asks" or "-id:asks".
// Refusals are written too, so that a service that is new can be told from one that was refused.
import { _asked, _domain, _lifetimeH, _notice } from "./config.js";
import { _expire, _secure } from "./cookie.js";

/** Ids of the services granted, and of the categories whose services are all granted. @type {Set<string>} */
export let _granted = new Set();

/** True while some service has no valid answer: never asked, asked differently, or expired. */
export let _pending = true;

let _stored = "";

/** The cookie as it stands, whatever else on this site has its name; nothing where cookies are blocked. */
const _cookie = () => {
  try {
    return document.cookie.match(/(?:^|; )consent=(1\|[^;]*)/)?.[1] || "";
  } catch {
    return "";
  }
};

/** @param {string} value  a cookie value, which may be anybody's writing */
const _adopt = (value) => {
  const [, , hour, ...answers] = value.split("|");
  const alive = parseInt(hour, 36) + _lifetimeH > Date.now() / 36e5;
  _granted = new Set();
  _pending = false;
  for (const [category, services] of _asked) {
    let whole = true;
    for (const [id, asks] of services) {
      if (alive && answers.includes(`+${id}:${asks}`)) _granted.add(id);
      else {
        whole = false;
        _pending ||= !alive || !answers.includes(`-${id}:${asks}`);
      }
    }
    if (whole) _granted.add(category);
  }
};

/** Reads the cookie. @returns {boolean} true when it changed since the last look, by another tab or the browser */
export const _look = () => {
  const value = _cookie();
  if (value == _stored) return false;
  _adopt((_stored = value));
  return true;
};

/**
 * Stores the answers, and puts them in force even where no cookie can be kept.
 * @param {(id: string) => boolean} isGranted  asked for every service
 */
export const _choose = (isGranted) => {
  const value = [
    "1",
    _notice.slice(0, 8),
    Math.floor(Date.now() / 36e5).toString(36),
    ..._asked.flatMap(([, services]) => services.map(([id, asks]) => `${isGranted(id) ? "+" : "-"}${id}:${asks}`)),
  ].join("|");
  try {
    // One that was written for another domain, before the owner changed it, would be read first.
    _expire("consent", "/");
    document.cookie = `consent=${value};Path=/;SameSite=Lax;Max-Age=${_lifetimeH * 3600}${_domain}${_secure}`;
  } catch {
    // Storage is closed: the choice holds for this page.
  }
  _stored = _cookie();
  _adopt(value);
};

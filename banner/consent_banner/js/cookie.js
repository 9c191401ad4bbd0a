// SPDX-License-Identifier: MIT

/** Attribute of every cookie written over https; names that begin with "__" need it. */
export const _secure = location.protocol == "https:" ? ";Secure" : "";

/**
 * Expires a cookie of this path on every domain that this page could have set it for.
 * @param {string} name
 * @param {string} path
 */
export const _expire = (name, path) => {
  for (let host = location.hostname; host; host = host.replace(/^[^.]*\.?/, "")) {
    for (const domain of ["", ";Domain=" + host]) document.cookie = `${name}=;Path=${path};Max-Age=0${domain}${_secure}`;
  }
};

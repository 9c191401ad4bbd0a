// SPDX-License-Identifier: MIT
import { _granted } from "./choice.js";
import { _asked } from "./config.js";
import { _expire } from "./cookie.js";

/**
 * Expires a cookie on each path above this page: HttpOnly ones, and those of paths elsewhere, are out of a script's reach.
 * @param {string} name
 */
const _forget = (name) => {
  // "/shop/a", "/shop/", "/shop", "/"
  for (let path = location.pathname; path; path = path.replace(/[^/]+$|\/$/, "")) _expire(name, path);
};

/** Deletes the first-party cookies and storage keys that services without consent have declared. */
export const _clean = () => {
  for (const [, services] of _asked) {
    for (const [id, , stores] of services) {
      for (const store of _granted.has(id) ? [] : stores) {
        const name = store.slice(1);
        /** @param {string} key */
        const matches = (key) => (name.endsWith("*") ? key.startsWith(name.slice(0, -1)) : key == name);
        try {
          if (store[0] == "c") document.cookie.split("; ").map((pair) => pair.split("=")[0]).filter(matches).forEach(_forget);
          else {
            const storage = store[0] == "l" ? localStorage : sessionStorage;
            for (const key of Object.keys(storage).filter(matches)) storage.removeItem(key);
          }
        } catch {
          // What is closed to us was closed to the service.
        }
      }
    }
  }
};

// SPDX-License-Identifier: MIT
import { _granted } from "./choice.js";
import { _asked } from "./config.js";
import { _expire } from "./cookie.js";

/** Deletes the first-party cookies and storage keys that services without consent have declared. */
export const _clean = () => {
  for (const [, id, , ...patterns] of _asked) {
    if (!_granted.has(id)) {
      patterns.map((pattern, kind) => {
        try {
          const storage = kind ? (kind > 1 ? sessionStorage : localStorage) : null;
          for (const key of storage ? Object.keys(storage) : document.cookie.split(/=.*?(?:; |$)/)) {
            if (pattern && pattern.test(key)) {
              if (storage) delete storage[key];
              // "/shop/a", "/shop/", "/shop", "/": HttpOnly ones, and those of paths elsewhere, are out of a script's reach.
              else for (let path = location.pathname; path; path = path.replace(/[^/]+$|\/$/, "")) _expire(key, path);
            }
          }
        } catch {
          // What is closed to us was closed to the service.
        }
      });
    }
  }
};

// SPDX-License-Identifier: MIT
// Each choice, and the stored one on each page, as an event for tag managers.
import { _granted, _pending } from "./choice.js";
import { _choices } from "./decide.js";
import { _listen } from "./listen.js";

_listen(({ detail }) => {
  if (detail || _granted.size || !_pending.size)
    (/** @type {any} */ (window).dataLayer ||= []).push({ event: "consent", consent: _choices(), action: detail?.action });
});

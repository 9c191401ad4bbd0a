// SPDX-License-Identifier: MIT
// Google Consent Mode: tells Google's tags what is granted, once there is an answer and whenever that makes a difference. That nothing is
// granted before, the page's inline script has told them.
import { _granted, _pending } from "./choice.js";
import { _googleTypes } from "./config.js";
import { _listen } from "./listen.js";

let _told = "";

_listen(() => {
  const state = Object.fromEntries(_googleTypes.map(([type, id]) => [type, _granted.has(id) ? "granted" : "denied"]));
  const words = JSON.stringify(state);
  // Before the first answer tags shall go on waiting for it.
  if (words == _told || !(_told || _granted.size || !_pending.size)) return;
  _told = words;
  // Only an `arguments` object is a command to gtag.js.
  (function () {
    (/** @type {any} */ (window).dataLayer ||= []).push(arguments);
  })("consent", "update", state);
});

// SPDX-License-Identifier: MIT
import { _api, _withdraw } from "./api.js";
import { _look, _pending } from "./choice.js";
import { _clean } from "./clean.js";
import { _asked } from "./config.js";
import { _apply } from "./decide.js";
import { _emit } from "./event.js";
import { _release } from "./gate.js";
import { _showGate } from "./layer-first.js";
import { _hideChoices, _showChoices } from "./layer-second.js";
import { _deliver } from "./ledger.js";
import { _hidePanel } from "./panel.js";

/** @typedef {Window & {consent?: any}} Page */

// The tag may stand in a page twice. A form that happens to be called "consent" has no function `granted`.
if (typeof (/** @type {Page} */ (window).consent?.granted) != "function") {
  /** @type {Page} */ (window).consent = _api;
  _look();
  _emit("ready");

  // A template that the parser is still filling must not move: gates open when the page is read.
  const watch = () => {
    _release();
    new MutationObserver(_release).observe(document, { childList: true, subtree: true });
  };
  if (document.readyState == "loading") addEventListener("DOMContentLoaded", watch);
  else watch();

  const ask = () => {
    if (!_pending || !_asked[0]) return;
    // What an expired consent left behind, or the time before there was a banner.
    _clean();
    _showGate();
  };
  ask();
  _deliver();

  document.addEventListener("click", (event) => {
    const control = /** @type {Element} */ (event.target).closest?.("[data-consent-open],[data-consent-withdraw]");
    if (!control) return;
    event.preventDefault();
    if (control.matches("[data-consent-open]")) _showChoices();
    else _withdraw("reject_all");
  });

  // Another tab, the back button, the browser's settings: the choice may have changed meanwhile.
  const follow = () => {
    if (!_look()) return;
    _hidePanel();
    _hideChoices();
    _apply();
    ask();
  };
  for (const event of ["storage", "focus", "pageshow"]) addEventListener(event, follow);
  for (const event of ["online", "pagehide"]) addEventListener(event, _deliver);
}

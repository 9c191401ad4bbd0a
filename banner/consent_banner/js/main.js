// SPDX-License-Identifier: MIT
import { _api } from "./api.js";
import { _look, _pending } from "./choice.js";
import { _asked } from "./config.js";
import { _apply } from "./decide.js";
import { _emit } from "./event.js";
import { _release } from "./gate.js";
import { _showGate } from "./layer-first.js";
import { _deliver } from "./ledger.js";
import { _hidePanel } from "./panel.js";

/** @typedef {Window & {consent?: any}} Page */

// The tag may stand in a page twice. An element that happens to be called "consent" has no `granted`.
if (!(/** @type {Page} */ (window).consent?.granted)) {
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

  const ask = () => _pending && _asked[0] && _showGate();
  ask();
  _deliver();

  document.addEventListener("click", (event) => {
    const control = /** @type {Element} */ (event.target).closest?.("[data-consent-open],[data-consent-withdraw]");
    if (!control) return;
    event.preventDefault();
    _api[control.matches("[data-consent-open]") ? "open" : "withdraw"]();
  });

  // Another tab, the back button, the browser's settings: the choice may have changed meanwhile.
  const follow = () => {
    if (!_look()) return;
    _hidePanel();
    ask();
    _apply();
  };
  for (const event of ["storage", "focus", "pageshow"]) addEventListener(event, follow);
  for (const event of ["online", "pagehide"]) addEventListener(event, _deliver);
}

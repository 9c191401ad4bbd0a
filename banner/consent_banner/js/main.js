// SPDX-License-Identifier: MIT
import { _api, _withdraw } from "./api.js";
import { _ask } from "./ask.js";
import { _look } from "./choice.js";
import { _apply } from "./decide.js";
import { _emit } from "./event.js";
import { _release } from "./gate.js";
import { _hideChoices, _showChoices } from "./layers.js";
import { _deliver } from "./ledger.js";
import { _put, _show } from "./panel.js";
import "./consent-mode.js";
import "./data-layer.js";
import "./placeholder.js";
import "./signal.js";

/** @typedef {Window & {consent?: any}} Page */

// The tag may stand in a page twice. A form or frame that happens to be called "consent" is no property of the window's own.
if (!Object.hasOwn(window, "consent") || !(/** @type {Page} */ (window).consent?.withdraw)) {
  /** @type {Page} */ (window).consent = _api;
  _look();
  _emit("ready");

  _ask();
  _deliver();

  const watch = () => {
    _put();
    _release();
  };
  watch();
  new MutationObserver(watch).observe(document, { childList: true, subtree: true });
  document.addEventListener("readystatechange", watch);

  document.addEventListener("click", (event) => {
    const control = /** @type {Element} */ (event.target).closest?.("[data-consent-open],[data-consent-withdraw]");
    if (control) {
      event.preventDefault();
      control.matches("[data-consent-open]") ? _showChoices() : _withdraw("reject_all");
    }
  });

  // Another tab, the back button, the browser's settings: the choice may have changed meanwhile.
  const follow = (/** @type {Event|void} */ event) => {
    // Another process may hear of the storage before its cookies have changed.
    if (event) setTimeout(follow, 500);
    if (_look()) {
      _show();
      _hideChoices();
      _apply();
      _ask();
    }
  };
  for (const event of ["storage", "focus", "pageshow"]) addEventListener(event, follow);
  for (const event of ["online", "pagehide"]) addEventListener(event, _deliver);
}

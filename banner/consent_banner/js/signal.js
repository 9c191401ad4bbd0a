// SPDX-License-Identifier: MIT
// Global Privacy Control: while the browser sends it, what sells or shares is off unless the visitor allowed it in the knowledge of the
// signal. Alone it is followed and not recorded; when it undoes an earlier yes, that is an action.
import { _granted, _keepChoice, _pending, _stored } from "./choice.js";
import { _clean } from "./clean.js";
import { _asked, _sold } from "./config.js";
import { _choices } from "./decide.js";
import { _emit } from "./event.js";
import { _language, _text } from "./language.js";
import { _record } from "./ledger.js";
import { _listen } from "./listen.js";

if (/** @type {any} */ (navigator).globalPrivacyControl) {
  const sold = _sold.map((at) => _asked[at]);
  // Answers under the signal end in "!": from here on only such a yes counts. Without the signal it counts like any other.
  sold.map((service) => (service[2] += "!"));

  const words = () => (sold.some(([, id]) => _granted.has(id)) ? _text._gpcAllowed : _text._gpc);

  // The page's own places for the status, whenever they come.
  const show = () => {
    for (const place of document.querySelectorAll("[data-consent-signal]"))
      if (place.textContent != words()) Object.assign(place, { textContent: words(), lang: _language, dir: _text._dir });
  };

  _listen(({ detail }) => {
    if (!detail) {
      new MutationObserver(show).observe(document, { childList: true, subtree: true });
      // In both layers, at the end of the introduction.
      document.addEventListener("consent:show", (/** @type {any} */ event) => event.detail.querySelector("h2+*")?.append(" " + words()));
    }
    const value = _stored.replace(/[^|]+/g, (part) => (sold.some(([, id, asks]) => part + "!" == "+" + id + asks) ? part.replace("+", "-") + "!" : part));
    if (value != _stored) {
      // Only these answers: what was still open stays so, and the others live no longer for it.
      _keepChoice(value);
      _clean();
      _record("signal", "page", "signal", _choices());
      _emit("change", { action: "signal", choices: _choices() });
    }
    // What the signal answers is not asked for its own sake.
    if ([..._pending].every((pending) => sold.some(([, id]) => id == pending))) _pending.clear();
    show();
  });
}

// SPDX-License-Identifier: MIT
import { _choose, _granted } from "./choice.js";
import { _clean } from "./clean.js";
import { _asked } from "./config.js";
import { _button, _element, _line } from "./element.js";
import { _emit } from "./event.js";
import { _hold, _release, _revoke } from "./gate.js";
import { _language, _text } from "./language.js";
import { _deliver, _record } from "./ledger.js";
import { _frame, _show } from "./panel.js";

/** Says that a choice is saved to those who cannot see it. @type {HTMLElement|undefined} */
let _status;

/** Every asked category and service with its answer. @returns {Record<string, boolean>} */
export const _choices = () => Object.fromEntries(_asked.flatMap(([category, id]) => [category, id]).map((id) => [id, _granted.has(id)]));

/** Puts the stored choice in force in this page. @param {string} [action]  absent when it was made elsewhere: in another tab, in the browser's settings */
export const _apply = (action) => {
  const isRunning = _revoke();
  _clean();
  _emit("change", { action, choices: _choices() });
  _hold(false);
  _release();
  if (isRunning) {
    // What still runs may write again until the page ends; loading the page again alone ends it.
    addEventListener("pagehide", _clean);
    _show(
      _frame(
        "section",
        _element("div", { role: "status" }, _text._still),
        _line(
          _button(_text._reload, () => location.reload()),
          _button(_text._close, () => _show()),
        ),
      ),
    );
  }
  _deliver();
};

/**
 * A decision of the visitor: stored at once, in force after the next paint, then sent.
 * @param {(id: string) => unknown} isGranted
 * @param {string} layer  "first", "second", or "page" for a control of the page's own
 * @param {string} control  "accept_all", "reject_all", "save" or "api"
 */
export const _decide = (isGranted, layer, control) => {
  const before = _granted;
  _hold(true);
  _choose(isGranted);
  _show();
  const isLess = _granted.size < before.size && [..._granted].every((id) => before.has(id));
  const action = isLess ? "withdraw" : !_granted.size ? "reject_all" : _asked.every(([, id]) => _granted.has(id)) ? "accept_all" : "customise";
  _record(action, layer, control, _choices());
  _status?.remove();
  // Empty first: a screen reader tells what changes in a region that it knows.
  document.querySelector("body")?.append((_status = _element("p", { className: "consent-gate", role: "status", lang: _language })));
  // A page in the background is not painted.
  (document.hidden ? setTimeout : requestAnimationFrame)(() =>
    setTimeout(() => {
      /** @type {HTMLElement} */ (_status).textContent = _text._saved;
      _apply(action);
    }),
  );
};

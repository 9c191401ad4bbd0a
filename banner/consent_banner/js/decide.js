// SPDX-License-Identifier: MIT
import { _choose, _granted } from "./choice.js";
import { _clean } from "./clean.js";
import { _asked } from "./config.js";
import { _emit } from "./event.js";
import { _release, _revoke } from "./gate.js";
import { _deliver, _record } from "./ledger.js";
import { _hidePanel } from "./panel.js";
import { _showReload } from "./reload.js";

/** Every asked category and service with its answer. @returns {Record<string, boolean>} */
export const _choices = () =>
  Object.fromEntries(_asked.flatMap(([category, services]) => [category, ...services.map(([id]) => id)]).map((id) => [id, _granted.has(id)]));

/** Puts the stored choice in force in this page. @param {string} [action]  absent when it was made elsewhere: in another tab, in the browser's settings */
export const _apply = (action) => {
  const isRunning = _revoke();
  _clean();
  _release();
  if (isRunning) {
    // What still runs may write again until the page ends.
    addEventListener("pagehide", _clean);
    _showReload();
  }
  _emit("change", { action, choices: _choices() });
  _deliver();
};

/**
 * A decision of the visitor: stored at once, in force after the next paint, then sent.
 * @param {(id: string) => boolean} isGranted
 * @param {string} layer  "first", "second", or "page" for a control of the page's own
 * @param {string} control  "accept_all", "reject_all", "save" or "api"
 */
export const _decide = (isGranted, layer, control) => {
  const before = _granted;
  _choose(isGranted);
  _hidePanel();
  const choices = _choices();
  const answers = Object.values(choices);
  const isLess = [...before].some((id) => !_granted.has(id));
  const isMore = [..._granted].some((id) => !before.has(id));
  const action = isLess && !isMore ? "withdraw" : answers.every(Boolean) ? "accept_all" : answers.some(Boolean) ? "customise" : "reject_all";
  _record(action, layer, control, choices);
  const apply = () => _apply(action);
  if (document.hidden) apply();
  else requestAnimationFrame(() => setTimeout(apply));
};

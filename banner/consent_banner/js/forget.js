// SPDX-License-Identifier: MIT
// "Forget me": first the ledger's records, then what this browser keeps; a decision that can no longer be proved is not relied on.
import { _expire } from "./cookie.js";
import { _button, _element } from "./element.js";
import { _language, _text } from "./language.js";
import { _hideReceipts } from "./receipt-line.js";
import { _keep, _store } from "./storage.js";
import { _request, _token, _waiting } from "./visitor.js";

/** @typedef {Window & {consent?: any}} Page */

/** What an erasure comes to when the ledger knows nothing of this visitor. */
const _nobody = { records: 0, gone: true };

/** Asks the ledger to erase. @returns {Promise<{records: number, gone: boolean}|null>} null when it gave no answer that settles it */
const _erase = async () => {
  if (!_token()) return _nobody;
  const answer = await _request("consents", "DELETE");
  if (answer?.status == 404) return _nobody;
  return answer?.ok ? answer.json().catch(() => null) : null;
};

/** Removes this browser's visitor. @returns {Promise<string[]|null>} what was removed and what stays, or null when nothing was */
const _forgetVisitor = async () => {
  // What waits must not be sent behind the erasure's back; it comes back if there is none.
  const waiting = _waiting().map((key) => [key, _store[key]]);
  for (const [key] of waiting) delete _store[key];
  let erased = await _erase();
  if (erased && !erased.records && waiting[0]) {
    // One of them may have been under way, and have become the first record only now.
    await new Promise((done) => setTimeout(done, 1e3));
    erased = await _erase();
  }
  if (!erased) {
    for (const [key, body] of waiting) _keep(key, body);
    return null;
  }
  try {
    // Before the keys: their going tells other tabs to look at the cookie.
    _expire("consent", "/");
  } catch {
    // No cookie can be kept here, so there is none.
  }
  for (const key of ["consent.token", "consent.last", "consent.wait", ..._waiting()]) delete _store[key];
  const { records, gone } = erased;
  return [
    (records ? (gone ? _text._choicesGone : _text._choicesGoing) : _text._choicesGoneNone).replace("{count}", records + ""),
    _text._choicesGoneHere,
    ...(waiting[0] ? [_text._choicesGoneWaiting.replace("{count}", waiting.length + "")] : []),
    ...(erased == _nobody ? [] : [_text._choicesStays]),
  ];
};

/**
 * The second step: says what goes and what stays, and asks. Then it says what came of it, and leaves that in the page.
 * @param {HTMLElement} result  where in the page
 */
export const _askToForget = (result) => {
  let isAsking = false;

  const forget = async () => {
    // A second click must wait for the answer to the first.
    if (isAsking) return;
    isAsking = true;
    yes.ariaDisabled = "true";
    status.textContent = "";
    const wasAllowed = Object.values(/** @type {Page} */ (window).consent?.choices?.() || {}).some(Boolean);
    const removed = await _forgetVisitor();
    isAsking = false;
    yes.ariaDisabled = "false";
    if (removed) {
      dialog.ariaLabel = title.textContent = _text._choicesForgotten;
      words.remove();
      status.append(...removed.map((sentence) => _element("p", {}, sentence)));
      if (wasAllowed) status.append(_element("p", {}, _text._choicesRunning + " ", _button(_text._reload, () => location.reload())));
      cancel.textContent = _text._close;
      cancel.focus();
      yes.remove();
      _hideReceipts();
      // consent.js looks at the cookie as it does after a change in another tab: it stops what can be stopped, and asks again.
      dispatchEvent(new Event("storage"));
    } else {
      status.append(_element("p", {}, _text._choicesNotForgotten));
      yes.textContent = _text._choicesRetry;
    }
    if (!dialog.open) leave();
  };

  const leave = () => {
    dialog.remove();
    if (status.firstChild) result.replaceChildren(...status.childNodes);
  };

  const title = _element("h2", {}, _text._choicesForgetTitle);
  const words = _element(
    "div",
    {},
    ...[_text._choicesForgetGoes, _text._choicesStays, _text._choicesForgetFirst].map((sentence) => _element("p", {}, sentence)),
  );
  const status = _element("div", { role: "status" });
  const cancel = _button(_text._choicesCancel, () => dialog.close());
  const yes = _button(_text._choicesForget, forget);
  const dialog = _element(
    "dialog",
    { className: "consent-gate consent-forget", lang: _language, dir: _text._dir, ariaLabel: _text._choicesForgetTitle, onclose: leave },
    title,
    words,
    status,
    // The first control has the focus when the dialog opens.
    _element("p", {}, cancel, yes),
  );
  document.body.append(dialog);
  dialog.showModal();
};

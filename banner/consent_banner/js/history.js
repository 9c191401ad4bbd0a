// SPDX-License-Identifier: MIT
// The decisions of this browser: those that wait here, then those that the ledger holds, newest first.
import { _asked } from "./config.js";
import { _button, _element } from "./element.js";
import { _language, _text } from "./language.js";
import { _saveButton } from "./save.js";
import { _store } from "./storage.js";
import { _request, _token, _waiting } from "./visitor.js";

/** Names of the services by id. @type {Record<string, string>} */
const _names = Object.fromEntries(
  _text._categories.flatMap(([, , ...services]) => services).map(([name], at) => [_asked[at][1], name]),
);

/** @param {string|number} time  ISO 8601, or milliseconds */
const _when = (time) => {
  const date = new Date(time);
  // "en" alone would be written as in America, whatever the visitor is used to.
  const language = navigator.languages.find((tag) => tag.startsWith(_language)) || _language;
  return _element("time", { dateTime: date.toISOString() }, date.toLocaleString(language, { dateStyle: "long", timeStyle: "medium" }));
};

/** @param {string} action */
const _did = (action) =>
  ({
    accept_all: _text._choicesAcceptAll,
    reject_all: _text._choicesRejectAll,
    customise: _text._choicesCustomise,
    withdraw: _text._choicesWithdraw,
    signal: _text._choicesSignal,
    object: _text._choicesObject,
  })[action] || action;

/**
 * @param {string|number} time
 * @param {string} action
 * @param {Record<string, boolean>} services  may hold categories too, which are not named
 * @param {...Node} rest
 */
const _item = (time, action, services, ...rest) => {
  const granted = Object.keys(services).filter((id) => services[id] && _names[id]);
  return _element(
    "li",
    {},
    _when(time),
    _element(
      "p",
      {},
      _did(action) + " ",
      granted[0] ? _text._choicesGranted.replace("{services}", () => new Intl.ListFormat(_language).format(granted.map((id) => _names[id]))) : _text._choicesNoneGranted,
    ),
    ...rest,
  );
};

/**
 * Fills the history, and again whenever the ledger has answered or a choice was made.
 * @param {HTMLElement} list
 * @param {HTMLElement} note
 * @param {HTMLElement} older  the button that asks for more; may be hidden
 */
export const _followHistory = (list, note, older) => {
  /** Counts the readings, so that the answer to an earlier one is not shown. */
  let reading = 0;
  let next = "";

  /** @param {string} words */
  const say = (words) => (note.textContent = words);

  /** @param {any} receipt */
  const recorded = ({ index, origin, subject, evidence }) => {
    const { id, recorded_at } = subject.part;
    const item = _item(
      recorded_at,
      evidence.part.action,
      evidence.part.services,
      _element("p", { className: "consent-place" }, _text._choicesPlace.replace("{index}", index).replace("{log}", () => origin) + " ", _element("code", {}, id)),
      _element("p", { className: "consent-save" }, _saveButton(_text._choicesReceipt, id, false, say), _saveButton(_text._choicesProof, id, true, say)),
    );
    // Buttons of the same name are told apart by the time they belong to.
    item.firstChild.id = "consent-at-" + id;
    for (const button of item.querySelectorAll("button")) button.setAttribute("aria-describedby", item.firstChild.id);
    return item;
  };

  /** @param {Set<string>} known  ids that the ledger holds, though this browser may not have heard so */
  const waiting = (known) =>
    _waiting().flatMap((key) => {
      try {
        const { id, decided_at_ms, action, choices } = JSON.parse(_store[key]);
        return known.has(id) ? [] : [_item(decided_at_ms, action, choices, _element("p", {}, _element("b", {}, _text._choicesWaiting)))];
      } catch {
        return []; // Not written by us; consent.js drops it when it is sent.
      }
    });

  /** Asks for a page of the history. @param {boolean} isFirst */
  const read = async (isFirst) => {
    const number = ++reading;
    if (isFirst) next = "";
    const answer = _token() ? await _request("consents?limit=10" + (next && "&page=" + next)) : undefined;
    const isNone = !_token() || answer?.status == 404;
    const found = isNone ? { records: [], next: "" } : answer?.ok ? await answer.json().catch(() => null) : null;
    if (number != reading) return;
    const items = found ? found.records.map(recorded) : [];
    if (isFirst) {
      const known = new Set(found?.records.map((/** @type {any} */ receipt) => receipt.subject.part.id));
      list.replaceChildren(...waiting(known));
    }
    list.append(...items);
    say(!found ? _text._choicesAway : list.firstChild ? "" : _text._choicesNothing);
    if (!found) note.append(" ", _button(_text._choicesRetry, () => read(isFirst)));
    else next = found.next || "";
    const hadFocus = document.activeElement == older;
    older.hidden = !next;
    if (hadFocus && !next) items[0]?.querySelector("button").focus();
  };

  older.onclick = () => read(false);
  for (const event of ["consent:receipt", "consent:change"]) document.addEventListener(event, () => read(true));
  say(_text._choicesAsking);
  read(true);
};

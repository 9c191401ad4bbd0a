// SPDX-License-Identifier: MIT
// The ledger's client: a record is written to storage with the choice, sent after the effect, and kept until the ledger has it.
import { _build, _ledgerUrl } from "./config.js";
import { _emit } from "./event.js";
import { _language } from "./language.js";
import { _keep, _store } from "./storage.js";

/** Key of a waiting record, followed by the time of the decision and the record's id. */
const _queue = "consent.queue.";

/** Records under way in this page. @type {Set<string>} */
const _sent = new Set();

/** @returns {string} 128 random bits, 32 hex */
const _random = () =>
  /** @type {any} */ (crypto.getRandomValues(new Uint8Array(16))).reduce(
    (/** @type {string} */ hex, /** @type {number} */ byte) => hex + (byte + 256).toString(16).slice(1),
    "",
  );

/** This visitor's last `seq` and record id, behind the whole; nothing where somebody else wrote. */
const _last = () => /^(\d{1,15}) (\w+)$/.exec(_store["consent.last"]) || [];

/** The id of this visitor's last record, if there is one. */
export const _lastRecord = () => _last()[2];

/**
 * Stores a record of the decision, to be sent by _deliver. The visitor's token is made here, at the first choice.
 * @param {string} action
 * @param {string} layer
 * @param {string} control
 * @param {Record<string, boolean>} choices  every asked category and service
 */
export const _record = (action, layer, control, choices) => {
  const id = _random();
  const [, seq = 0, previous] = _last();
  // The ledger refuses what somebody else wrote there; what is too short is found here.
  if (!(_store["consent.token"]?.length > 31)) _keep("consent.token", _random());
  const decided_at_ms = Date.now();
  _keep(
    _queue + decided_at_ms + "." + id,
    JSON.stringify({
      id,
      token: _store["consent.token"],
      seq: +seq + 1,
      decided_at_ms,
      previous,
      build: _build,
      language: _language,
      action,
      layer,
      control,
      gpc: !!(/** @type {any} */ (navigator).globalPrivacyControl),
      choices,
    }),
  );
  _keep("consent.last", +seq + 1 + " " + id);
};

/** @param {string} key  of a waiting record */
const _post = async (key) => {
  try {
    // A string is sent as text/plain: no preflight, and `keepalive` outlives the page.
    const response = await fetch(_ledgerUrl + "consents", { method: "POST", body: _store[key], keepalive: true, credentials: "omit" });
    const { status } = response;
    const answer = await response.json().catch(() => ({}));
    if (/^5|408|425|429|notice_unknown/.test(status + answer.code)) {
      const waitS = Math.min(+(/** @type {any} */ (response.headers.get("Retry-After"))) || 60, 86e3);
      _keep("consent.wait", Date.now() + waitS * 1e3);
      setTimeout(_deliver, waitS * 1e3 + 1e3);
    } else {
      delete _store[key];
      // Gone: this visitor was erased, and is a new one from the next choice on.
      if (status == 410) delete _store["consent.token"], delete _store["consent.last"];
      if (response.ok) _emit("receipt", answer);
      else console.warn("consent: refused:", answer.detail || status);
    }
  } catch {
    // No network, or no ledger: the record stays where it is, for the next page or until the network is back.
  }
  _sent.delete(key);
};

/** Sends what waits: at most the 20 newest records, none older than 30 days, and not before the ledger wants to be asked again. */
export const _deliver = () => {
  // None is longer than a day: the clock may have been wrong.
  const waitMs = +_store["consent.wait"] - Date.now();
  if (waitMs > 0 && waitMs < 864e5) return;
  Object.keys(_store)
    .filter((key) => key.startsWith(_queue))
    .sort()
    .reverse()
    .map((key, place) => {
      if (place > 19 || Date.now() - +key.split(".")[2] > 2592e6) delete _store[key];
      else if (!_sent.has(key)) _sent.add(key), _post(key);
    });
};

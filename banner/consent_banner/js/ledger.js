// SPDX-License-Identifier: MIT
// The ledger's client: a record is written to storage with the choice, sent after the effect, and kept until the ledger has it.
import { _build, _ledgerUrl, _notice } from "./config.js";
import { _emit } from "./event.js";
import { _language } from "./language.js";
import { _keep, _store } from "./storage.js";

const _queue = "consent.queue.";

/** Records under way in this page. @type {Set<string>} */
const _sent = new Set();

/** @returns {string} 128 random bits, 32 hex */
const _random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** This visitor's last `seq` and record id. @returns {[number, string|null]} */
const _last = () => {
  const [seq, id] = (_store["consent.last"] || "").split(" ");
  return [+seq || 0, id || null];
};

/** The id of this visitor's last record. */
export const _lastRecord = () => _last()[1];

/**
 * Stores a record of the decision, to be sent by _deliver. The visitor's token is made here, at the first choice.
 * @param {string} action
 * @param {string} layer
 * @param {string} control
 * @param {Record<string, boolean>} choices  every asked category and service
 */
export const _record = (action, layer, control, choices) => {
  const id = _random();
  const [seq, previous] = _last();
  if (!/^[0-9a-f]{32}$/.test(_store["consent.token"])) _keep("consent.token", _random());
  _keep(
    _queue + id,
    JSON.stringify({
      id,
      token: _store["consent.token"],
      seq: seq + 1,
      decided_at_ms: Date.now(),
      previous,
      notice: _notice,
      build: _build,
      language: _language,
      action,
      layer,
      control,
      gpc: !!(/** @type {any} */ (navigator).globalPrivacyControl),
      choices,
    }),
  );
  _keep("consent.last", seq + 1 + " " + id);
};

/** @param {string} key  of a waiting record */
const _post = async (key) => {
  let waitS = 60;
  try {
    // A string is sent as text/plain: no preflight, and `keepalive` outlives the page.
    const response = await fetch(_ledgerUrl + "consents", { method: "POST", body: _store[key], keepalive: true, credentials: "omit" });
    const { status } = response;
    const answer = await response.json().catch(() => ({}));
    if (status > 499 || [408, 425, 429].includes(status) || answer.code == "notice_unknown") {
      waitS = +(response.headers.get("Retry-After") || 0) || waitS;
      _keep("consent.wait", Date.now() + waitS * 1e3);
    } else {
      waitS = 0;
      delete _store[key];
      if (response.ok) _emit("receipt", answer);
      else console.warn("consent: the ledger refused a record.", answer.detail || status);
    }
  } catch {
    // No network, or no ledger: the record stays where it is.
  }
  _sent.delete(key);
  if (waitS) setTimeout(_deliver, waitS * 1e3 + 1e3);
};

/** Sends what waits: at most the 20 newest records, none older than 30 days, and not before the ledger wants to be asked again. */
export const _deliver = () => {
  if (+_store["consent.wait"] > Date.now()) return;
  Object.keys(_store)
    .filter((key) => key.startsWith(_queue))
    .map((key) => /** @type {[number, string]} */ ([+(_store[key].match(/"decided_at_ms":(\d+)/)?.[1] || 0), key]))
    .sort(([a], [b]) => b - a)
    .forEach(([decidedAtMs, key], place) => {
      if (place > 19 || Date.now() - decidedAtMs > 2592e6) delete _store[key];
      else if (!_sent.has(key)) _sent.add(key), _post(key);
    });
};

/**
 * Asks the ledger as this visitor.
 * @param {string} path  "preferences" or "consents"
 * @returns {Promise<any>} the ledger's answer, or null before the first choice and when there is none
 */
export const _ask = async (path) => {
  const token = _store["consent.token"];
  if (!token) return null;
  const response = await fetch(_ledgerUrl + path, { headers: { Authorization: "Bearer " + token }, credentials: "omit" });
  return response.ok ? response.json() : null;
};

// SPDX-License-Identifier: MIT
// "Your choices": what is in force in this browser, and what the ledger holds about it.
import { whenConsent } from "./consent-api.js";
import { byId, make } from "./dom.js";

const ACTIONS = {
  accept_all: "accepted everything",
  reject_all: "refused everything",
  customise: "chose one by one",
  withdraw: "withdrew consent",
  signal: "a browser signal was followed",
  object: "objected",
};

const words = (value) => (value ? "Allowed" : "Not allowed");
const time = (iso) => new Date(iso).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "medium" });

/** One row per category and, below it, per service, from the notice that the banner was built from. */
function showState(consent) {
  const language = notice.default_language;
  const isAnswered = consent.choices() !== null;
  const rows = notice.categories.flatMap((category) => {
    const state = !category.asked ? "Always on" : isAnswered ? words(consent.granted(category.id)) : "Not asked yet: not allowed";
    const services = category.services
      .filter((service) => service.status === "active")
      .map((service) =>
        make(
          "tr",
          {},
          make("td", {}, service.name[language], " ", make("span", { class: "muted" }, service.provider)),
          make("td", { "data-state-of": service.id }, service.asks ? words(consent.granted(service.id)) : "Always on"),
        ),
      );
    const head = make("th", { scope: "rowgroup" }, category.title[language]);
    return [make("tr", { class: "group" }, head, make("td", { "data-state-of": category.id }, state)), ...services];
  });
  byId("state-body").replaceChildren(...rows);
  byId("state").hidden = false;
}

function showRecord(consent) {
  const id = consent.record();
  byId("record").hidden = !id;
  byId("no-record").hidden = Boolean(id);
  byId("record-id").textContent = id ?? "";
}

async function copyRecord() {
  const id = byId("record-id");
  try {
    await navigator.clipboard.writeText(id.textContent);
    byId("copied").textContent = "Copied.";
  } catch {
    // The clipboard is closed: select the number, so that one key press copies it.
    getSelection().selectAllChildren(id);
    byId("copied").textContent = "Selected: copy it with your keyboard or menu.";
  }
}

let notice = null;

/** A service's name for people. @param {string} id */
const nameOf = (id) => {
  const service = notice.categories.flatMap((category) => category.services).find((known) => known.id === id);
  return service?.name[notice.default_language] ?? id;
};

const ask = (consent, what) => consent.fetch(what).catch(() => null);

/** A receipt from the visitor's history as one item of a list. */
function item({ origin, index, subject, evidence }) {
  const { id, recorded_at: recordedAt } = subject.part;
  const { action, services } = evidence.part;
  const allowed = Object.keys(services).filter((service) => services[service]);
  return make(
    "li",
    {},
    make("time", { datetime: recordedAt }, time(recordedAt)),
    `: you ${ACTIONS[action] ?? action}. `,
    allowed.length ? `Allowed: ${allowed.map(nameOf).join(", ")}. ` : "Nothing optional allowed. ",
    make("br", {}),
    make("span", { class: "muted" }, `Entry ${index} of ${origin}, record `, make("code", {}, id)),
  );
}

/** Whether the ledger's current answer is the one in force here. */
function agreement(preferences, consent) {
  const agrees = Object.entries(preferences.services).every(([id, granted]) => granted === consent.granted(id));
  return agrees
    ? "The ledger’s current answer is the one in force in this browser."
    : "The ledger’s current answer differs from this browser: your last choice is still on its way.";
}

async function showLedger(consent) {
  const where = byId("ledger");
  if (!consent.record()) {
    where.replaceChildren(make("p", {}, "Nothing. You have not made a choice in this browser yet, so there is no record of you."));
    return;
  }
  const [preferences, history] = await Promise.all([ask(consent, "preferences"), ask(consent, "consents")]);
  if (!preferences || !history) {
    where.replaceChildren(
      make("p", {}, "The ledger cannot be reached, or your record is still on its way. It waits in your browser and is sent again by itself."),
    );
    return;
  }
  const more = history.next ? [make("p", {}, "Older records are kept as well; these are the newest.")] : [];
  where.replaceChildren(
    make("p", {}, agreement(preferences, consent)),
    make("ol", { class: "history", reversed: "" }, ...history.records.map(item)),
    ...more,
  );
}

function showMissing() {
  byId("waiting").textContent =
    "The consent script did not load: it may be blocked in your browser, or the network is down. " +
    "That is safe: without it nothing optional runs on this site, and nothing can be recorded. To see or change your choices, allow this site's script and load the page again.";
}

const consent = await whenConsent;
if (!consent) showMissing();
else {
  byId("waiting").hidden = true;
  byId("choices").hidden = false;
  byId("copy").addEventListener("click", copyRecord);
  notice = await (await fetch("/notice.json")).json();
  const show = () => {
    showState(consent);
    showRecord(consent);
  };
  show();
  showLedger(consent);
  document.addEventListener("consent:change", show);
  // The receipt says that the ledger has it now.
  document.addEventListener("consent:receipt", () => showLedger(consent));
}

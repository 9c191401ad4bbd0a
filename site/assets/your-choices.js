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
function showState(notice, consent) {
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
          make("td", {}, service.name[language], make("span", { class: "muted" }, ` ${service.provider}`)),
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

const ask = (consent, what) => consent.fetch(what).catch(() => null);

async function showLedger(consent) {
  const [preferences, history] = await Promise.all([ask(consent, "preferences"), ask(consent, "consents")]);
  const where = byId("ledger");
  if (!consent.record()) {
    where.replaceChildren(make("p", {}, "Nothing. You have not made a choice in this browser yet, so there is no record of you."));
    return;
  }
  if (!preferences) {
    where.replaceChildren(make("p", {}, "The ledger cannot be reached, or your record is still on its way. It waits in your browser and is sent again by itself."));
    return;
  }
  const entries = (history?.consents ?? []).map((entry) => {
    const allowed = Object.entries(entry.services ?? {}).filter(([, granted]) => granted).map(([id]) => id);
    return make(
      "li",
      {},
      make("time", { datetime: entry.recorded_at }, time(entry.recorded_at)),
      `: you ${ACTIONS[entry.action] ?? entry.action}. `,
      allowed.length ? `Allowed: ${allowed.join(", ")}. ` : "Nothing optional is allowed. ",
      make("code", {}, entry.id),
    );
  });
  where.replaceChildren(make("ol", { class: "history" }, ...entries));
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
  const notice = await (await fetch("/notice.json")).json();
  const show = () => {
    showState(notice, consent);
    showRecord(consent);
  };
  show();
  showLedger(consent);
  document.addEventListener("consent:change", show);
  // The receipt says that the ledger has it now.
  document.addEventListener("consent:receipt", () => showLedger(consent));
}

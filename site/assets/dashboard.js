// SPDX-License-Identifier: MIT
// The dashboard: sign-in, the settings and everything that they change on this page.
import { pathOf, send } from "./api.js";
import { byId, make, tell } from "./dom.js";
import { requestsOf } from "./requests.js";
import { getSetting, isKept, onSettings, setSetting, SETTINGS } from "./settings.js";
import { translate, word } from "./words.js";

const IDLE_MINUTES = 30;
const form = byId("settings");
let page = 0;

// --- settings ---

form.addEventListener("change", ({ target }) => {
  if (!(target.name in SETTINGS)) return;
  page = 0;
  setSetting(target.name, target.value);
  tell("usage", "settings", target.name);
});

function showTable() {
  const language = getSetting("language");
  const rows = Number(getSetting("rows"));
  const all = requestsOf(getSetting("project"));
  const pages = Math.ceil(all.length / rows);
  const minutes = word("minutes", language, "min");
  byId("requests-body").replaceChildren(
    ...all.slice(page * rows, (page + 1) * rows).map((request) =>
      make(
        "tr",
        {},
        make("td", {}, `${request.minutes} ${minutes}`),
        make("td", {}, make("code", {}, `/${getSetting("version")}/${request.path}`)),
        make("td", { class: request.status === 200 ? "good" : "bad" }, String(request.status)),
        make("td", {}, `${request.ms} ms`),
      ),
    ),
  );
  byId("requests-page").textContent = `${word("page", language, "Page")} ${page + 1} / ${pages}`;
  byId("newer").disabled = page === 0;
  byId("older").disabled = page >= pages - 1;
}

for (const [id, step] of [["newer", -1], ["older", 1]]) {
  byId(id).addEventListener("click", () => {
    page += step;
    showTable();
  });
}

let shownPath = "";
async function showSample() {
  const path = pathOf(getSetting("version"), "time-zone", { place: "Lisbon", format: getSetting("format") });
  if (path === shownPath) return;
  shownPath = path;
  byId("sample-path").textContent = `GET ${path}`;
  const { body } = await send(path);
  if (path === shownPath) byId("sample-body").textContent = body;
}

onSettings(() => {
  for (const name of Object.keys(SETTINGS)) form.elements[name].value = getSetting(name);
  translate(getSetting("language"));
  byId("kept").hidden = !isKept();
  byId("unkept").hidden = isKept();
  showTable();
  showSample();
});
form.hidden = false;

// --- sign-in ---

/** Notes activity in this tab; after half an hour without any, signs out. */
function watchIdle() {
  const note = () => {
    try {
      sessionStorage.setItem("session.seen", String(Date.now()));
    } catch {
      // Storage is closed: the session then ends with the browser alone.
    }
  };
  const look = () => {
    const seen = Number(sessionStorage.getItem("session.seen")) || Date.now();
    if (Date.now() - seen > IDLE_MINUTES * 60_000) byId("sign-out").requestSubmit();
  };
  note();
  for (const event of ["keydown", "pointerdown"]) addEventListener(event, note);
  setInterval(look, 60_000);
}

async function showSession() {
  let session = { name: null, node: null };
  try {
    session = await (await fetch("/api/session")).json();
  } catch {
    // No network: the page stays as it is for a visitor who is not signed in.
  }
  byId("sign-in").hidden = Boolean(session.name);
  byId("signed-in").hidden = !session.name;
  byId("signed-name").textContent = session.name ?? "";
  if (session.name) watchIdle();
  // Straight after signing in there must be a session: without one the browser refused its cookie.
  else if (location.hash === "#signed-in") byId("sign-failed").hidden = false;
  history.replaceState(null, "", location.pathname);
}

showSession();

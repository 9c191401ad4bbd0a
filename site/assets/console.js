// SPDX-License-Identifier: MIT
// The "try it" console of the documentation: real requests to the API of this server.
import { pathOf, send } from "./api.js";
import { byId, tell } from "./dom.js";
import { getSetting, onSettings } from "./settings.js";

const form = byId("console");
const isDistance = () => form.elements.endpoint.value === "distance";

function path() {
  const { endpoint, place, to } = form.elements;
  const query = isDistance() ? { from: place.value, to: to.value } : { place: place.value };
  return pathOf(getSetting("version"), endpoint.value, { ...query, format: getSetting("format") });
}

function show() {
  byId("console-to").hidden = !isDistance();
  byId("console-path").textContent = `GET ${path()}`;
}

form.addEventListener("input", show);
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  byId("console-status").textContent = "Sending …";
  const { status, body, quota } = await send(path());
  byId("console-status").textContent = `Status ${status}` + (quota ? `, request ${quota} of this tab` : "");
  byId("console-body").textContent = body;
  byId("console-answer").hidden = false;
  if (status !== 200) tell("error", "console", `status ${status}`);
});

onSettings(show);
form.hidden = false;

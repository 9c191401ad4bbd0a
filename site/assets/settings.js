// SPDX-License-Identifier: MIT
// The visitor's settings. They act at once; they are stored only with consent for `site-settings`,
// under the keys that the declaration names, and the banner deletes them when it is withdrawn.
import { whenConsent } from "./consent-api.js";

/** Every setting with its values, the default first. */
export const SETTINGS = {
  language: ["en", "fr", "de"],
  project: ["atlas", "harbour", "fieldwork"],
  rows: ["10", "5", "25"],
  version: ["v2", "v1"],
  format: ["json", "csv"],
  theme: ["system", "light", "dark"],
  density: ["comfortable", "compact"],
};

const current = Object.fromEntries(Object.entries(SETTINGS).map(([name, values]) => [name, values[0]]));
const listeners = new Set();
let consent = null;

/** Whether settings outlive this page. */
export const isKept = () => Boolean(consent?.granted("site-settings"));

/** @param {string} name @returns {string} */
export const getSetting = (name) => current[name];

/** Calls back now and after each change of a setting or of the consent to keep them. */
export function onSettings(callback) {
  listeners.add(callback);
  callback();
}

/** @param {string} name @param {string} value  one of SETTINGS[name] */
export function setSetting(name, value) {
  current[name] = value;
  keep(name);
  show();
}

function keep(name) {
  if (!isKept()) return;
  try {
    localStorage.setItem(`settings.${name}`, current[name]);
  } catch {
    // Storage is closed or full: the setting holds for this page.
  }
}

function show() {
  for (const name of ["theme", "density"]) document.documentElement.dataset[name] = current[name];
  for (const callback of listeners) callback();
}

function read() {
  for (const [name, values] of Object.entries(SETTINGS)) {
    try {
      const value = localStorage.getItem(`settings.${name}`);
      if (values.includes(value)) current[name] = value;
    } catch {
      return;
    }
  }
}

read();
show();

// Consent given on this page: what was set on it may be kept from now on.
document.addEventListener("consent:change", () => {
  for (const [name, values] of Object.entries(SETTINGS)) if (current[name] !== values[0]) keep(name);
  show();
});

whenConsent.then((api) => {
  consent = api;
  show();
});

// SPDX-License-Identifier: MIT
// What is in force in this browser, written into the table that came with the page.
import { _text } from "./language.js";

/** @typedef {Window & {consent?: any}} Page */

/**
 * Keeps the table true, from the moment consent.js is there.
 * @param {HTMLElement} page  the builder's piece of HTML
 * @param {HTMLElement} note  says what is to be known about the table
 */
export const _followState = (page, note) => {
  const show = () => {
    const consent = /** @type {Page} */ (window).consent;
    const isThere = typeof consent?.granted == "function";
    for (const cell of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-consent-state]"))) {
      cell.textContent = isThere && consent.granted(cell.dataset.consentState) ? _text._choicesAllowed : _text._choicesRefused;
    }
    note.textContent = !isThere ? _text._choicesNoBanner : consent.choices() ? "" : _text._choicesPending;
    for (const control of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-consent-open]"))) control.hidden = !isThere;
  };
  note.textContent = "";
  for (const event of ["consent:ready", "consent:change"]) document.addEventListener(event, show);
  // An async script delays the load event: by then consent.js is here, or will not come.
  if (document.readyState == "complete" || /** @type {Page} */ (window).consent) show();
  else addEventListener("load", show);
};

// SPDX-License-Identifier: MIT
// The second script, for pages that show receipts or the visitor's choices. It works before, after and without consent.js.
import { _askToForget } from "./forget.js";
import { _followHistory } from "./history.js";
import { _watchReceipts } from "./receipt-line.js";
import { _followState } from "./state.js";
import { _style } from "./style.js";

const _startPage = () => {
  // The tag may stand in a page twice.
  const root = document.documentElement;
  if (root.dataset.consentPage) return;
  root.dataset.consentPage = "";
  _watchReceipts();
  const page = document.getElementById("consent-page");
  if (!page) return;
  _style();
  /** @param {string} name @returns {HTMLElement} */
  const part = (name) => /** @type {HTMLElement} */ (page.querySelector(".consent-" + name));
  _followState(page, part("note"));
  _followHistory(part("history"), part("history-note"), part("older"));
  const forget = part("forget-me");
  forget.hidden = false;
  forget.onclick = () => _askToForget(part("forgotten"));
};
if (document.readyState == "loading") addEventListener("DOMContentLoaded", _startPage);
else _startPage();

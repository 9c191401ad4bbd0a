// SPDX-License-Identifier: MIT
// What every page needs: the settings, and a plain word when the browser blocks what signing in needs.
import { whenConsent } from "./consent-api.js";
import { make } from "./dom.js";
import "./settings.js";

function storageIsOpen() {
  try {
    return navigator.cookieEnabled && sessionStorage !== null;
  } catch {
    return false;
  }
}

if (!storageIsOpen()) {
  const notice = make(
    "p",
    { class: "notice", role: "status", id: "blocked" },
    "Your browser blocks cookies for this site. You can read every page and use the API console. What will not work: " +
      "signing in to the dashboard, keeping settings or your cookie choice from one page to the next, and counting a repeated API request only once.",
  );
  document.querySelector("main").prepend(notice);
}

// Withdrawing is one click on every page, as accepting was; the button is there while there is something to withdraw.
whenConsent.then((consent) => {
  const show = () => {
    const isAnyGranted = Object.values(consent.choices() ?? {}).includes(true);
    for (const button of document.querySelectorAll("[data-consent-withdraw]")) button.hidden = !isAnyGranted;
  };
  if (!consent) return;
  show();
  document.addEventListener("consent:change", show);
});

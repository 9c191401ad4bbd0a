// SPDX-License-Identifier: MIT
/**
 * The consent script's API, or null when the script did not arrive: blocked, offline, switched off.
 * @returns {Promise<any>}
 */
export const whenConsent = new Promise((resolve) => {
  const look = () => window.consent?.granted && resolve(window.consent);
  look();
  document.addEventListener("consent:ready", look);
  // An async script delays the load event, so by then it is here or will not come.
  const end = () => {
    look();
    resolve(null);
  };
  if (document.readyState === "complete") end();
  else addEventListener("load", end);
});

// SPDX-License-Identifier: MIT
// Stands in for https://www.googletagmanager.com/gtag/js: keeps _ga and _ga_<id> on the highest domain for two years, runs
// the queue in order, then whatever is pushed, and sends each event to /g/collect. Its cookies are renewed when the page ends.
// Where analytics_storage is denied it keeps nothing, and says so in `gcs`; for that answer it waits as long as it was told to.
(() => {
  const id = new URL(document.currentScript.src).searchParams.get("id");
  const consent = {};
  let isWaiting = false;
  const held = [];
  const remember = () => {
    if (consent.analytics_storage == "denied") return;
    const rest = `Domain=${location.hostname.split(".").slice(-2).join(".")}; Path=/; Max-Age=63072000; SameSite=Lax`;
    document.cookie = `_ga=GA1.1.1234567890.1700000000; ${rest}`;
    document.cookie = `_ga_${id.slice(2)}=GS2.1.s1700000000; ${rest}`;
  };
  const send = (name) => {
    if (isWaiting) return held.push(name);
    remember();
    const [ad, analytics] = ["ad_storage", "analytics_storage"].map((kind) => (consent[kind] == "denied" ? 0 : 1));
    navigator.sendBeacon(`https://region1.google-analytics.com/g/collect?v=2&tid=${id}&en=${name}&gcs=G1${ad}${analytics}`);
  };
  const go = () => {
    isWaiting = false;
    held.splice(0).forEach(send);
  };
  const does = {
    config() {
      send("page_view");
      addEventListener("pagehide", remember);
    },
    event: send,
    consent(state, kinds) {
      Object.assign(consent, kinds);
      if (state == "update") go();
      else if (kinds.wait_for_update) {
        isWaiting = true;
        setTimeout(go, kinds.wait_for_update);
      }
    },
  };
  const run = ([command, ...values]) => does[command]?.(...values);
  // What gtag() pushes is an Arguments object; plain objects are for containers.
  dataLayer.filter((each) => 0 in each).forEach(run);
  const { push } = dataLayer;
  dataLayer.push = (...items) => {
    push.apply(dataLayer, items);
    items.filter((each) => 0 in each).forEach(run);
  };
})();

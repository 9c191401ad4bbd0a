// SPDX-License-Identifier: MIT
// Stands in for https://www.googletagmanager.com/gtag/js: keeps _ga and _ga_<id> on the highest domain for two years, runs
// the queue in order, then whatever is pushed, and sends each event to /g/collect. Its cookies are renewed when the page ends.
(() => {
  const id = new URL(document.currentScript.src).searchParams.get("id");
  const remember = () => {
    const rest = `Domain=${location.hostname.split(".").slice(-2).join(".")}; Path=/; Max-Age=63072000; SameSite=Lax`;
    document.cookie = `_ga=GA1.1.1234567890.1700000000; ${rest}`;
    document.cookie = `_ga_${id.slice(2)}=GS2.1.s1700000000; ${rest}`;
  };
  const send = (name) => navigator.sendBeacon(`https://region1.google-analytics.com/g/collect?v=2&tid=${id}&en=${name}`);
  const run = ([command, name]) => {
    if (command == "config") {
      remember();
      send("page_view");
      addEventListener("pagehide", remember);
    }
    if (command == "event") send(name);
  };
  // What gtag() pushes is an Arguments object; plain objects are for containers.
  dataLayer.filter((each) => 0 in each).forEach(run);
  const { push } = dataLayer;
  dataLayer.push = (...items) => {
    push.apply(dataLayer, items);
    items.filter((each) => 0 in each).forEach(run);
  };
})();

// SPDX-License-Identifier: MIT
// Stands in for https://plausible.io/js/pa-….js: keeps nothing, sends the page view and then the queue to /api/event.
(() => {
  const { q: queue = [] } = window.plausible || {};
  const send = (name) => fetch("https://plausible.io/api/event", { method: "POST", body: JSON.stringify({ n: name, u: location.href }), keepalive: true });
  window.plausible = send;
  window.plausible.loaded = true;
  window.plausible.init = () => {};
  send("pageview");
  queue.forEach(([name]) => send(name));
})();

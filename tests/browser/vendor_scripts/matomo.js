// SPDX-License-Identifier: MIT
// Stands in for matomo.js: runs the queue in order, keeps _pk_id for 13 months, _pk_ses for 30 minutes and _pk_ref for six
// months on this host alone, sends each action to the tracker's address.
(() => {
  let url, site;
  const keep = (name, value, age) => {
    document.cookie = `${name}.${site}.1fff=${value}; Path=/; Max-Age=${age}; SameSite=Lax`;
  };
  const send = (name) => {
    keep("_pk_id", "0123456789abcdef.1700000000.", 33955200);
    keep("_pk_ses", "1", 1800);
    keep("_pk_ref", "%5B%22%22%5D", 15768000);
    navigator.sendBeacon(`${url}?idsite=${site}&rec=1&action_name=${name}`);
  };
  const does = {
    setTrackerUrl: (address) => (url = address),
    setSiteId: (id) => (site = id),
    trackPageView: () => send(document.title),
    trackEvent: (category, action) => send(action),
    enableLinkTracking: () => {},
  };
  const run = ([name, ...values]) => does[name](...values);
  // Settings come first, as the page may push them after what needs them.
  const queue = [..._paq];
  queue.filter(([name]) => name.startsWith("set")).forEach(run);
  queue.filter(([name]) => !name.startsWith("set")).forEach(run);
  window._paq = { push: (...items) => items.forEach(run) };
  window.Matomo = {};
})();

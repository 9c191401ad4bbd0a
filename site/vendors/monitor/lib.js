// SPDX-License-Identifier: MIT
// Performance monitoring: a library that the page starts with Monitor.init().
(() => {
  const home = new URL(document.currentScript.src).origin;
  const days = 30;

  function session() {
    const known = document.cookie.match(/(?:^|; )mon_session=([0-9a-f]+)/);
    const id = known ? known[1] : crypto.randomUUID().replaceAll("-", "").slice(0, 16);
    document.cookie = `mon_session=${id}; Path=/; SameSite=Lax; Max-Age=${days * 86400}`;
    return id;
  }

  window.Monitor = {
    init({ site }) {
      const loaded = Math.round(performance.now());
      const body = JSON.stringify({ site, session: session(), loaded_ms: loaded });
      fetch(`${home}/monitor/measure`, { method: "POST", mode: "no-cors", body, keepalive: true }).catch(() => {});
    },
  };
})();

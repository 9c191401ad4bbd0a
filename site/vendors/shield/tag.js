// SPDX-License-Identifier: MIT
// Fraud prevention: recognises a device, and asks its own server about it.
(() => {
  const home = new URL(document.currentScript.src).origin;
  const days = 90;
  const known = document.cookie.match(/(?:^|; )shield_id=([0-9a-f]+)/);
  const id = known ? known[1] : crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  document.cookie = `shield_id=${id}; Path=/; SameSite=Lax; Max-Age=${days * 86400}`;
  try {
    sessionStorage.setItem("shield.page", String(Number(sessionStorage.getItem("shield.page")) + 1));
  } catch {
    // Storage is closed: the cookie alone has to do.
  }
  fetch(`${home}/shield/check`, { method: "POST", mode: "no-cors", body: id, keepalive: true }).catch(() => {});
})();

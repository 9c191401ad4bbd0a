// SPDX-License-Identifier: MIT
// Stands in for https://script.hotjar.com/modules.….js: keeps _hjSessionUser for a year and _hjSession for 30 minutes on the highest
// domain, the ids of its viewports in both storages, sends the page and then the queue.
(() => {
  const { hjid: id } = _hjSettings;
  const rest = `Domain=${location.hostname.split(".").slice(-2).join(".")}; Path=/; SameSite=None; Secure`;
  document.cookie = `_hjSessionUser_${id}=e30=; Max-Age=31536000; ${rest}`;
  document.cookie = `_hjSession_${id}=e30=; Max-Age=1800; ${rest}`;
  sessionStorage.setItem("hjViewportId", "0a1b");
  localStorage.setItem("hjActiveViewportIds", "[]");
  const send = (name) => fetch(`https://content.hotjar.io/?site_id=${id}&event=${name}`, { method: "POST", mode: "no-cors", keepalive: true });
  const { q: queue = [] } = hj;
  window.hj = (command, name) => command == "event" && send(name);
  send("page");
  queue.forEach((call) => hj(...call));
})();

// SPDX-License-Identifier: MIT
// Stands in for https://js.intercomcdn.com/frame-modern.….js: keeps two ids for nine months, a session for a week, and its state in
// local storage; sends a ping and then the queue; shows its button.
(() => {
  const { app_id: app } = intercomSettings;
  const keep = (name, days) => {
    const domain = location.hostname.split(".").slice(-2).join(".");
    document.cookie = `intercom-${name}-${app}=0a1b; Domain=${domain}; Path=/; Max-Age=${days * 86400}; SameSite=Lax`;
  };
  keep("id", 274);
  keep("device-id", 274);
  keep("session", 7);
  localStorage.setItem(`intercom.intercom-state-${app}`, "{}");
  const send = (name) => fetch(`https://api-iam.intercom.io/messenger/web/ping?app_id=${app}&event=${name}`, { method: "POST", mode: "no-cors" });
  const { q: queue } = Intercom;
  window.Intercom = (command, name) => command == "trackEvent" && send(name);
  send("boot");
  queue.forEach((call) => Intercom(...call));
  const button = document.createElement("button");
  button.textContent = "Open chat";
  document.body.append(button);
})();

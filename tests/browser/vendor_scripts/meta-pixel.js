// SPDX-License-Identifier: MIT
// Stands in for https://connect.facebook.net/en_US/fbevents.js: runs the queue in order, keeps _fbp, and _fbc for visitors who came
// from an advertisement, for 90 days on the highest domain, and loads a pixel for each event.
(() => {
  let pixelId;
  const domain = location.hostname.split(".").slice(-2).join(".");
  const keep = (name, value) => {
    document.cookie = `${name}=fb.1.1700000000000.${value}; Domain=${domain}; Path=/; Max-Age=7776000; SameSite=Lax`;
  };
  fbq.callMethod = (command, name) => {
    if (command == "init") {
      pixelId = name;
      keep("_fbp", "1234567890");
      const click = new URLSearchParams(location.search).get("fbclid");
      if (click) keep("_fbc", click);
    }
    if (command == "track") new Image().src = `https://www.facebook.com/tr/?id=${pixelId}&ev=${name}`;
  };
  for (const call of fbq.queue.splice(0)) fbq.callMethod(...call);
})();

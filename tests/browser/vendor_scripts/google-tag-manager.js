// SPDX-License-Identifier: MIT
// Stands in for https://www.googletagmanager.com/gtm.js, a container with two tags: a conversion linker, which keeps _gcl_au for
// 90 days, and a pixel that is loaded at each event of the data layer.
(() => {
  const run = ({ event }) => {
    if (!event) return;
    if (event == "gtm.js") {
      const domain = location.hostname.split(".").slice(-2).join(".");
      document.cookie = `_gcl_au=1.1.123456789.1700000000; Domain=${domain}; Path=/; Max-Age=7776000; SameSite=Lax`;
    }
    const pixel = new Image(1, 1);
    pixel.src = `https://www.googleadservices.com/pagead/conversion/123/?label=${event}`;
    document.body.append(pixel);
  };
  dataLayer.forEach(run);
  const { push } = dataLayer;
  dataLayer.push = (...items) => {
    push.apply(dataLayer, items);
    items.forEach(run);
  };
  window.google_tag_manager = { "GTM-EXAMPLE": {} };
})();

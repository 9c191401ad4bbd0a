// SPDX-License-Identifier: MIT
// The site's own counter. This file is not even fetched without consent for `page-counter`.
// It sends four kinds of events to this site and to nobody else: page visited, time on feature,
// error encountered, usage pattern. After a withdrawal it falls silent at once.
(() => {
  const page = location.pathname;
  const seen = new Map(); // feature -> time in milliseconds since it came into view
  let isOn = false;

  function id() {
    try {
      if (!localStorage.getItem("counter.id")) {
        const bytes = crypto.getRandomValues(new Uint8Array(8));
        localStorage.setItem("counter.id", Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(""));
      }
      return localStorage.getItem("counter.id");
    } catch {
      return "00000000"; // Storage is closed: counted without telling visits apart.
    }
  }

  function send(kind, fields) {
    if (!isOn) return;
    const body = JSON.stringify({ kind, id: id(), page, ...fields });
    fetch("/count", { method: "POST", headers: { "Content-Type": "application/json" }, body, keepalive: true }).catch(() => {});
  }

  const short = (text) => String(text).slice(0, 60);

  function sendTime(feature) {
    const seconds = Math.round((performance.now() - seen.get(feature)) / 1000);
    seen.delete(feature);
    if (seconds > 0) send("time_on_feature", { feature, seconds });
  }

  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const { feature } = target.dataset;
        if (isIntersecting && !seen.has(feature)) seen.set(feature, performance.now());
        else if (!isIntersecting && seen.has(feature)) sendTime(feature);
      }
    },
    { threshold: 0.2 },
  );

  function start() {
    isOn = true;
    send("page_visited", {});
    for (const element of document.querySelectorAll("[data-feature]")) watcher.observe(element);
  }

  function stop() {
    isOn = false;
    watcher.disconnect();
    seen.clear();
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) for (const feature of [...seen.keys()]) sendTime(feature);
    else if (isOn) {
      watcher.disconnect();
      for (const element of document.querySelectorAll("[data-feature]")) watcher.observe(element);
    }
  });

  addEventListener("error", (event) => send("error_encountered", { feature: "page", error: short(event.message || "resource") }));

  document.addEventListener("meridian:tell", ({ detail }) => {
    if (detail.kind === "error") send("error_encountered", { feature: detail.feature, error: short(detail.what) });
    else send("usage_pattern", { feature: detail.feature, step: short(detail.what) });
  });

  document.addEventListener("click", (event) => {
    const used = event.target.closest?.("[data-usage]");
    if (used) send("usage_pattern", { feature: used.closest("[data-feature]")?.dataset.feature ?? "page", step: used.dataset.usage });
  });

  document.addEventListener("consent:change", ({ detail }) => {
    const isGranted = Boolean(detail.choices["page-counter"]);
    if (isGranted !== isOn) (isGranted ? start : stop)();
  });

  start();
})();

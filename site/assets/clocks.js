// SPDX-License-Identifier: MIT
// The row of local times on the home page, from the browser's own time zone data.
function tick() {
  const now = new Date();
  for (const clock of document.querySelectorAll("[data-zone]")) {
    const options = { timeZone: clock.dataset.zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    clock.textContent = new Intl.DateTimeFormat("en-GB", options).format(now);
    clock.dateTime = now.toISOString();
  }
  setTimeout(tick, 60_000 - (now.getTime() % 60_000));
}

tick();

// SPDX-License-Identifier: MIT
// What the browser tells by itself, so that watching costs each page the same: `window.observed` holds layout shifts, the largest
// contentful paint (ms) and tasks over 50 ms; `window.clicked` resolves after a click to the ms until the next frame is drawn and until
// the last of the third parties' three scripts has arrived.
window.observed = { shift: 0, largest: 0, tasks: [] };
const observe = (type, use) => new PerformanceObserver((list) => list.getEntries().forEach(use)).observe({ type, buffered: true });
observe("layout-shift", (entry) => (observed.shift += entry.value));
observe("largest-contentful-paint", (entry) => (observed.largest = entry.startTime));
observe("longtask", (entry) => observed.tasks.push(entry.duration));
window.clicked = new Promise((resolve) => {
  addEventListener(
    "click",
    ({ timeStamp }) => {
      const since = { scripts: 0 };
      const arrived = new Set();
      const end = () => since.drawn && arrived.size == 3 && resolve(since);
      requestAnimationFrame(() => {
        // A message is handled after the frame is drawn.
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => ((since.drawn = performance.now() - timeStamp), end());
        port2.postMessage(0);
      });
      observe("resource", ({ name, responseEnd }) => {
        if (!/vendors\..*\/(one|two|three)\.js$/.test(name)) return;
        arrived.add(name);
        since.scripts = Math.max(since.scripts, responseEnd - timeStamp);
        end();
      });
    },
    { capture: true, once: true },
  );
});

// SPDX-License-Identifier: MIT
// Finds the moment at which "Accept all" can be clicked, in ms since the navigation started:
// `window.clickable` resolves to {ready, frame}. `ready` is when the button first passed all three
// checks, asked at each change of the document and before each frame; `frame` is the first frame
// before which it passed, so the first that can show it.
window.clickable = new Promise((resolve) => {
  let ready;
  const accept = () => Array.from(document.querySelectorAll("button")).find((button) => button.textContent.trim() == "Accept all");
  const passes = () => {
    const button = document.body && accept();
    if (!button) return false;
    const { left, right, top, bottom, width, height } = button.getBoundingClientRect();
    if (!width || !height || left < 0 || top < 0 || right > innerWidth || bottom > innerHeight) return false;
    const hit = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
    if (!hit || (hit != button && !button.contains(hit))) return false;
    let opacity = 1;
    for (let element = button; element; element = element.parentElement) opacity *= +getComputedStyle(element).opacity;
    return opacity >= 0.9;
  };
  const check = () => {
    if (ready === undefined && passes()) ready = performance.now();
    return ready !== undefined;
  };
  const observer = new MutationObserver(() => check() && observer.disconnect());
  observer.observe(document, { childList: true, subtree: true, attributes: true });
  const everyFrame = () => {
    if (!check()) return requestAnimationFrame(everyFrame);
    observer.disconnect();
    if (passes()) resolve({ ready, frame: performance.now() });
    else requestAnimationFrame(everyFrame);
  };
  requestAnimationFrame(everyFrame);
});

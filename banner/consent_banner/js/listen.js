// SPDX-License-Identifier: MIT

/**
 * Calls *listener* when the page has its state, and at each change of it: both before anything is released. A second copy of the script
 * comes after `ready`, so nothing of it listens.
 * @param {(event: any) => void} listener  given an event with a detail only at a change
 */
export const _listen = (listener) =>
  document.addEventListener("consent:ready", (event) => {
    document.addEventListener("consent:change", listener);
    listener(event);
  });

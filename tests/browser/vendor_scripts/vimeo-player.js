// SPDX-License-Identifier: MIT
// Stands in for https://player.vimeo.com/api/player.js: a Player for a frame that is in the page.
window.Vimeo = {
  Player: class {
    constructor(frame) {
      if (!(frame instanceof HTMLIFrameElement)) throw new TypeError("no player frame");
      this.element = frame;
    }
  },
};

// SPDX-License-Identifier: MIT
import { _pending } from "./choice.js";
import { _clean } from "./clean.js";
import { _showGate } from "./layers.js";

/** Asks, while something has no valid answer. */
export const _ask = () => {
  if (_pending.size) {
    // What an expired consent left behind, or the time before there was a banner.
    _clean();
    _showGate();
  }
};

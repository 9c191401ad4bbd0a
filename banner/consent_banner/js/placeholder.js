// SPDX-License-Identifier: MIT
// In the place of each frame that waits for consent: what would load, and two ways to let it.
import { _granted, _keepChoice, _pending, _stored } from "./choice.js";
import { _asked, _lifetimeH, _notice } from "./config.js";
import { _choices } from "./decide.js";
import { _button, _line } from "./element.js";
import { _emit } from "./event.js";
import { _release } from "./gate.js";
import { _text } from "./language.js";
import { _deliver, _record } from "./ledger.js";
import { _frame, _show } from "./panel.js";

/** The box that stands for each frame, or for the template that holds it. @type {Map<HTMLElement, HTMLElement>} */
const _boxes = new Map();

/** The frame that waits, as *element* or in it; nothing when it does not. @param {any} element @returns {HTMLIFrameElement|false|null} */
const _waiting = (element) => (element.content ? element.content.querySelector("iframe") : !element.src && element);

/** Puts a box for each frame that waits, and takes away those whose frame has come. */
const _fill = () => {
  // Before, a template may not be whole, and nothing is let through.
  if (document.readyState == "loading") return;
  for (const [element, box] of _boxes) {
    if (!element.isConnected || !_waiting(element)) {
      box.remove();
      _boxes.delete(element);
      _granted.delete("+");
    }
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("iframe[data-src],template"))) {
    const id = /** @type {string} */ (element.dataset.consent);
    const frame = _waiting(element);
    // Of the service, or of all services of the category.
    const own = _text._categories.flatMap(([, , ...services]) => services).filter((_, at) => _asked[at].includes(id));
    if (!frame || frame.hidden || !own[0] || _boxes.has(element) || _granted.has(id)) continue;
    /** @param {string} text */
    const fill = (text) => text.replace(/{.+?}/g, (key) => own.map((told) => told[key[1] == "s" ? 0 : 2]).join(", "));
    const once = () => {
      // No id of a site, so nothing else waits for it.
      element.dataset.consent = "+";
      _granted.add("+");
      _release();
      element.dataset.consent = id;
    };
    const always = () => {
      const nowH = Math.floor(Date.now() / 36e5);
      const stored = _stored.split("|", 3);
      // Only these answers: what was still open stays so, and the others live no longer for it.
      _keepChoice(
        [
          ...(+stored[2] + _lifetimeH > nowH ? stored : [1, _notice, nowH]),
          ..._asked.flatMap((service) => {
            const isOwn = service.includes(id);
            return isOwn || !_pending.has(service[1]) ? (isOwn || _granted.has(service[1]) ? "+" : "-") + service[1] + service[2] : [];
          }),
        ].join("|"),
      );
      _record("customise", "page", "embed", _choices());
      _emit("change", { action: "customise", choices: _choices() });
      if (!_pending.size) _show();
      _release();
      _deliver();
    };
    const box = _frame("div", _line(fill(_text._placeholder)), _line(_button(_text._loadOnce, once), _button(fill(_text._loadAlways), always)));
    box.role = "group";
    box.ariaLabel = fill("{s}");
    // In the very place of the frame, so that nothing moves when it comes: what stands before a frame hides it.
    const { display, position, inset, margin } = getComputedStyle(element);
    const isFree = position == "absolute";
    Object.assign(box.style, isFree ? { position, inset } : { display: display == "block" ? display : "", margin }, {
      width: (element.offsetWidth || frame.width) + "px",
      [isFree ? "height" : "minHeight"]: (element.offsetHeight || frame.height) + "px",
    });
    _boxes.set(element, box);
    element.before(box);
  }
};

document.addEventListener("consent:ready", () =>
  // By then the page's style sheets are there, and with them the sizes.
  requestAnimationFrame(() => {
    new MutationObserver(_fill).observe(document, { childList: true, subtree: true, attributeFilter: ["src"] });
    addEventListener("DOMContentLoaded", _fill);
    _fill();
  }),
);

// SPDX-License-Identifier: MIT
// In the place of each frame that waits for consent: what would load, and two ways to let it.
import { _granted, _keepChoice, _stored } from "./choice.js";
import { _asked, _notice } from "./config.js";
import { _apply, _choices } from "./decide.js";
import { _button, _element, _line } from "./element.js";
import { _turn } from "./gate.js";
import { _language, _text } from "./language.js";
import { _record } from "./ledger.js";
import { _style } from "./style.js";

/** The box that stands for each waiting frame. @type {Map<HTMLElement, HTMLElement>} */
const _boxes = new Map();

/** @param {HTMLElement} element  the frame, or the template that holds it */
const _box = (element) => {
  const id = /** @type {string} */ (element.dataset.consent);
  const texts = _text._categories.flatMap(([, , ...services]) => services);
  // Of the service, or of all services of the category.
  const own = _asked.flatMap((row, at) => (row.includes(id) ? [/** @type {const} */ ([row, texts[at]])] : []));
  /** @param {0|2} part */
  const told = (part) => [...new Set(own.map(([, text]) => text[part]))].join(", ");
  /** @param {string} text */
  const fill = (text) => text.replace("{service}", () => told(0)).replace("{provider}", () => told(2));
  const once = () => {
    // From here on it is no longer ours: a later refusal of the service leaves it as it is until the page is left.
    element.removeAttribute("data-consent");
    if (element instanceof HTMLTemplateElement) element.replaceWith(element.content);
    else _turn(element, true);
    _fill();
  };
  const always = () => {
    // Only these answers: what was still open stays so, and is still asked.
    let value = _stored || `1|${_notice}|${Math.floor(Date.now() / 36e5)}`;
    for (const [[, service, asks]] of own) value = `${value.replace(RegExp(`\\|[+-]${service}:[^|]*`), "")}|+${service}${asks}`;
    _keepChoice(value);
    _record("customise", "page", "embed", _choices());
    _apply("customise");
  };
  _style();
  return _element(
    "div",
    { className: "consent-gate", lang: _language, dir: _text._dir, role: "group", ariaLabel: told(0) },
    _line(fill(_text._placeholder)),
    _line(_button(_text._loadOnce, once), _button(fill(_text._loadAlways), always)),
  );
};

/** Puts a box for each frame that waits, and takes away those whose frame has come. */
const _fill = () => {
  for (const [element, box] of _boxes) {
    const id = element.dataset.consent;
    if (!id || !element.isConnected || _granted.has(id)) {
      box.remove();
      element.hidden = false;
      _boxes.delete(element);
    }
  }
  for (const element of /** @type {NodeListOf<HTMLElement & {content?: DocumentFragment}>} */ (
    document.querySelectorAll("iframe[data-consent][data-src], template[data-consent]")
  )) {
    const id = /** @type {string} */ (element.dataset.consent);
    const frame = element.content ? element.content.querySelector("iframe") : element;
    if (!frame || _boxes.has(element) || _granted.has(id) || !_asked.some((row) => row.includes(id))) continue;
    const box = _box(element);
    // As much room as the frame will take, so that nothing moves when it comes.
    const { height } = element.getBoundingClientRect();
    box.style.minHeight = `${height || parseInt(/** @type {HTMLIFrameElement} */ (frame).height) || 0}px`;
    element.hidden = true;
    _boxes.set(element, box);
    element.before(box);
  }
};

document.addEventListener("consent:change", _fill);
document.addEventListener("consent:ready", () => {
  const watch = () => {
    if (document.readyState == "loading") return;
    _fill();
    new MutationObserver(_fill).observe(document, { childList: true, subtree: true });
  };
  document.addEventListener("DOMContentLoaded", watch);
  watch();
});

// SPDX-License-Identifier: MIT
// What waits for consent: <template>, <script type="text/plain"> and anything with data-src, each with data-consent="id".
import { _granted } from "./choice.js";

/** Templates released: their id, and the nodes that took their place. @type {Map<HTMLTemplateElement, [string, ChildNode[]]>} */
const _released = new Map();

/** Ids whose scripts ran in this page: those cannot be stopped. @type {Set<string>} */
const _ran = new Set();

/** The last external script that is still loading. @type {HTMLScriptElement|0} */
let _loading = 0;

/** @param {HTMLScriptElement} script @param {() => void} then  called once it has run or failed */
const _after = (script, then) => {
  for (const event of ["load", "error"]) script.addEventListener(event, then, { once: true });
};

/**
 * Puts a script into the page in the place of *marker*. All externals are fetched at once and run in document order; an inline
 * script waits for the externals before it. The `load` event comes before the next external runs, so the order holds there too.
 * @param {Comment} marker
 * @param {HTMLScriptElement} script
 * @param {string} id  category or service
 */
const _start = (marker, script, id) => {
  const insert = () => {
    // A withdrawal may have come while it waited: then it goes back as it was.
    if (_granted.has(id)) {
      _ran.add(id);
      if (script.dataset.consent) {
        script.removeAttribute("data-consent");
        script.type = script.dataset.type || "";
        if (script.dataset.src) script.src = script.dataset.src;
      }
      script.async = script.hasAttribute("async");
      if (script.src && !script.async && !script.noModule) {
        _loading = script;
        _after(script, () => _loading == script && (_loading = 0));
      }
    }
    marker.replaceWith(script);
  };
  if (!_loading || script.src || script.dataset.src) insert();
  else _after(_loading, insert);
};

/** @param {HTMLScriptElement} script */
const _mark = (script) => {
  const marker = document.createComment("");
  script.replaceWith(marker);
  return marker;
};

/** Lets everything through that waits for something granted, scripts before the rest. */
export const _release = () => {
  /** @type {(() => void)[]} */
  const later = [];
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-consent]"))) {
    const id = /** @type {string} */ (element.dataset.consent);
    if (!_granted.has(id)) continue;
    if (element instanceof HTMLTemplateElement) {
      // One of type text/plain waits for a consent of its own: the observer meets it once it is in the page.
      const scripts = /** @type {HTMLScriptElement[]} */ ([...element.content.querySelectorAll("script:not([type='text/plain'])")]);
      const open = () => {
        const queue = scripts.map((script) => /** @type {[Comment, HTMLScriptElement]} */ ([_mark(script), script]));
        const nodes = [...element.content.childNodes];
        _released.set(element, [id, nodes]);
        element.replaceWith(...nodes);
        for (const [marker, script] of queue) _start(marker, script, id);
      };
      if (scripts[0]) open();
      else later.push(() => element.isConnected && _granted.has(id) && open());
    } else if (element instanceof HTMLScriptElement) _start(_mark(element), element, id);
    else if (element.dataset.src && !element.hasAttribute("src")) {
      later.push(() => _granted.has(id) && element.setAttribute("src", /** @type {string} */ (element.dataset.src)));
    }
  }
  // A busy page may never be idle: then after half a second.
  if (later[0]) (window.requestIdleCallback || setTimeout)(() => later.forEach((open) => open()), /** @type {any} */ ({ timeout: 500 }));
};

/**
 * Takes back what a refusal can stop: frames, images, everything inside a released template.
 * @returns {boolean} true when a refused script has run, which only a new load of the page ends
 */
export const _revoke = () => {
  for (const [template, [id, nodes]] of _released) {
    if (_granted.has(id)) continue;
    _released.delete(template);
    nodes.find((node) => node.isConnected)?.before(template);
    template.content.append(...nodes);
  }
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-consent][data-src][src]"))) {
    if (_granted.has(/** @type {string} */ (element.dataset.consent))) continue;
    element.removeAttribute("src");
    // Out of the page and in again: only that ends the document inside a frame.
    element.replaceWith(element);
  }
  return [..._ran].some((id) => !_granted.has(id));
};

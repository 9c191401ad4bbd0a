// SPDX-License-Identifier: MIT
// What waits for consent: <template>, <script type="text/plain"> and anything with data-src, data-srcset or data-href, each with data-consent="id".
import { _granted } from "./choice.js";

/** @typedef {HTMLTemplateElement & HTMLScriptElement & {_isOn?: boolean}} Gated  one of them; only what its tag has is there */

/** Templates released: their id, and the nodes that took their place. @type {Map<HTMLTemplateElement, [string, ChildNode[]]>} */
const _released = new Map();

/** Ids whose scripts ran in this page: those cannot be stopped. @type {Set<string>} */
const _ran = new Set();

/** The last external script that is still loading. @type {HTMLScriptElement|0} */
let _loading = 0;

/** @param {HTMLScriptElement} script @param {() => void} then  called once it has run or failed */
const _after = (script, then) => ["load", "error"].map((event) => script.addEventListener(event, then, { once: true }));

/**
 * Gives an element the attributes that wait in its data-src and the like, or takes them away again.
 * @param {Element} element
 * @param {boolean} isOn
 */
export const _turn = (element, isOn) => {
  for (const { name, value } of [...element.attributes]) {
    const real = name.match(/^data-(src|srcset|href|type)$/)?.[1];
    if (real) isOn ? element.setAttribute(real, value) : element.removeAttribute(real);
  }
};

/**
 * Puts scripts into the page in the places of their *markers*. All externals are fetched at once and run in document order; an inline
 * script waits for the externals before it. The `load` event comes before the next external runs, so the order holds there too.
 * @param {HTMLScriptElement} script
 * @param {Comment} marker
 * @param {string} id  of what held it, unless it waits for a consent of its own
 */
const _start = (script, marker, id) => {
  const own = script.dataset.consent || id;
  const insert = () => {
    // A withdrawal may have come while it waited: then it goes back as it was.
    if (_granted.has(own)) {
      _ran.add(own);
      if (script.dataset.consent) {
        script.removeAttribute("data-consent");
        script.removeAttribute("type");
        _turn(script, true);
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

/** Lets everything through that waits for something granted, scripts before the rest. */
export const _release = () => {
  /** @type {(() => void)[]} */
  const later = [];
  for (const element of /** @type {NodeListOf<Gated>} */ (document.querySelectorAll("[data-consent]"))) {
    const id = /** @type {string} */ (element.dataset.consent);
    const content = element.matches("template") && element.content;
    const scripts = content ? [...content.querySelectorAll("script")] : element.matches("script") ? [element] : [];
    const open = () => {
      if (!_granted.has(id) || !element.isConnected) return;
      const markers = scripts.map((script) => {
        const marker = document.createComment("");
        script.replaceWith(marker);
        return marker;
      });
      if (content) {
        const nodes = [...content.childNodes];
        _released.set(element, [id, nodes]);
        element.replaceWith(...nodes);
      } else if (!scripts[0] && !element._isOn) _turn(element, (element._isOn = true));
      scripts.map((script, at) => _start(script, markers[at], id));
    };
    if (_granted.has(id)) scripts[0] ? open() : later.push(open);
  }
  // A busy page may never be idle: then after half a second.
  if (later[0]) (window.requestIdleCallback || setTimeout)(() => later.map((open) => open()), /** @type {any} */ ({ timeout: 500 }));
};

/**
 * Takes back what a refusal can stop: frames, images, everything inside a released template.
 * @returns {boolean} true when a refused script has run, which only a new load of the page ends
 */
export const _revoke = () => {
  for (const [template, [id, nodes]] of _released) {
    if (!_granted.has(id)) {
      _released.delete(template);
      nodes.find((node) => node.isConnected)?.before(template);
      template.content.append(...nodes);
    }
  }
  for (const element of /** @type {NodeListOf<Gated>} */ (document.querySelectorAll("[data-consent]"))) {
    if (element._isOn && !_granted.has(/** @type {string} */ (element.dataset.consent))) {
      _turn(element, (element._isOn = false));
      // Out of the page and in again: only that ends the document inside a frame.
      element.replaceWith(element);
    }
  }
  return [..._ran].some((id) => !_granted.has(id));
};

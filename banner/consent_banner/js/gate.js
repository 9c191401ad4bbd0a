// SPDX-License-Identifier: MIT
// What waits for consent: <template>, <script type="text/plain"> and anything with data-src, data-srcset or data-href, each with data-consent="id".
import { _granted } from "./choice.js";

/**
 * One of them; only what its tag has is there. Of a template, _isOn holds the nodes that it let go.
 * @typedef {HTMLTemplateElement & HTMLScriptElement & {_isOn?: boolean|ChildNode[]}} Gated
 */

/** Ids whose scripts ran in this page: those cannot be stopped. @type {Set<string>} */
const _ran = new Set();

/** Settles when every external script so far has run or failed: a failure is not told in its turn. @type {Promise<any>} */
let _loading = Promise.resolve();

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
 * Puts a script into the page in the place of its *marker*. All externals are fetched at once and run in document order; an inline
 * script waits for the externals before it. What waits for a `load` event runs before the next external, so the order holds there too.
 * @param {HTMLScriptElement} script
 * @param {Comment} marker
 * @param {string} id  category or service
 */
const _start = (script, marker, id) => {
  const insert = () => {
    // A withdrawal may have come while it waited: then it goes back as it was.
    if (_granted.has(id)) {
      _ran.add(id);
      if (script.dataset.consent) {
        script.removeAttribute("data-consent");
        script.removeAttribute("type");
        _turn(script, true);
      }
      script.async = script.hasAttribute("async");
      if (script.src && !script.async && !script.noModule) {
        _loading = Promise.all([_loading, new Promise((done) => ["load", "error"].map((event) => script.addEventListener(event, done)))]);
      }
    }
    marker.replaceWith(script);
  };
  if (script.src || script.dataset.src) insert();
  else _loading.then(insert);
};

/** Lets everything through that waits for something granted, scripts before the rest. */
export const _release = () => {
  // A template that the parser is still filling must not move: gates open when the page is read.
  if (document.readyState == "loading") return;
  /** @type {(() => void)[]} */
  const later = [];
  for (const element of /** @type {NodeListOf<Gated>} */ (document.querySelectorAll("[data-consent]"))) {
    const id = /** @type {string} */ (element.dataset.consent);
    const content = element.matches("template") && element.content;
    // A script in a template may wait for a consent of its own.
    const scripts = content ? [...content.querySelectorAll("script:not([data-consent])")] : element.matches("script") ? [element] : [];
    const open = () => {
      if (element._isOn || !_granted.has(id)) return;
      // Firefox fetches ahead what a template holds, but not what waits in data-src.
      if (content) for (const inner of content.querySelectorAll(":not([data-consent])")) _turn(inner, true);
      const markers = scripts.map((script) => {
        const marker = document.createComment("");
        script.replaceWith(marker);
        return marker;
      });
      if (content) element.before(...(element._isOn = [...content.childNodes]));
      else if (!scripts[0]) _turn(element, (element._isOn = true));
      scripts.map((script, at) => _start(/** @type {HTMLScriptElement} */ (script), markers[at], id));
    };
    if (scripts[0]) open();
    else if (!element._isOn && _granted.has(id)) later.push(open);
  }
  // A busy page may never be idle: then after half a second.
  if (later[0]) (window.requestIdleCallback || setTimeout)(() => later.map((open) => open()), /** @type {any} */ ({ timeout: 500 }));
};

/**
 * Takes back what a refusal can stop: frames, images, everything that a template let go.
 * @returns {boolean} true when a refused script has run, which only a new load of the page ends
 */
export const _revoke = () => {
  for (const element of /** @type {NodeListOf<Gated>} */ (document.querySelectorAll("[data-consent]"))) {
    const nodes = element._isOn;
    if (nodes && !_granted.has(/** @type {string} */ (element.dataset.consent))) {
      if (nodes === true) {
        _turn(element, false);
        // Out of the page and in again: only that ends the document inside a frame.
        element.replaceWith(element);
      } else element.content.append(...nodes);
      element._isOn = false;
    }
  }
  return [..._ran].some((id) => !_granted.has(id));
};

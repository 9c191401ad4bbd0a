// SPDX-License-Identifier: MIT
// What waits for consent: <template>, <script type="text/plain"> and anything with data-src, data-srcset or data-href, each with data-consent="id".
import { _granted } from "./choice.js";

/** Of an element that was let through: true, or of a template the nodes that it let go. A symbol, so that nothing on the page can have it. */
const _isOn = Symbol();

/** @typedef {HTMLTemplateElement & HTMLScriptElement & {[_isOn]?: boolean|ChildNode[]}} Gated  only what its tag has is there */

/** Ids whose scripts ran in this page: those cannot be stopped. @type {Set<string>} */
const _ran = new Set();

/** Settles when every external script so far has run or failed: a failure is not told in its turn. @type {Promise<any>} */
let _loading = Promise.resolve();

/** What came with the page, known when this script is there before its end. @type {WeakSet<Element>} */
const _parsed = new WeakSet();
let _isParsing = document.readyState == "loading";

/** Whether a choice waits for its paint, and what it grants with it. */
let _isHeld = false;

/** @param {boolean} isHeld */
export const _hold = (isHeld) => (_isHeld = isHeld);

/**
 * Gives an element the attributes that wait in its data-src and the like, or takes them away again.
 * @param {Element} element
 * @param {boolean} isOn
 */
export const _turn = (element, isOn) => {
  for (const real of ["type", "srcset", "src", "href"]) {
    const value = element.getAttribute("data-" + real);
    if (value != null) isOn ? element.setAttribute(real, value) : element.removeAttribute(real);
  }
};

/**
 * Puts a script into the page in the place of its *marker*. All externals are fetched at once and run in document order; an inline
 * script waits for the externals before it. What waits for a `load` event runs before the next external, so the order holds there too.
 * @param {HTMLScriptElement} script
 * @param {Comment} marker
 * @param {string} id  category or service
 * @param {boolean} isParsed  whether it came with the page, so that it starts by being moved
 */
const _start = (script, marker, id, isParsed) => {
  const insert = () => {
    // A withdrawal may have come while it waited: then it goes back as it was.
    if (_granted.has(id)) {
      // "+": let through once, which is nobody's refusal.
      if (id != "+") _ran.add(id);
      try {
        if (script.dataset.consent) {
          script.removeAttribute("data-consent");
          script.removeAttribute("type");
          _turn(script, true);
        }
        if (!isParsed) {
          // One that came by innerHTML never starts; a copy does.
          const copy = document.createElement("script");
          for (const { name, value } of script.attributes) copy.setAttribute(name, value);
          copy.text = script.text;
          // The browser keeps it to itself.
          copy.nonce = script.nonce;
          script = copy;
        }
      } catch {
        // Trusted Types allow neither the copy nor a data-src: it goes as it is.
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
  if (_isHeld || document.readyState == "loading") return;
  /** @type {(() => void)[]} */
  const later = [];
  for (const element of /** @type {NodeListOf<Gated>} */ (document.querySelectorAll("[data-consent]"))) {
    // No property: a form may have fields of any name, and elements of foreign XML have few.
    const id = /** @type {string} */ (element.getAttribute("data-consent"));
    const content = element.localName == "template" && element.content;
    // A script in a template may wait for a consent of its own.
    const scripts = content ? [...content.querySelectorAll("script:not([data-consent])")] : "noModule" in element ? [element] : [];
    const open = () => {
      if (element[_isOn] || !element.isConnected || !_granted.has(id)) return;
      // Firefox fetches ahead what a template holds, but not what waits in data-src.
      if (content) for (const inner of content.querySelectorAll(":not([data-consent])")) _turn(inner, true);
      const markers = scripts.map((script) => {
        const marker = document.createComment("");
        script.replaceWith(marker);
        return marker;
      });
      if (content) element.before(...(element[_isOn] = [...content.childNodes]));
      else if (!scripts[0]) _turn(element, (element[_isOn] = true));
      scripts.map((script, at) => _start(/** @type {HTMLScriptElement} */ (script), markers[at], id, _parsed.has(element)));
    };
    if (_isParsing) _parsed.add(element);
    if (scripts[0]) open();
    else if (!element[_isOn] && _granted.has(id)) later.push(open);
  }
  _isParsing = false;
  // A busy page may never be idle: then after half a second.
  if (later[0]) (window.requestIdleCallback || setTimeout)(() => later.map((open) => open()), /** @type {any} */ ({ timeout: 500 }));
};

/**
 * Takes back what a refusal can stop: frames, images, everything that a template let go.
 * @returns {boolean} true when a refused script has run, which only a new load of the page ends
 */
export const _revoke = () => {
  for (const element of /** @type {NodeListOf<Gated>} */ (document.querySelectorAll("[data-consent]"))) {
    const nodes = element[_isOn];
    if (nodes && !_granted.has(/** @type {string} */ (element.getAttribute("data-consent")))) {
      if (nodes === true) {
        _turn(element, false);
        // Out of the page and in again: only that ends the document inside a frame.
        element.replaceWith(element);
      } else element.content.append(...nodes);
      element[_isOn] = false;
    }
  }
  return [..._ran].some((id) => !_granted.has(id));
};

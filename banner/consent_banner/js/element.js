// SPDX-License-Identifier: MIT

/**
 * A new element.
 * @param {string} tag
 * @param {object} properties
 * @param {...(Node|string)} children
 * @returns {any}
 */
export const _element = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

/** A paragraph, or whatever stands in a line of its own. @param {...(Node|string)} children */
export const _line = (...children) => _element("div", {}, ...children);

/** @param {string} text @param {string} [href]  without it the text stands alone @returns {Node|string} */
export const _link = (text, href) => (href ? _element("a", { href }, text) : text);

/** The one template of every button: Accept and Reject cannot differ. @param {string} label @param {() => void} onclick */
export const _button = (label, onclick) => _element("button", { type: "button", onclick }, label);

// SPDX-License-Identifier: MIT
/**
 * A new element; texts are added as text, never as markup.
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node|string)} children
 */
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The element with this id. @param {string} id @returns {any} */
export const byId = (id) => document.getElementById(id);

/** Tells the page's own counter, if the visitor allows one, that a feature met an error or was used. */
export function tell(kind, feature, what) {
  document.dispatchEvent(new CustomEvent("meridian:tell", { detail: { kind, feature, what } }));
}

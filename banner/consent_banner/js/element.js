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

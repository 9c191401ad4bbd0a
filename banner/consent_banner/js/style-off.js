// SPDX-License-Identifier: MIT
// Stands in for style.js in a headless build: the page has its own looks.

export const _style = () => {};

// SPDX-License-Identifier: MIT
// Before the first paint: the theme and density that were kept, so that the page does not flash.
// The entries exist only with consent; the banner deletes them when it is withdrawn.
try {
  for (const name of ["theme", "density"]) {
    const value = localStorage.getItem(`settings.${name}`);
    if (value) document.documentElement.dataset[name] = value;
  }
} catch {
  // Storage is closed: the page keeps its defaults.
}

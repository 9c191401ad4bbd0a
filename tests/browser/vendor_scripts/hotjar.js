// SPDX-License-Identifier: MIT
// Stands in for https://static.hotjar.com/c/hotjar-….js: only loads the script that does the work.
(() => {
  const script = document.createElement("script");
  script.async = true;
  script.src = "https://script.hotjar.com/modules.js";
  document.head.append(script);
})();

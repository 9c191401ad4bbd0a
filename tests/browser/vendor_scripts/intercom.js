// SPDX-License-Identifier: MIT
// Stands in for https://widget.intercom.io/widget/…: only loads the script that does the work.
(() => {
  const script = document.createElement("script");
  script.async = true;
  script.src = "https://js.intercomcdn.com/frame-modern.js";
  document.head.append(script);
})();

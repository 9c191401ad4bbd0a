// SPDX-License-Identifier: MIT
// Support chat: remembers the visitor, so that the chat can show earlier messages.
(() => {
  try {
    if (!localStorage.getItem("chat.visitor")) {
      localStorage.setItem("chat.visitor", crypto.randomUUID().replaceAll("-", "").slice(0, 16));
    }
  } catch {
    // Storage is closed: each visit starts a new chat.
  }
})();

// SPDX-License-Identifier: MIT
// The number of the visitor's last record, to be copied into a message to us. The rest of the page is choices.js's.
import { whenConsent } from "./consent-api.js";
import { byId } from "./dom.js";

async function copyRecord() {
  const id = byId("record-id");
  try {
    await navigator.clipboard.writeText(id.textContent);
    byId("copied").textContent = "Copied.";
  } catch {
    // The clipboard is closed: select the number, so that one key press copies it.
    getSelection().selectAllChildren(id);
    byId("copied").textContent = "Selected: copy it with your keyboard or menu.";
  }
}

whenConsent.then((consent) => {
  const show = () => {
    const id = consent.record();
    byId("record").hidden = !id;
    byId("no-record").hidden = Boolean(id);
    byId("record-id").textContent = id ?? "";
  };
  if (!consent) return;
  byId("copy").addEventListener("click", copyRecord);
  show();
  document.addEventListener("consent:change", show);
});

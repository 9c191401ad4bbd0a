// SPDX-License-Identifier: MIT
import { _button, _element } from "./element.js";
import { _text } from "./language.js";
import { _request } from "./visitor.js";

/**
 * A button that saves the ledger's file on one record, byte for byte as the ledger sends it.
 * @param {string} label
 * @param {string} record  its id
 * @param {boolean} isProof  true: the bare proof, which opens nothing; false: the receipt with its opening
 * @param {(words: string) => void} say  told what went wrong, or "" when nothing did
 */
export const _saveButton = (label, record, isProof, say) =>
  _button(label, async () => {
    const answer = await _request("receipts/" + record, "GET", isProof);
    const file = answer?.ok && (await answer.blob().catch(() => null));
    say(file ? "" : _text._choicesUnsaved);
    if (!file) return;
    const link = _element("a", {
      href: URL.createObjectURL(file),
      download: `receipt-${record.slice(0, 8)}.${isProof ? "tlog-proof" : "json"}`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 6e4);
  });

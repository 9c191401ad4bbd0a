// SPDX-License-Identifier: MIT
import { _button } from "./button.js";
import { _element } from "./element.js";
import { _text } from "./language.js";
import { _hidePanel, _showPanel } from "./panel.js";

/** Offers to load the page again, which alone ends a script that has run. */
export const _showReload = () =>
  _showPanel(
    _text._still,
    _element("p", { role: "status" }, _text._still),
    _element("p", {}, _button(_text._reload, () => location.reload()), _button(_text._later, _hidePanel)),
  );

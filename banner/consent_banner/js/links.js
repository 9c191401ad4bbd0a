// SPDX-License-Identifier: MIT
import { _element } from "./element.js";
import { _text } from "./language.js";

/** Where to read more, and whom to ask: shown in both layers. */
export const _links = () =>
  _element("p", {}, _element("a", { href: _text._policyUrl }, _text._policy), " · ", _element("a", { href: _text._contactUrl }, _text._contact));

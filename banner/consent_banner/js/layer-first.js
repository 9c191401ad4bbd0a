// SPDX-License-Identifier: MIT
import { _actions } from "./actions.js";
import { _button } from "./button.js";
import { _element } from "./element.js";
import { _text } from "./language.js";
import { _showChoices } from "./layer-second.js";
import { _links } from "./links.js";
import { _showPanel } from "./panel.js";

/** The question: what is asked, by whom and for what, with refusing as near as accepting. */
export const _showGate = () =>
  _showPanel(
    _text._title,
    _element("h2", {}, _text._title),
    _element("p", {}, _text._intro),
    _element("p", {}, ..._text._categories.flatMap(([title, purpose]) => [_element("b", {}, title), `: ${purpose} `])),
    _links(),
    _actions("first", [_button(_text._customise, _showChoices)]),
  );

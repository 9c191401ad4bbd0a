// SPDX-License-Identifier: MIT
// Stands in for ask.js on a site that has told a change. Who answered before is asked only for what is new, which is off until then, and
// sees what changed; a change that asks nothing new is told once, as news.
import { _granted, _keepChoice, _pending, _stored } from "./choice.js";
import { _clean } from "./clean.js";
import { _asked, _notice } from "./config.js";
import { _decide } from "./decide.js";
import { _button, _element, _line, _link } from "./element.js";
import { _text } from "./language.js";
import { _links, _showChoices, _showGate } from "./layers.js";
import { _frame, _show } from "./panel.js";

/** Asks, while something has no valid answer, or tells what changed since this visitor's answer. */
export const _ask = () => {
  // The stored notice ends in the mark of the newest change that it told, if it told one. Where nothing is stored nothing changed.
  const since = +(_stored.match(/\.(\d+)/)?.[1] || 0);
  const told = _text._changes.flatMap(([mark, words]) => (_stored && mark > since ? [_line(words)] : []));
  const isNew = _pending.size;
  if (isNew) {
    // What an expired consent left behind, or the time before there was a banner.
    _clean();
    if (isNew == _asked.length) return _showGate();
  } else {
    // A page in the background may never be seen.
    if (!told[0] || document.hidden) return;
    _keepChoice(_stored.replace(/\|[^|]*/, "|" + _notice));
  }
  /** @param {string} label @param {string} control @param {boolean} answer */
  const choice = (label, control, answer) => _button(label, () => _decide((id) => _granted.has(id) || (answer && _pending.has(id)), "first", control));
  _show(
    _frame(
      "section",
      _element("h2", {}, isNew ? _text._newTitle : _text._news),
      ...(isNew ? [_line(_text._newIntro)] : []),
      ...told,
      ..._text._categories
        .flatMap(([, , ...services]) => services)
        .flatMap(([name, what, provider, policyUrl], at) =>
          _pending.has(_asked[at][1]) ? [_line(_element("b", {}, name), `: ${what} `, _link(provider, policyUrl))] : [],
        ),
      _links(),
      _line(
        ...(isNew ? [choice(_text._acceptNew, "accept_new", true), choice(_text._rejectNew, "reject_new", false)] : [_button(_text._close, () => _show())]),
        _button(_text._customise, _showChoices),
      ),
    ),
  );
};

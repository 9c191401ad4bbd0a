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

/** Asks for what is new, or tells what changed. @param {string[]} told  texts of the changes */
const _showChanges = (told) => {
  const isNew = _pending.size;
  /** @param {string} label @param {string} control @param {boolean} answer */
  const choice = (label, control, answer) => _button(label, () => _decide((id) => (_pending.has(id) ? answer : _granted.has(id)), "first", control));
  const rows = _text._categories.flatMap(([, , ...services]) => services);
  _show(
    _frame(
      "section",
      _element("h2", {}, isNew ? _text._newTitle : _text._news),
      ...(isNew ? [_line(_text._newIntro)] : []),
      ...told.map((words) => _line(words)),
      ..._asked.flatMap(([, id], at) => {
        const [name, what, provider, policyUrl] = rows[at];
        return _pending.has(id) ? [_line(_element("b", {}, name), `: ${what} `, _link(provider, policyUrl))] : [];
      }),
      _links(),
      _line(
        ...(isNew ? [choice(_text._acceptNew, "accept_new", true), choice(_text._rejectNew, "reject_new", false)] : [_button(_text._close, () => _show())]),
        _button(_text._customise, _showChoices),
      ),
    ),
  );
};

/** Asks, while something has no valid answer, or tells what changed since this visitor's answer. */
export const _ask = () => {
  const [, notice, hour] = _stored.split("|");
  // "n" and the hour of the newest change that was told, in the place of an answer.
  const since = _stored.match(/\|n(\d+)/)?.[1] || hour;
  // One of the day of the answer counts as told only where the answer was given to this very notice.
  const changes = notice == _notice ? [] : _text._changes.filter(([end]) => end > +since);
  const told = changes.map(([, words]) => words);
  if (_pending.size) {
    _clean();
    if (_asked.some(([, id]) => !_pending.has(id))) _showChanges(told);
    else _showGate();
  } else if (told[0]) {
    _keepChoice(`${_stored.replace(/\|n\d+/, "")}|n${changes[0][0]}`);
    _showChanges(told);
  }
};

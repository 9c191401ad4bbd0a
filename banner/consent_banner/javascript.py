# SPDX-License-Identifier: MIT
"""Splits JavaScript into tokens, well enough to rename identifiers and to touch nothing else.

What cannot be told apart without a full parser (a `/` after `}`) is refused rather than guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

BLANK = frozenset({"space", "comment"})

_BEFORE_EXPRESSION = (
    "await case delete do else extends in instanceof new of return throw typeof void yield"
)
_KEYWORDS_BEFORE_EXPRESSION = frozenset(_BEFORE_EXPRESSION.split())
_PARENTHESIS_BEFORE_STATEMENT = frozenset({"for", "if", "while", "with"})
_NAME = re.compile(r"#?[A-Za-z_$][A-Za-z0-9_$]*")
_NUMBER = re.compile(
    r"0[xXbBoO][0-9a-fA-F_]+n?|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]+)?n?"
)
_SPACE = re.compile(r"[ \t\r\n\f\v\u00a0\ufeff\u2028\u2029]+")
_COMMENT = re.compile(r"//[^\r\n\u2028\u2029]*|/\*.*?\*/", re.DOTALL)
_STRING = re.compile(
    r"""'(?:[^'\\\r\n]|\\(?:\r\n|.))*'|"(?:[^"\\\r\n]|\\(?:\r\n|.))*\"""", re.DOTALL
)
_REGEX = re.compile(r"/(?:[^/\\\[\r\n]|\\[^\r\n]|\[(?:[^\]\\\r\n]|\\[^\r\n])*\])+/[A-Za-z0-9_$]*")
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\.|\$(?!\{))*(`|\$\{)", re.DOTALL)
_PUNCTUATOR = re.compile(
    r">>>=|\.\.\.|===|!==|\*\*=|<<=|>>=|>>>|&&=|\|\|=|\?\?=|=>|==|!=|<=|>=|&&|\|\||\?\?"
    r"|\?\.(?![0-9])|\+\+|--|\+=|-=|\*=|/=|%=|&=|\|=|\^=|<<|>>|\*\*|[{}()\[\];,<>+\-*/%&|^!~?:=.@]"
)


class SourceError(ValueError):
    """Source that the builder's rules do not allow; `str()` begins with `file:line`."""

    def __init__(self, file: str, line: int, message: str) -> None:
        super().__init__(f"{file}:{line}: {message}")


@dataclass(frozen=True)
class Token:
    """A piece of source: joined in order, the texts of all tokens are the source again.

    kind: space, comment, string, template (a piece of literal text with its delimiters), regex,
    number, name or punctuator.
    """

    kind: str
    text: str
    line: int


def tokens(file: str, source: str) -> Iterator[Token]:
    """The tokens of *source*; *file* is only used in errors. Raises: SourceError."""
    place, line = 0, 1
    before: Token | None = None
    before_that: Token | None = None
    nesting: list[tuple[str, Token | None]] = []  # opening bracket and the token in front of it
    closed: tuple[str, Token | None] = ("", None)

    def match(pattern: re.Pattern[str], what: str) -> str:
        found = pattern.match(source, place)
        if found is None:
            raise SourceError(file, line, f"{what} has no end")
        return found.group()

    def regex_allowed() -> bool:
        if before is None or before.kind == "template":
            # After `…${` an expression begins; after a closing backtick one has ended.
            return before is None or before.text.endswith("${")
        if before.kind == "name":
            is_property = before_that is not None and before_that.text in (".", "?.")
            return before.text in _KEYWORDS_BEFORE_EXPRESSION and not is_property
        if before.text == ")":
            opener = closed[1]
            return opener is not None and opener.text in _PARENTHESIS_BEFORE_STATEMENT
        if before.text == "}":
            raise SourceError(file, line, "a `/` after `}` is ambiguous: put parentheses around it")
        return before.kind == "punctuator" and before.text not in ("]", "++", "--")

    while place < len(source):
        char = source[place]
        if _SPACE.match(char):
            token = Token("space", match(_SPACE, "space"), line)
        elif source.startswith(("//", "/*"), place):
            token = Token("comment", match(_COMMENT, "a comment"), line)
        elif char in "'\"":
            token = Token("string", match(_STRING, "a string"), line)
        elif char == "`" or (char == "}" and nesting and nesting[-1][0] == "${"):
            place += 1
            text = char + match(_TEMPLATE, "a template")
            place -= 1
            if char == "}":
                nesting.pop()
            if text.endswith("${"):
                nesting.append(("${", None))
            token = Token("template", text, line)
        elif char == "/" and regex_allowed():
            token = Token("regex", match(_REGEX, "a regular expression"), line)
        elif _NUMBER.match(source, place):
            token = Token("number", match(_NUMBER, "a number"), line)
            if _NAME.match(source, place + len(token.text)):
                raise SourceError(file, line, f"a name right after the number {token.text}")
        elif _NAME.match(source, place):
            token = Token("name", match(_NAME, "a name"), line)
        elif _PUNCTUATOR.match(source, place):
            token = Token("punctuator", match(_PUNCTUATOR, "a sign"), line)
            if token.text in ("(", "[", "{"):
                nesting.append((token.text, before))
            elif token.text in (")", "]", "}"):
                if not nesting or nesting[-1][0] + token.text not in ("()", "[]", "{}"):
                    raise SourceError(file, line, f"`{token.text}` closes nothing")
                closed = nesting.pop()
        else:
            raise SourceError(file, line, f"{char!a} is not expected here")
        yield token
        place += len(token.text)
        line += token.text.count("\n")
        if token.kind not in BLANK:
            before_that, before = before, token
    if nesting:
        raise SourceError(file, line, f"`{nesting[-1][0]}` is never closed")

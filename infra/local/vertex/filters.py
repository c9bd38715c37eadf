"""List filters as AIP-160 writes them, such as `display_name="a" AND NOT state="JOB_STATE_FAILED"`.

OR binds tighter than AND, as AIP-160 has it.
"""

import re

import msgspec

from infra.local.vertex.matching import Test, comparison, invalid

_TOKENS = re.compile(r"""\s*(?:(<=|>=|!=|[=:<>()])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"'()=:<>!]+))""")


class _Word(msgspec.Struct, frozen=True):
    text: str
    quoted: bool = False


def parse(text: str) -> Test:
    """What a job must be to be listed; an empty filter takes all.

    Raises:
        ApiError: 400, the filter cannot be understood.
    """
    words = _words(text)
    if not words:
        return lambda _: True
    return _Parser(words).whole()


def _words(text: str) -> list[_Word]:
    words, at = [], 0
    while text[at:].strip():
        match = _TOKENS.match(text, at)
        if match is None:
            raise invalid(f"at position {at}")
        symbol, double, single, plain = match.groups()
        quoted = double if double is not None else single
        words.append(_Word(symbol or plain) if quoted is None else _Word(_unescaped(quoted), quoted=True))
        at = match.end()
    return words


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


class _Parser:
    """Recursive descent over the words of one filter."""

    def __init__(self, words: list[_Word]) -> None:
        self._words = words
        self._at = 0

    def whole(self) -> Test:
        test = self._all()
        if self._peek() is not None:
            raise invalid(f"unexpected {self._next().text!r}")
        return test

    def _all(self) -> Test:
        tests = [self._any()]
        while self._peek() not in {None, ")"}:
            self._skip("AND")
            tests.append(self._any())
        return lambda job: all(test(job) for test in tests)

    def _any(self) -> Test:
        tests = [self._one()]
        while self._skip("OR"):
            tests.append(self._one())
        return lambda job: any(test(job) for test in tests)

    def _one(self) -> Test:
        if self._skip("NOT"):
            inner = self._one()
            return lambda job: not inner(job)
        if self._skip("("):
            test = self._all()
            if not self._skip(")"):
                raise invalid("a closing parenthesis is missing")
            return test
        return self._comparison()

    def _comparison(self) -> Test:
        field, operator, value = self._next(), self._next(), self._next()
        if field.text.startswith("-"):
            test = comparison(field.text[1:], operator.text, value.text)
            return lambda job: not test(job)
        return comparison(field.text, operator.text, value.text)

    def _peek(self) -> str | None:
        if self._at == len(self._words):
            return None
        word = self._words[self._at]
        return word.text if not word.quoted else '"'

    def _next(self) -> _Word:
        if self._at == len(self._words):
            raise invalid("it ends early")
        self._at += 1
        return self._words[self._at - 1]

    def _skip(self, keyword: str) -> bool:
        found = self._peek() == keyword
        self._at += found
        return found

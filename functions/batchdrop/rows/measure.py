"""What requests will take, by rule: a sample of them is measured, and stands for the rest.

Texts grow with the bytes of a line, media and answers with the number of lines; so the one is scaled by bytes, the
other by rows. The first lines are all measured, then ever fewer; long ones are apart, by the power of two of their
length, as inline data may outweigh all else in them.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import msgspec
import orjson

from batchdrop.domain.estimate import Asked, Estimate, Span
from batchdrop.domain.ids import ModelName
from batchdrop.domain.usage import LONG_PROMPT
from batchdrop.rows.media_tokens import tokens_of_medium
from batchdrop.rows.output_tokens import OutputTokens
from batchdrop.rows.text_tokens import tokens_of_text

_LONG_LINE = 16 * 1024
_PHASES = ((512, 1), (4_608, 8), (sys.maxsize, 128))
"""Up to so many lines, one in so many is measured."""
_LONG_PHASES = ((16, 1), (sys.maxsize, 4))


class Measured(msgspec.Struct, frozen=True):
    """Tokens of one request, or of several."""

    text: Span = Span()
    media: Span = Span()
    audio: Span = Span()
    output: Span = Span()

    @property
    def input(self) -> Span:
        """All that is asked."""
        return self.text + self.media

    def __add__(self, other: "Measured") -> "Measured":
        """Sum field by field."""
        return Measured(
            self.text + other.text, self.media + other.media, self.audio + other.audio, self.output + other.output
        )


class _Stratum:
    """Lines of a kind: how many there were, and what those that were measured hold."""

    def __init__(self) -> None:
        self.rows = self.bytes = self.seen_bytes = 0
        self.seen = {False: 0, True: 0}
        self.sums = {False: Measured(), True: Measured()}

    def asked(self) -> Estimate:
        longs = round(Fraction(self.rows * self.seen[True], self.seen[False] + self.seen[True]))
        return Estimate(usual=self._asked(self.rows - longs, long=False), long=self._asked(longs, long=True))

    def _asked(self, requests: int, *, long: bool) -> Asked:
        sums = self.sums[long]
        by_rows = Fraction(self.rows, self.seen[False] + self.seen[True])
        return Asked(
            requests=requests,
            input=sums.text.times(Fraction(self.bytes, self.seen_bytes)) + sums.media.times(by_rows),
            audio=sums.audio.times(by_rows),
            output=sums.output.times(by_rows),
        )


class Meter:
    """Sees the request lines of a shard, block by block."""

    def __init__(self, model: ModelName) -> None:
        """Prepare for requests to a model."""
        self._model = model
        self._output = OutputTokens(model)
        self._usual = _Phases(self._measured, _PHASES)
        self._long: dict[int, _Phases] = {}

    def see(self, lines: Sequence[bytes]) -> None:
        """Take note of a block of request lines, which may have none."""
        if max(map(len, lines), default=0) <= _LONG_LINE:
            self._usual.see(lines)
            return
        for line in lines:
            if len(line) <= _LONG_LINE:
                self._usual.see((line,))
            else:
                self._long.setdefault(len(line).bit_length(), _Phases(self._measured, _LONG_PHASES)).see((line,))

    @property
    def estimate(self) -> Estimate:
        """What all lines so far will take."""
        return sum((kind.estimate for kind in (self._usual, *self._long.values())), start=Estimate())

    def _measured(self, line: bytes) -> Measured:
        return measure(line, self._model, self._output)


class _Phases:
    """Lines of a kind, of which ever fewer are measured."""

    def __init__(self, measured: Callable[[bytes], Measured], phases: Sequence[tuple[int, int]]) -> None:
        self._measured = measured
        self._phases = phases
        self._strata = [_Stratum() for _ in phases]
        self._rows = 0

    @property
    def estimate(self) -> Estimate:
        return sum((stratum.asked() for stratum in self._strata if stratum.rows), start=Estimate())

    def see(self, lines: Sequence[bytes]) -> None:
        while lines:
            now = next(number for number, (end, _) in enumerate(self._phases) if self._rows < end)
            end, every = self._phases[now]
            taken, lines = lines[: end - self._rows], lines[end - self._rows :]
            self._add(self._strata[now], taken, every)
            self._rows += len(taken)

    def _add(self, stratum: _Stratum, lines: Sequence[bytes], every: int) -> None:
        for line in lines[-stratum.rows % every :: every]:
            found = self._measured(line)
            long = found.input.expected > LONG_PROMPT
            stratum.seen[long] += 1
            stratum.seen_bytes += len(line)
            stratum.sums[long] += found
        stratum.rows += len(lines)
        stratum.bytes += sum(map(len, lines))


def measure(line: bytes, model: ModelName, output: OutputTokens) -> Measured:
    """Measure one request line."""
    request = orjson.loads(line)["request"]
    config = request.get("generationConfig") or {}
    resolution = str(config.get("mediaResolution", ""))
    text = media = audio = Span()
    for part in _parts(request):
        said = part.get("text")
        if isinstance(said, str):
            text += tokens_of_text(said)
        elif "inlineData" in part or "fileData" in part:
            seen, heard = tokens_of_medium(part, model, resolution)
            media, audio = media + seen, audio + heard
        else:
            text += tokens_of_text(orjson.dumps(part).decode())
    tools = request.get("tools")
    if tools:
        text += tokens_of_text(orjson.dumps(tools).decode())
    return Measured(text, media, audio, output.of(config))


def _parts(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for turn in (request.get("systemInstruction") or {}, *_many(request["contents"])):
        yield from _many(turn.get("parts"))


def _many(value: Any) -> list[dict[str, Any]]:
    """What may stand alone instead of in a list."""
    return value if isinstance(value, list) else [] if value is None else [value]

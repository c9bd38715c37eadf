"""What row faults do to answers."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import msgspec

from infra.local.vertex.faults import RowFault
from infra.local.vertex.rows import Answered


class Written(msgspec.Struct, frozen=True):
    """What goes into the predictions file for an answered row, and whether completion stats count it.

    `line` is what stands there instead of the row.
    """

    answered: Answered
    copies: int = 1
    counted: bool = True
    line: bytes = b""


def altered(response: Mapping[str, Any], fault: RowFault) -> dict[str, Any]:
    """The response as the model would have ended it; for faults that leave it alone, the response itself."""
    if fault.block_reason:
        usage = response.get("usageMetadata", {})
        prompt = {key: value for key, value in usage.items() if not key.startswith("candidates")}
        prompt["totalTokenCount"] = prompt.get("promptTokenCount", 0)
        kept = {key: value for key, value in response.items() if key != "candidates"}
        return kept | {"promptFeedback": {"blockReason": fault.block_reason}, "usageMetadata": prompt}
    candidates = response.get("candidates", ())
    if fault.finish_reason:
        return {**response, "candidates": [_ended(each, fault.finish_reason) for each in candidates]}
    if fault.answer:
        content = {"role": "model", "parts": [{"text": fault.answer}]}
        return {**response, "candidates": [{**each, "content": content} for each in candidates]}
    return dict(response)


def lacking(response: Mapping[str, Any], omitted: Collection[str]) -> dict[str, Any]:
    """The response with less in its `usageMetadata`, which goes when nothing is left of it."""
    left = {key: value for key, value in response.get("usageMetadata", {}).items() if key not in omitted}
    rest = {key: value for key, value in response.items() if key != "usageMetadata"}
    return rest | {"usageMetadata": left} if left else rest


def _ended(candidate: Mapping[str, Any], reason: str) -> dict[str, Any]:
    if reason == "STOP":
        return {**candidate, "finishReason": reason}
    if reason != "MAX_TOKENS":
        return {key: value for key, value in candidate.items() if key != "content"} | {"finishReason": reason}
    content = candidate.get("content", {})
    parts = [_halved(part) for part in content.get("parts", ())]
    return {**candidate, "content": {**content, "parts": parts}, "finishReason": reason}


def _halved(part: Mapping[str, Any]) -> dict[str, Any]:
    return {**part, "text": part["text"][: len(part["text"]) // 2]} if "text" in part else dict(part)


class Tamperer:
    """Applies the faults that concern what is written. `give_back` gets a swap that found no second row."""

    def __init__(self, give_back: Callable[[RowFault], None]) -> None:
        self._give_back = give_back
        self._held: tuple[Answered, RowFault] | None = None

    def passed(self, answered: Answered, fault: RowFault | None) -> Iterator[Written]:
        """What is to be written now that this row is answered."""
        if self._held is not None and answered.ok:
            (held, swap), self._held = self._held, None
            first, answered = _swapped(held, answered, keys=swap.swap_keys)
            yield Written(first)
        elif fault is not None and fault.takes_two and answered.ok and self._held is None:
            self._held = (answered, fault)
            return
        elif fault is not None and fault.takes_two:
            self._give_back(fault)
        yield _written(answered, fault)

    def rest(self) -> Iterator[Written]:
        """What is still to be written after the last row."""
        if self._held is not None:
            answered, fault = self._held
            self._give_back(fault)
            self._held = None
            yield Written(answered)


def _swapped(one: Answered, other: Answered, *, keys: bool) -> tuple[Answered, Answered]:
    """Each with the other's answer, or each under the other's key."""
    if keys:
        return _under_key_of(other, one), _under_key_of(one, other)
    replaced = msgspec.structs.replace
    return replaced(one, response=other.response), replaced(other, response=one.response)


def _under_key_of(owner: Answered, answered: Answered) -> Answered:
    row = msgspec.structs.replace(answered.row, custom_id=owner.row.custom_id, siblings=owner.row.siblings)
    return msgspec.structs.replace(answered, row=row)


def _written(answered: Answered, fault: RowFault | None) -> Written:
    if fault is None:
        return Written(answered)
    if fault.drop:
        return Written(answered, copies=0, counted=fault.counted)
    return Written(answered, copies=2 if fault.duplicate else 1, line=f"{fault.line}\n".encode() if fault.line else b"")

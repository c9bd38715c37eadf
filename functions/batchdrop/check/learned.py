"""Learning from the manifests of earlier jobs what the service keeps in its prompt's document."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from batchdrop.domain.estimate import Learned
from batchdrop.domain.history import RECENT, Seen, learned
from batchdrop.domain.ids import JobId
from batchdrop.domain.usage import Usage


class _ByRule(msgspec.Struct):
    input_tokens: int
    output_tokens: int


class _Estimate(msgspec.Struct):
    by_rule: _ByRule


class _Manifest(msgspec.Struct):
    job: JobId
    tokens: Usage
    estimate: _Estimate | None = None


def learned_from(manifests: Iterable[Path]) -> Learned | None:
    """What these jobs teach; None of none.

    Raises:
        ValueError: one is no manifest of a job that was answered.
    """
    return learned([_seen(path) for path in manifests][-RECENT:])


def _seen(path: Path) -> Seen:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Manifest)
    except msgspec.MsgspecError as error:
        raise ValueError(f"{path} is no manifest: {error}") from error
    rule = found.estimate.by_rule if found.estimate is not None else None
    if rule is None or not (rule.input_tokens and rule.output_tokens and found.tokens.rows):
        raise ValueError(f"{path} is the manifest of a job that nothing can be learned from")
    return Seen.of(found.job, rule.input_tokens, rule.output_tokens, found.tokens)

"""Finding the prompt of an input, and reading the one a job is pinned to."""

from functools import lru_cache

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.job import Job, PinnedPrompt
from batchdrop.domain.naming import prompt_candidates
from batchdrop.rows.frontmatter import refused
from batchdrop.rows.prompt import Prompt, parse_prompt
from batchdrop.steps.context import Files

_parsed = lru_cache(maxsize=8)(parse_prompt)
"""The shards of a job have one prompt, and one process stages many of them."""


class PromptText(msgspec.Struct, frozen=True):
    """A prompt as it was written, and as it is understood."""

    source: bytes
    prompt: Prompt


def find_prompt(context: Files, bucket: str, input_name: str) -> PinnedPrompt | None:
    """Look beside the input, then upwards; the first that exists is it."""
    for name in prompt_candidates(input_name):
        info = context.objects.stat(bucket, name)
        if info is not None:
            return PinnedPrompt(bucket=bucket, name=info.name, generation=info.generation)
    return None


def read_prompt(context: Files, pinned: PinnedPrompt) -> PromptText:
    """Read and parse a pinned prompt.

    Raises:
        Refused: the prompt has a mistake; line and column are in the reason.
        ObjectGone: that generation is not there any more.
    """
    source = b"".join(context.objects.read(pinned.bucket, pinned.name, pinned.generation, 0, limits.PROMPT_BYTES + 1))
    if len(source) > limits.PROMPT_BYTES:
        message = f"The prompt has more than {limits.PROMPT_BYTES:,} bytes."
        raise refused(pinned.name, message, "Shorten it; data belongs into the rows, media into a bucket.")
    return PromptText(source, _parsed(source, pinned.name))


def prompt_of(context: Files, job: Job) -> Prompt | None:
    """The prompt a job runs with, or None for a native file that has none."""
    return None if job.prompt is None else read_prompt(context, job.prompt).prompt

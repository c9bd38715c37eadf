"""Composing many objects of `work` into one, as deep as the platform's limit of sources asks."""

from collections.abc import Sequence

from batchdrop.domain import limits
from batchdrop.domain.objects import ObjectInfo
from batchdrop.steps.context import Files


def compose_all(context: Files, name: str, sources: Sequence[str], content_type: str) -> ObjectInfo:
    """Concatenate objects of `work`, any number from 1, in order; steps between are named after the result."""
    level = 0
    while len(sources) > limits.COMPOSE_SOURCES:
        sources = _one_level(context, f"{name}.level-{level}", sources, content_type)
        level += 1
    return context.objects.compose(context.settings.work_bucket, name, sources, content_type)


def _one_level(context: Files, stem: str, sources: Sequence[str], content_type: str) -> list[str]:
    names = []
    for start in range(0, len(sources), limits.COMPOSE_SOURCES):
        part = f"{stem}-{start:06d}"
        group = sources[start : start + limits.COMPOSE_SOURCES]
        context.objects.compose(context.settings.work_bucket, part, group, content_type)
        names.append(part)
    return names

"""List filters of the Vertex stand-in."""

from datetime import UTC, datetime

import msgspec
import pytest

from infra.local.vertex.errors import ApiError
from infra.local.vertex.filters import parse
from infra.local.vertex.jobs import Job, JobName, JobSpec
from infra.local.vertex.states import JobState

_CREATED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def job(display_name: str = "daily run", state: JobState = JobState.JOB_STATE_RUNNING, **labels: str) -> Job:
    spec = JobSpec(display_name, "gemini-3.5-flash", (), "", labels, {})
    return Job(JobName("name"), spec, state, created=_CREATED, updated=_CREATED, listed=_CREATED)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        'display_name="daily run"',
        "display_name='daily run'",
        'display_name!="daily"',
        'display_name:"daily*"',
        'display_name:"*ly r*"',
        'displayName:"daily run"',
        'state="JOB_STATE_RUNNING"',
        'state!="JOB_STATE_FAILED"',
        "labels.team:*",
        "labels.team=a-b",
        'labels.team!="c"',
        'labels.none!="c"',
        'create_time="2026-11-23T12:00:00Z"',
        'create_time<"2026-11-23T13:00:00+00:30"',
        'createTime>="2026-11-23T12:00:00"',
        'NOT labels.team="c"',
        '-labels.team="c"',
        'labels.team="a-b" state="JOB_STATE_RUNNING"',
        'labels.team="c" OR labels.team="a-b"',
        '(labels.team="c" OR labels.team="a-b") AND state="JOB_STATE_RUNNING"',
    ],
)
def test_a_filter_takes_what_it_describes(text: str) -> None:
    assert parse(text)(job(team="a-b"))


@pytest.mark.parametrize(
    "text",
    [
        'display_name="daily"',
        'display_name:"run*"',
        'display_name:"DAILY*"',
        "labels.none:*",
        'create_time>"2026-11-23T12:00:00Z"',
        'labels.team="a-b" AND labels.team="c"',
        'NOT (labels.team="a-b" OR labels.team="c")',
    ],
)
def test_a_filter_leaves_out_what_it_does_not_describe(text: str) -> None:
    assert not parse(text)(job(team="a-b"))


def test_or_binds_tighter_than_and() -> None:
    test = parse('labels.a="1" OR labels.b="1" AND labels.c="1"')

    assert test(job(a="1", c="1"))
    assert not test(job(a="1"))


def test_a_quote_in_a_name_can_be_written() -> None:
    assert parse(r'display_name="a \"b\""')(msgspec.structs.replace(job('a "b"')))


@pytest.mark.parametrize(
    "text",
    [
        "display_name",
        "display_name=",
        "display_name<a",
        "state=RUNNING",
        "state:*",
        "labels.a<b",
        "NOT",
        "(",
        "a=b )",
        "!",
    ],
)
def test_what_is_no_filter_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="Invalid filter"):
        parse(text)

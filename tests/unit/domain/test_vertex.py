import pytest

from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, Failure, VertexState, endpoint_of, failure_of


@pytest.mark.parametrize(
    ("location", "host"),
    [
        ("global", "aiplatform.googleapis.com"),
        ("us", "aiplatform.us.rep.googleapis.com"),
        ("eu", "aiplatform.eu.rep.googleapis.com"),
        ("europe-west4", "europe-west4-aiplatform.googleapis.com"),
    ],
)
def test_each_form_of_location_has_its_endpoint(location: str, host: str) -> None:
    assert endpoint_of(location) == host


def test_a_paused_job_has_not_ended() -> None:
    assert VertexState.PAUSED not in TERMINAL_VERTEX_STATES


@pytest.mark.parametrize("state", [VertexState.EXPIRED, VertexState.PARTIALLY_SUCCEEDED])
def test_ends_that_the_sdks_miss_are_ends(state: VertexState) -> None:
    assert state in TERMINAL_VERTEX_STATES


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (3, Failure.IMPORT),
        (13, Failure.SYSTEM),
        (8, Failure.SYSTEM),
        (14, Failure.SYSTEM),
        (7, Failure.FATAL),
        (9, Failure.FATAL),
        (404, Failure.FATAL),
    ],
)
def test_each_error_code_has_its_class(code: int, failure: Failure) -> None:
    assert failure_of(code) is failure

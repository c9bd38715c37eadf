from random import Random

import pytest

from infra.local.eventarc.delivery import Backoff
from infra.local.eventarc.events import ARCHIVED, DELETED, FINALIZED
from infra.local.eventarc.faults import NO_FAULTS, Faults
from infra.local.eventarc.routing import StorageRoutes, turn_target

ROUTES = StorageRoutes("in", "predictions")
METADATA = "google.cloud.storage.object.v1.metadataUpdated"


@pytest.mark.parametrize("kind", [FINALIZED, DELETED, ARCHIVED])
def test_what_comes_and_goes_in_the_input_bucket_is_for_intake(kind: str) -> None:
    assert ROUTES.target(kind, "in") == "intake"


def test_new_predictions_are_for_dispatch() -> None:
    assert ROUTES.target(FINALIZED, "predictions") == "dispatch"


@pytest.mark.parametrize(
    ("kind", "bucket"), [(DELETED, "predictions"), (FINALIZED, "work"), (FINALIZED, "output"), (METADATA, "in")]
)
def test_nothing_else_in_storage_is_for_anyone(kind: str, bucket: str) -> None:
    assert ROUTES.target(kind, bucket) is None


@pytest.mark.parametrize("function", ["intake", "stage", "dispatch", "collect"])
def test_a_turn_is_for_the_function_in_its_path(function: str) -> None:
    assert turn_target(f"turns/{function}/items/t~2") == function


@pytest.mark.parametrize("path", ["turns/other/items/t", "jobs/j/items/t", "turns/stage/other/t", "turns/stage"])
def test_a_document_elsewhere_is_for_nobody(path: str) -> None:
    assert turn_target(path) is None


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(first=0.2, longest=5.0)
    assert [backoff.pause(attempt) for attempt in (1, 2, 3, 6, 9_999)] == [0.2, 0.4, 0.8, 5.0, 5.0]


def test_without_faults_each_event_goes_once_and_at_once() -> None:
    random = Random(1)
    assert [NO_FAULTS.delays(random) for _ in range(50)] == [[0.0]] * 50


def test_a_certain_drop_beats_a_certain_duplicate() -> None:
    assert Faults(drop=1.0, duplicate=1.0).delays(Random(1)) == []


def test_a_duplicate_is_two_copies_each_with_a_delay_of_its_own() -> None:
    first, second = Faults(duplicate=1.0, max_delay=3.0).delays(Random(1))
    assert first != second
    assert 0.0 <= min(first, second) <= max(first, second) <= 3.0


def test_the_same_seed_gives_the_same_faults() -> None:
    faults = Faults(drop=0.3, duplicate=0.5, max_delay=2.0)
    one, two = Random(7), Random(7)
    assert [faults.delays(one) for _ in range(100)] == [faults.delays(two) for _ in range(100)]


def test_a_share_of_drops_is_about_that_share() -> None:
    random = Random(3)
    assert 200 < sum(not Faults(drop=0.25).delays(random) for _ in range(1000)) < 300

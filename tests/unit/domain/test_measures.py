"""What the service measures of itself."""

from datetime import UTC, datetime, timedelta

import pytest

from batchdrop.domain.measures import MEASURES, Event, per_second

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "seconds", "rate"), [(100, 4.0, 25.0), (1, 3.0, 0.3), (0, 1.0, 0.0), (5, 0.0, 5000.0)]
)
def test_a_rate_is_so_many_a_second_even_of_no_time(count: int, seconds: float, rate: float) -> None:
    assert per_second(count, NOON, NOON + timedelta(seconds=seconds)) == rate


def test_every_measured_line_has_a_measure_of_a_name_of_its_own() -> None:
    assert {event for measure in MEASURES for event in measure.events} == set(Event)
    assert len({measure.name for measure in MEASURES}) == len(MEASURES)

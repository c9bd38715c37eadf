import msgspec
import pytest

from batchdrop.domain.canary import CanaryReport, CanaryVerdict, judge

HALF_DONE = CanaryReport(results=5, errors=0, refused=0, open=5, answers=10, misfits=0)


def verdict(most: float = 0.1, **fields: int) -> CanaryVerdict:
    return judge(msgspec.structs.replace(HALF_DONE, **fields), most)


def test_a_canary_nobody_has_answered_decides_nothing() -> None:
    assert verdict(results=0, open=10, answers=0) is CanaryVerdict.OPEN
    assert verdict(most=1, results=0, open=10, answers=0) is CanaryVerdict.OPEN


def test_a_canary_passes_once_rows_that_are_open_could_not_make_it_fail() -> None:
    assert verdict(results=8, open=2) is CanaryVerdict.OPEN
    assert verdict(results=9, open=1) is CanaryVerdict.PASSED
    assert verdict(results=9, errors=1, open=0) is CanaryVerdict.PASSED


def test_a_canary_fails_once_rows_that_are_open_could_not_save_it() -> None:
    assert verdict(results=3, errors=2, open=5) is CanaryVerdict.FAILED
    assert verdict(results=3, errors=1, open=6) is CanaryVerdict.OPEN


def test_answers_that_do_not_fit_count_even_if_their_rows_are_asked_again() -> None:
    assert verdict(results=5, open=5, answers=10, misfits=5) is CanaryVerdict.FAILED
    assert verdict(results=10, open=0, answers=11, misfits=1) is CanaryVerdict.PASSED


@pytest.mark.parametrize("errors", [0, 1])
def test_with_no_share_allowed_a_single_error_is_too_many(errors: int) -> None:
    wanted = CanaryVerdict.FAILED if errors else CanaryVerdict.PASSED
    assert verdict(most=0, results=10 - errors, errors=errors, open=0) is wanted


def test_a_canary_of_errors_alone_passes_where_every_share_is_allowed() -> None:
    assert verdict(most=1, results=0, errors=10, open=0) is CanaryVerdict.PASSED

from decimal import Decimal

import pytest

from batchdrop.domain.budget import EVERYTHING, BudgetDay, FolderBudget, FolderDay, Reservation, parse_budgets

DAY = "2026-11-01"
REVIEWS, ALL = FolderBudget("reviews", Decimal(10)), FolderBudget(EVERYTHING, Decimal(15))


def reservation(usd: str, *folders: str) -> Reservation:
    return Reservation(day=DAY, folders=folders, usd=Decimal(usd))


def test_a_budget_covers_all_that_lies_below_its_folder() -> None:
    assert [REVIEWS.covers(name) for name in ("reviews/a.csv", "reviews/x/a.csv", "reviews.csv", "other/a.csv")] == [
        True,
        True,
        False,
        False,
    ]
    assert ALL.covers("a.csv")
    assert ALL.covers("reviews/x/a.csv")


def test_what_is_reserved_and_what_is_spent_leave_less_room_in_every_folder() -> None:
    book = BudgetDay(day=DAY).reserve(reservation("6", "reviews", EVERYTHING)).reserve(reservation("4", EVERYTHING))
    assert book.shortage((REVIEWS, ALL), Decimal(4)) == ""
    assert "budget of reviews for 2026-11-01 is 10.000000 USD" in book.shortage((REVIEWS, ALL), Decimal("4.01"))
    assert "budget of / for" in book.shortage((ALL,), Decimal("5.01"))


def test_settling_releases_what_was_reserved_and_books_what_it_came_to() -> None:
    held = reservation("6", "reviews", EVERYTHING)
    book = BudgetDay(day=DAY).reserve(held).reserve(reservation("1", "reviews")).settle(held, Decimal("2.5"))
    assert book.of("reviews") == FolderDay(folder="reviews", reserved=Decimal(1), spent=Decimal("2.5"))
    assert book.of(EVERYTHING) == FolderDay(folder=EVERYTHING, spent=Decimal("2.5"))


def test_a_job_may_take_the_last_cent() -> None:
    assert BudgetDay(day=DAY).shortage((REVIEWS,), Decimal(10)) == ""


def test_budgets_are_read_from_a_list() -> None:
    assert parse_budgets("reviews=10, /a=b/c/=0.5 , /=15,") == (
        REVIEWS,
        FolderBudget("a=b/c", Decimal("0.5")),
        ALL,
    )


@pytest.mark.parametrize("text", ["reviews", "reviews=", "=5", "reviews=ten", "reviews=-1", "reviews=NaN", "a=1,a/=2"])
def test_what_is_no_list_of_budgets_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"like reviews=|two budgets"):
        parse_budgets(text)

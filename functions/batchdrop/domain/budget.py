"""Budgets: what a folder may spend a day, what jobs that run have reserved of it, and what was spent."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import msgspec

from batchdrop.domain.money import NOTHING, written
from batchdrop.domain.refs import Document, Ref

EVERYTHING = "/"


class FolderBudget(msgspec.Struct, frozen=True):
    """US dollars that the inputs below a folder may cost a day (UTC); EVERYTHING is the whole bucket."""

    folder: str
    usd: Decimal

    def covers(self, name: str) -> bool:
        """Tell whether an input lies below the folder."""
        return self.folder == EVERYTHING or name.startswith(f"{self.folder}/")


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """What a job holds of the budgets of some folders on a day, from its admission until it is settled."""

    day: str
    folders: tuple[str, ...]
    usd: Decimal


class FolderDay(msgspec.Struct, frozen=True, kw_only=True):
    """A folder's account of a day, in US dollars: what jobs that have not ended reserved, and what others spent."""

    folder: str
    reserved: Decimal = NOTHING
    spent: Decimal = NOTHING

    @property
    def taken(self) -> Decimal:
        """What is no longer to be had."""
        return self.reserved + self.spent


class BudgetDay(Document, frozen=True, kw_only=True):
    """The accounts of all folders on a day. Only the budget step writes it: a document that many write is slow."""

    day: str
    folders: tuple[FolderDay, ...] = ()

    def of(self, folder: str) -> FolderDay:
        """A folder's account."""
        return next((each for each in self.folders if each.folder == folder), FolderDay(folder=folder))

    def reserve(self, wanted: Reservation) -> "BudgetDay":
        """Set an amount aside."""
        return self._change(wanted, wanted.usd, NOTHING)

    def settle(self, held: Reservation, paid: Decimal) -> "BudgetDay":
        """Release what was set aside, and book what it came to."""
        return self._change(held, -held.usd, paid)

    def shortage(self, budgets: Iterable[FolderBudget], usd: Decimal) -> str:
        """Say which budget has no room for an amount; nothing if all have."""
        for budget in budgets:
            account = self.of(budget.folder)
            if account.taken + usd > budget.usd:
                return (
                    f"The budget of {budget.folder} for {self.day} is {written(budget.usd)} USD: "
                    f"{written(account.spent)} are spent and {written(account.reserved)} reserved by running jobs."
                )
        return ""

    def _change(self, by: Reservation, reserved: Decimal, spent: Decimal) -> "BudgetDay":
        changed = {
            folder: FolderDay(
                folder=folder,
                reserved=self.of(folder).reserved + reserved,
                spent=self.of(folder).spent + spent,
            )
            for folder in by.folders
        }
        others = (each for each in self.folders if each.folder not in changed)
        folders = tuple(sorted((*others, *changed.values()), key=lambda each: each.folder))
        return msgspec.structs.replace(self, folders=folders)


def budget_ref(day: str) -> Ref[BudgetDay]:
    """Where the accounts of a day live."""
    return Ref(f"budgets/{day}", BudgetDay)


def parse_budgets(text: str) -> tuple[FolderBudget, ...]:
    """Read `folder=amount, folder=amount`; `/` is the whole bucket.

    Raises:
        ValueError: says what is wrong with it.
    """
    budgets = tuple(_parse_budget(entry.strip()) for entry in text.split(",") if entry.strip())
    if len({budget.folder for budget in budgets}) < len(budgets):
        raise ValueError("a folder has two budgets")
    return budgets


def _parse_budget(entry: str) -> FolderBudget:
    folder, separator, amount = entry.rpartition("=")
    try:
        usd = Decimal(amount.strip())
    except InvalidOperation:
        usd = Decimal("NaN")
    if not separator or not folder.strip() or not usd.is_finite() or usd < 0:
        raise ValueError(f"{entry!r} is not like reviews=12.50, an amount of US dollars a day")
    return FolderBudget(folder.strip().strip("/") or EVERYTHING, usd)

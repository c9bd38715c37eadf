"""Settings: one frozen object, made of the environment once, which reports every mistake at once."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.budget import FolderBudget, parse_budgets
from batchdrop.domain.errors import BadSettings
from batchdrop.domain.ids import ModelName
from batchdrop.domain.naming import UPLOAD_PARTS
from batchdrop.domain.price_list import parse_prices

_LABEL = re.compile(r"[a-z0-9_-]{1,63}")

_T = TypeVar("_T")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How this installation is set up. The upper-case name of a field is its environment variable."""

    google_cloud_project: str
    input_bucket: str
    work_bucket: str
    predictions_bucket: str
    output_bucket: str
    firestore_database: str = "batchdrop"
    installation: str = "batchdrop"
    vertex_location: str = "global"
    vertex_endpoint: str = ""
    default_model: ModelName = ModelName("")
    max_running_batches: int = 8
    budgets_usd_per_day: tuple[FolderBudget, ...] = ()
    prices: str = ""
    allowed_media_buckets: tuple[str, ...] | None = None
    ignored_prefixes: tuple[str, ...] = UPLOAD_PARTS
    shard_bytes: int = limits.SHARD_BYTES
    lot_rows: int = limits.LOT_ROWS
    batch_rows: int = limits.BATCH_ROWS
    answer_bytes: int = limits.ANSWER_BYTES
    retry_seconds: int = 60
    run_seconds: int = limits.RUN_SECONDS
    list_lag_seconds: int = limits.LIST_LAG_SECONDS
    listing_seconds: int = 3600

    @property
    def media_buckets(self) -> frozenset[str]:
        """Buckets that rows may point into: those allowed, the input bucket unless told."""
        return frozenset((self.input_bucket,) if self.allowed_media_buckets is None else self.allowed_media_buckets)

    @property
    def retry_wait(self) -> timedelta:
        """First wait before a row, a lot or a submission is tried again; it doubles."""
        return timedelta(seconds=self.retry_seconds)

    @property
    def run_limit(self) -> timedelta:
        """How long a run may take."""
        return timedelta(seconds=self.run_seconds)

    @property
    def lapse(self) -> timedelta:
        """When a turn or a claim is taken for lost: longer than a run, so its owner is dead by then, or a sleeper."""
        return self.run_limit * limits.LAPSE_SHARE

    @property
    def list_lag(self) -> timedelta:
        """How long Vertex's list may hide a job."""
        return timedelta(seconds=self.list_lag_seconds)

    @property
    def listing_interval(self) -> timedelta:
        """How often the tick looks for what no event told."""
        return timedelta(seconds=self.listing_seconds)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Make the settings of the environment.

    Raises:
        BadSettings: lists all that is missing, unreadable or contradictory.
    """
    source = _Source(environment)
    settings = Settings(
        google_cloud_project=source.required("GOOGLE_CLOUD_PROJECT"),
        input_bucket=source.required("INPUT_BUCKET"),
        work_bucket=source.required("WORK_BUCKET"),
        predictions_bucket=source.required("PREDICTIONS_BUCKET"),
        output_bucket=source.required("OUTPUT_BUCKET"),
        firestore_database=source.optional("FIRESTORE_DATABASE", str, "batchdrop"),
        installation=source.optional("INSTALLATION", _label, "batchdrop"),
        vertex_location=source.optional("VERTEX_LOCATION", str, "global"),
        vertex_endpoint=source.optional("VERTEX_ENDPOINT", str, ""),
        default_model=source.optional("DEFAULT_MODEL", ModelName, ModelName("")),
        max_running_batches=source.optional("MAX_RUNNING_BATCHES", _positive, 8),
        budgets_usd_per_day=source.optional("BUDGETS_USD_PER_DAY", parse_budgets, ()),
        prices=source.optional("PRICES", _prices, ""),
        allowed_media_buckets=source.optional("ALLOWED_MEDIA_BUCKETS", _listed, None),
        ignored_prefixes=source.optional("IGNORED_PREFIXES", _listed, UPLOAD_PARTS),
        shard_bytes=source.optional("SHARD_BYTES", _at_most(limits.SHARD_BYTES), limits.SHARD_BYTES),
        lot_rows=source.optional("LOT_ROWS", _at_most(limits.LOT_ROWS), limits.LOT_ROWS),
        batch_rows=source.optional("BATCH_ROWS", _at_most(limits.BATCH_ROWS), limits.BATCH_ROWS),
        answer_bytes=source.optional("ANSWER_BYTES", _at_most(limits.ANSWER_BYTES), limits.ANSWER_BYTES),
        retry_seconds=source.optional("RETRY_SECONDS", _positive, 60),
        run_seconds=source.optional("RUN_SECONDS", _at_most(limits.RUN_SECONDS), limits.RUN_SECONDS),
        list_lag_seconds=source.optional("LIST_LAG_SECONDS", _positive, limits.LIST_LAG_SECONDS),
        listing_seconds=source.optional("LISTING_SECONDS", _positive, 3600),
    )
    source.no_bucket_twice(settings)
    source.raise_mistakes()
    return settings


class _Source:
    """The environment, and the mistakes found in it so far."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._mistakes: list[str] = []

    def required(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if not value:
            self._mistakes.append(f"{name} is not set")
        return value

    def optional(self, name: str, parse: Callable[[str], _T], default: _T) -> _T:
        text = self._environment.get(name, "").strip()
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self._mistakes.append(f"{name} is {text!r}: {error}")
            return default

    def no_bucket_twice(self, settings: Settings) -> None:
        buckets = [
            settings.input_bucket,
            settings.work_bucket,
            settings.predictions_bucket,
            settings.output_bucket,
        ]
        named = [bucket for bucket in buckets if bucket]
        if len(set(named)) < len(named):
            self._mistakes.append("the four buckets must differ: a trigger selects a whole bucket")

    def raise_mistakes(self) -> None:
        if self._mistakes:
            raise BadSettings("The environment needs mending: " + "; ".join(self._mistakes))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("must be at least 1")
    return number


def _at_most(limit: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = _positive(text)
        if number > limit:
            raise ValueError(f"must be at most {limit}")
        return number

    return parse


def _prices(text: str) -> str:
    parse_prices(text)
    return text


def _label(text: str) -> str:
    """The value of a label, by which Vertex's list is filtered (docs: resource-manager/creating-managing-labels)."""
    if not _LABEL.fullmatch(text):
        raise ValueError("must be the value of a label: up to 63 small letters, digits, - and _")
    return text


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())

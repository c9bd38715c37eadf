"""Settings, made of an environment."""

from datetime import timedelta
from decimal import Decimal

import pytest

from batchdrop.domain import limits
from batchdrop.domain.budget import FolderBudget
from batchdrop.domain.errors import BadSettings
from batchdrop.domain.naming import UPLOAD_PARTS
from batchdrop.settings import Settings, read_settings

NEEDED = {
    "GOOGLE_CLOUD_PROJECT": "acme",
    "INPUT_BUCKET": "acme-input",
    "WORK_BUCKET": "acme-work",
    "PREDICTIONS_BUCKET": "acme-predictions",
    "OUTPUT_BUCKET": "acme-output",
}


def test_the_project_and_four_buckets_are_enough() -> None:
    assert read_settings(NEEDED) == Settings(
        google_cloud_project="acme",
        input_bucket="acme-input",
        work_bucket="acme-work",
        predictions_bucket="acme-predictions",
        output_bucket="acme-output",
    )


def test_left_alone_all_is_as_the_design_has_it() -> None:
    settings = read_settings(NEEDED)
    assert (settings.firestore_database, settings.installation) == ("batchdrop", "batchdrop")
    assert (settings.vertex_location, settings.vertex_endpoint, settings.default_model) == ("global", "", "")
    assert (settings.max_running_batches, settings.ignored_prefixes) == (8, UPLOAD_PARTS)
    assert (settings.shard_bytes, settings.lot_rows, settings.batch_rows) == (64 * 2**20, 50_000, 200_000)


def test_every_setting_is_read_from_the_variable_of_its_name() -> None:
    given = {
        "FIRESTORE_DATABASE": "other",
        "INSTALLATION": "blue",
        "VERTEX_LOCATION": "eu",
        "VERTEX_ENDPOINT": "http://127.0.0.1:1",
        "DEFAULT_MODEL": "gemini-3.5-flash",
        "MAX_RUNNING_BATCHES": "3",
        "BUDGETS_USD_PER_DAY": "reviews=20",
        "PRICES": '{"models": {}}',
        "ALLOWED_MEDIA_BUCKETS": "acme-input, acme-media",
        "IGNORED_PREFIXES": "tmp/, old/",
        "SHARD_BYTES": "1000",
        "LOT_ROWS": "10",
        "BATCH_ROWS": "20",
        "ANSWER_BYTES": "30",
        "RETRY_SECONDS": "7",
        "RUN_SECONDS": "90",
        "LIST_LAG_SECONDS": "5",
        "LISTING_SECONDS": "40",
    }
    settings = read_settings(NEEDED | given)
    assert {field.upper() for field in Settings.__struct_fields__} == (NEEDED | given).keys()
    assert (settings.firestore_database, settings.installation, settings.vertex_location) == ("other", "blue", "eu")
    assert (settings.vertex_endpoint, settings.default_model) == ("http://127.0.0.1:1", "gemini-3.5-flash")
    assert (settings.max_running_batches, settings.ignored_prefixes) == (3, ("tmp/", "old/"))
    assert (settings.shard_bytes, settings.lot_rows, settings.batch_rows) == (1000, 10, 20)
    assert settings.answer_bytes == 30
    assert settings.budgets_usd_per_day == (FolderBudget("reviews", Decimal(20)),)
    assert settings.media_buckets == {"acme-input", "acme-media"}
    assert (settings.retry_seconds, settings.run_seconds, settings.list_lag_seconds) == (7, 90, 5)
    assert settings.listing_interval == timedelta(seconds=40)


@pytest.mark.parametrize("name", sorted(NEEDED))
@pytest.mark.parametrize("given", [{}, {"value": ""}, {"value": "  "}])
def test_what_is_needed_and_not_set_is_named(name: str, given: dict[str, str]) -> None:
    environment = {each: value for each, value in NEEDED.items() if each != name}
    if given:
        environment[name] = given["value"]
    with pytest.raises(BadSettings, match=f"{name} is not set"):
        read_settings(environment)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(BadSettings) as caught:
        read_settings({"WORK_BUCKET": "same", "INPUT_BUCKET": "same", "LOT_ROWS": "many", "SHARD_BYTES": "0"})
    told = str(caught.value)
    for mistake in ("GOOGLE_CLOUD_PROJECT", "PREDICTIONS_BUCKET", "OUTPUT_BUCKET", "LOT_ROWS", "SHARD_BYTES", "differ"):
        assert mistake in told


def test_an_empty_variable_counts_as_not_given() -> None:
    assert read_settings(NEEDED | {"LOT_ROWS": "", "DEFAULT_MODEL": " "}) == read_settings(NEEDED)


def test_blanks_around_a_value_are_not_part_of_it() -> None:
    assert read_settings(NEEDED | {"OUTPUT_BUCKET": " acme-output\n"}) == read_settings(NEEDED)


@pytest.mark.parametrize(
    ("name", "limit"),
    [("SHARD_BYTES", limits.SHARD_BYTES), ("LOT_ROWS", limits.LOT_ROWS), ("BATCH_ROWS", limits.BATCH_ROWS)],
)
def test_what_the_platform_bounds_may_be_set_to_its_bound_and_no_higher(name: str, limit: int) -> None:
    assert getattr(read_settings(NEEDED | {name: str(limit)}), name.lower()) == limit
    with pytest.raises(BadSettings, match=f"at most {limit}"):
        read_settings(NEEDED | {name: str(limit + 1)})


@pytest.mark.parametrize("name", ["MAX_RUNNING_BATCHES", "SHARD_BYTES", "LOT_ROWS", "BATCH_ROWS"])
@pytest.mark.parametrize("text", ["0", "-1", "1.5", "many"])
def test_a_number_that_is_none_is_told_with_its_variable(name: str, text: str) -> None:
    with pytest.raises(BadSettings, match=f"{name} is '{text}'"):
        read_settings(NEEDED | {name: text})


@pytest.mark.parametrize("other", ["WORK_BUCKET", "PREDICTIONS_BUCKET", "OUTPUT_BUCKET"])
def test_a_bucket_serves_one_purpose(other: str) -> None:
    with pytest.raises(BadSettings, match="must differ"):
        read_settings(NEEDED | {other: NEEDED["INPUT_BUCKET"]})


def test_no_prefix_at_all_can_be_ignored_by_naming_none() -> None:
    assert read_settings(NEEDED | {"IGNORED_PREFIXES": ","}).ignored_prefixes == ()


def test_rows_may_point_into_the_input_bucket_unless_told_otherwise() -> None:
    assert read_settings(NEEDED).media_buckets == {"acme-input"}
    assert read_settings(NEEDED | {"ALLOWED_MEDIA_BUCKETS": "acme-media"}).media_buckets == {"acme-media"}
    assert read_settings(NEEDED | {"ALLOWED_MEDIA_BUCKETS": ","}).media_buckets == frozenset()


@pytest.mark.parametrize("text", ["Blue", "a b", 'x" OR labels.a="b', "a" * 64])
def test_an_installation_is_called_as_a_label_may_be(text: str) -> None:
    with pytest.raises(BadSettings, match="INSTALLATION is"):
        read_settings(NEEDED | {"INSTALLATION": text})

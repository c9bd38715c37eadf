"""The functions as deployed, held against the code: entry points, settings, sizes."""

import ast
import sysconfig
from pathlib import Path

import pytest

from batchdrop.domain import limits
from batchdrop.domain.budget import parse_budgets
from batchdrop.domain.turn import Function
from batchdrop.settings import Settings, read_settings
from infra.local.installation import function_environment
from tests.bench.cases import MEMORY_MB
from tests.infra.plan import Plan
from tests.infra.sizes import PYTHON_AND_CLIENTS_MB
from tests.infra.terraform import ROOT, Json

pytestmark = pytest.mark.timeout(900)

LEFT_TO_THE_CODE = {
    "ANSWER_BYTES",
    "BATCH_ROWS",
    "IGNORED_PREFIXES",
    "LISTING_SECONDS",
    "LIST_LAG_SECONDS",
    "LOT_ROWS",
    "PRICES",
    "RETRY_SECONDS",
    "SHARD_BYTES",
    "VERTEX_ENDPOINT",
}
"""Settings whose defaults are right in the cloud; `var.settings` can set them."""


def of_functions(plan: Plan) -> dict[Function, Json]:
    made = plan.of("google_cloudfunctions2_function")
    return {Function(address.split('"')[1]): function for address, function in made.items()}


def environment_of(function: Json) -> dict[str, str]:
    environment: dict[str, str] = function["service_config"][0]["environment_variables"]
    return environment


def test_each_entry_point_is_a_function_and_each_function_an_entry_point(plan: Plan) -> None:
    tree = ast.parse((ROOT / "functions" / "main.py").read_text())
    decorated = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Attribute) and mark.attr == "cloud_event" for mark in node.decorator_list)
    }
    deployed = {made["build_config"][0]["entry_point"] for made in of_functions(plan).values()}
    assert decorated == deployed == set(Function)


def test_every_setting_is_given_or_left_to_its_default_on_purpose(plan: Plan) -> None:
    settings = {field.upper() for field in Settings.__struct_fields__}
    for made in of_functions(plan).values():
        assert settings - environment_of(made).keys() == LEFT_TO_THE_CODE


def test_every_variable_is_a_setting_or_is_read_by_a_library(plan: Plan) -> None:
    settings = {field.upper() for field in Settings.__struct_fields__}
    for made in of_functions(plan).values():
        for name in environment_of(made).keys() - settings:
            assert read_by_a_library(name), name


def test_the_settings_are_sound(plan: Plan) -> None:
    for made in of_functions(plan).values():
        settings = read_settings(environment_of(made))
        assert settings.google_cloud_project == "acme-batch"
        assert settings.input_bucket == plan.at("google_storage_bucket.input")["name"]
        assert settings.work_bucket == plan.at("google_storage_bucket.work")["name"]
        assert settings.predictions_bucket == plan.at("google_storage_bucket.predictions")["name"]
        assert settings.output_bucket == plan.at("google_storage_bucket.output")["name"]
        assert settings.default_model == "gemini-3.5-flash-lite"
        assert settings.budgets_usd_per_day == parse_budgets("/=100,reviews=12.5")
        assert settings.firestore_database == plan.at("google_firestore_database.this")["name"]


def test_what_the_local_functions_are_given_is_given_in_the_cloud(plan: Plan) -> None:
    local = function_environment(firestore_host="", storage_url="", vertex_url="", database="", over={})
    endpoints = {"FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "VERTEX_ENDPOINT"}
    of_a_machine = {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ"}
    for made in of_functions(plan).values():
        assert local.keys() - endpoints - of_a_machine <= environment_of(made).keys()


def test_a_run_ends_when_the_code_thinks_it_does(plan: Plan) -> None:
    for made in of_functions(plan).values():
        settings = read_settings(environment_of(made))
        seconds = made["service_config"][0]["timeout_seconds"]
        assert seconds == settings.run_seconds <= limits.RUN_SECONDS
        assert environment_of(made)["CLOUD_RUN_TIMEOUT_SECONDS"] == str(seconds)
        assert environment_of(made)["THREADED_TIMEOUT_ENABLED"] == "true"


def test_rows_are_worked_on_one_request_at_a_time(plan: Plan) -> None:
    for function in (Function.INTAKE, Function.STAGE, Function.COLLECT):
        assert of_functions(plan)[function]["service_config"][0]["max_instance_request_concurrency"] == 1


def test_a_function_has_twice_the_memory_that_the_bench_allows_its_steps(plan: Plan) -> None:
    for made in of_functions(plan).values():
        gib = int(made["service_config"][0]["available_memory"].removesuffix("Gi"))
        assert gib * 1024 >= 2 * (MEMORY_MB + PYTHON_AND_CLIENTS_MB)


def test_a_request_has_a_thread(plan: Plan) -> None:
    for made in of_functions(plan).values():
        threads = int(environment_of(made)["THREADS"])
        assert threads >= max(2, made["service_config"][0]["max_instance_request_concurrency"])


def test_all_functions_are_of_one_archive_whose_name_has_its_hash(plan: Plan) -> None:
    sources = [made["build_config"][0]["source"][0]["storage_source"][0] for made in of_functions(plan).values()]
    (source,) = {(source["bucket"], source["object"]) for source in sources}
    name = plan.at("google_storage_bucket_object.source")["name"]
    assert source == (plan.at("google_storage_bucket.source")["name"], name)
    assert len(name.removeprefix("functions/").removesuffix(".zip")) == 64


def read_by_a_library(name: str) -> bool:
    """Whether the source of what reads such variables names it."""
    packages = Path(sysconfig.get_paths()["purelib"])
    sources = [*packages.glob("functions_framework/**/*.py"), *packages.glob("google/cloud/storage/**/*.py")]
    return any(name in source.read_text() for source in sources)

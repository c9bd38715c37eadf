"""Metrics, dashboard and alerts, held against the log lines that the code writes."""

import json
import re

import pytest

from batchdrop.domain.measures import MEASURES, Event, Measure
from batchdrop.domain.states import TERMINAL_JOB_STATES
from tests.infra.observed import Observed
from tests.infra.plan import Plan
from tests.infra.terraform import Json

pytestmark = pytest.mark.timeout(900)

COMPONENT = "component"
"""The log itself puts it on every line (tests/unit/test_logs.py)."""

NOT_IN_SCENARIOS = {Event.EVENT_FAILED}


def metric_of(plan: Plan, measure: Measure) -> Json:
    return plan.at(f'google_logging_metric.this["{measure.name}"]')


def events_in(text: str) -> set[str]:
    (alternatives,) = re.findall(r"jsonPayload\.message=\(([^)]*)\)", text)
    return set(re.findall(r'"([^"]+)"', alternatives))


def test_the_code_and_terraform_name_the_same_metrics(plan: Plan) -> None:
    made = {address.split('"')[1] for address in plan.of("google_logging_metric")}
    assert made == {measure.name for measure in MEASURES}


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_a_metric_is_made_of_the_lines_and_fields_the_code_says(plan: Plan, measure: Measure) -> None:
    metric = metric_of(plan, measure)
    assert events_in(metric["filter"]) == set(measure.events)
    assert metric["value_extractor"] == (f"EXTRACT(jsonPayload.{measure.value})" if measure.value else None)
    labels = {label: f"EXTRACT(jsonPayload.{label})" for label in measure.labels}
    assert (metric["label_extractors"] or {}) == labels
    (descriptor,) = metric["metric_descriptor"]
    assert {label["key"] for label in descriptor["labels"]} == set(measure.labels)
    assert descriptor["value_type"] == ("DISTRIBUTION" if measure.value else "INT64")


def test_a_metric_counts_lines_of_this_installation_s_functions(plan: Plan) -> None:
    functions = {made["name"] for made in plan.of("google_cloudfunctions2_function").values()}
    for metric in plan.of("google_logging_metric").values():
        (named,) = re.findall(r"service_name=\(([^)]*)\)", metric["filter"])
        assert set(re.findall(r'"([^"]+)"', named)) == functions


@pytest.mark.parametrize("measure", MEASURES, ids=lambda measure: measure.name)
def test_the_lines_are_written_and_have_the_fields(observed: Observed, measure: Measure) -> None:
    lines = [line for line in observed.lines if line.event in measure.events]
    assert {line.event for line in lines} | NOT_IN_SCENARIOS >= set(measure.events)
    for line in lines:
        assert set(measure.labels) - {COMPONENT} <= line.fields.keys()
    if measure.value:
        values = [value for line in lines if (value := line.fields.get(measure.value)) is not None]
        assert values
        assert [value for value in values if not isinstance(value, int | float)] == []


def test_rows_that_ended_sum_to_the_rows_of_jobs_that_ended(observed: Observed) -> None:
    by_outcome = sum(int(str(line.fields["rows"])) for line in observed.lines if line.event == Event.ROWS_ENDED)
    whole = sum(int(str(line.fields.get("rows", 0))) for line in observed.lines if line.event == Event.JOB_ENDED)
    assert by_outcome == whole > 0


def test_dashboard_and_alerts_show_metrics_that_exist_and_every_metric_is_shown(plan: Plan) -> None:
    names = {metric["name"] for metric in plan.of("google_logging_metric").values()}
    dashboard = json.loads(plan.at("google_monitoring_dashboard.this")["dashboard_json"])
    tiles = dashboard["mosaicLayout"]["tiles"]
    queries = [
        data["timeSeriesQuery"]["prometheusQuery"] for tile in tiles for data in tile["widget"]["xyChart"]["dataSets"]
    ]
    shown = {
        re.sub(r"_(sum|count|bucket)$", "", found)
        for query in queries
        for found in re.findall(r"logging_googleapis_com:user_(\w+)", query)
    }
    assert shown == names
    alerts = str(plan.of("google_monitoring_alert_policy"))
    assert set(re.findall(r"logging\.googleapis\.com/user/(\w+)", alerts)) <= names


def test_each_kind_of_chart_fits_its_metric(plan: Plan) -> None:
    dashboard = plan.at("google_monitoring_dashboard.this")["dashboard_json"]
    for measure in MEASURES:
        used = set(re.findall(rf"user_batchdrop_{measure.name}(_sum|_count|_bucket|(?=\{{))", dashboard))
        assert used <= ({"_sum", "_count", "_bucket"} if measure.value else {""}), measure.name


def test_a_failed_job_is_a_state_that_jobs_end_in(plan: Plan) -> None:
    policy = str(plan.at("google_monitoring_alert_policy.failed_job"))
    (state,) = re.findall(r'metric\.labels\.state="(\w+)"', policy)
    assert state in {str(ended) for ended in TERMINAL_JOB_STATES}


def test_there_is_an_alert_for_all_that_needs_a_person(plan: Plan) -> None:
    policies = {address.split(".")[1] for address in plan.of("google_monitoring_alert_policy")}
    assert policies == {"failed_job", "dead_letters", "old_work", "no_tick"}
    for policy in plan.of("google_monitoring_alert_policy").values():
        assert policy["documentation"][0]["content"]

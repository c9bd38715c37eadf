"""Who deploys and who reviews, held against what there is to deploy."""

import re

import pytest

from tests.infra.plan import Plan
from tests.infra.terraform import ROOT

pytestmark = pytest.mark.timeout(900)

ADMINISTERED_BY = {
    "artifact_registry": "roles/artifactregistry.admin",
    "cloud_run": "roles/run.admin",
    "cloud_scheduler": "roles/cloudscheduler.admin",
    "cloudfunctions2": "roles/cloudfunctions.admin",
    "eventarc": "roles/eventarc.admin",
    "firestore": "roles/datastore.owner",
    "logging": "roles/logging.configWriter",
    "monitoring": "roles/monitoring.editor",
    "project_iam_audit_config": "roles/resourcemanager.projectIamAdmin",
    "project_iam_custom_role": "roles/iam.roleAdmin",
    "project_iam_member": "roles/resourcemanager.projectIamAdmin",
    "project_service": "roles/serviceusage.serviceUsageAdmin",
    "pubsub": "roles/pubsub.admin",
    "service_account": "roles/iam.serviceAccountAdmin",
    "storage": "roles/storage.admin",
}
"""The role that makes resources whose type begins so."""

ELSEWHERE = {"billing_budget", "kms_crypto_key_iam_member"}
"""Made on a billing account and on a key, where whoever owns those grants it (README, Deploy)."""

TO_BUILD = "roles/logging.logWriter"


def types_to_deploy() -> set[str]:
    texts = [path.read_text() for path in (ROOT / "infra").glob("*.tf")]
    return {kind for text in texts for kind in re.findall(r'^resource "google_(\w+)"', text, re.MULTILINE)}


def roles_of(plan: Plan, member: str) -> set[str]:
    return {grant.role for grant in plan.grants() if grant.member == f"serviceAccount:{member}"}


def administers(kind: str) -> str:
    """The role of the longest beginning that fits."""
    beginnings = [beginning for beginning in ADMINISTERED_BY if kind.startswith(beginning)]
    assert beginnings, f"who may make a google_{kind}?"
    return ADMINISTERED_BY[max(beginnings, key=len)]


def test_the_deploy_account_may_make_what_there_is_and_nothing_else(bootstrap: Plan) -> None:
    needed = {administers(kind) for kind in types_to_deploy() - ELSEWHERE}
    assert roles_of(bootstrap, "deploy") == needed | {TO_BUILD}


def test_it_may_not_act_as_every_account_of_the_project(bootstrap: Plan) -> None:
    assert "roles/iam.serviceAccountUser" not in roles_of(bootstrap, "deploy")
    assert roles_of(bootstrap, "deploy").isdisjoint({"roles/owner", "roles/editor"})


def test_what_reviews_reads_the_state_and_writes_nothing_but_logs(bootstrap: Plan) -> None:
    held = {(grant.role, grant.on) for grant in bootstrap.grants() if grant.member == "serviceAccount:review"}
    assert held == {
        ("roles/browser", ""),
        ("roles/logging.logWriter", ""),
        ("roles/serviceusage.serviceUsageConsumer", ""),
        ("roles/storage.objectViewer", "acme-batch-batchdrop-state"),
    }


@pytest.mark.parametrize(
    ("trigger", "account", "filename", "event"),
    [
        ("main", "deploy", "cloudbuild.yaml", "push"),
        ("pull_request", "review", "cloudbuild-pull-request.yaml", "pull_request"),
    ],
)
def test_each_build_runs_as_its_own_account(
    bootstrap: Plan, trigger: str, account: str, filename: str, event: str
) -> None:
    (made,) = bootstrap.of(f"google_cloudbuild_trigger.{trigger}").values()
    assert (made["service_account"], made["filename"]) == (account, filename)
    assert (ROOT / filename).is_file()
    assert made["repository_event_config"][0][event][0]["branch"] == "^main$"


def test_strangers_code_waits_for_a_look(bootstrap: Plan) -> None:
    (made,) = bootstrap.of("google_cloudbuild_trigger.pull_request").values()
    (event,) = made["repository_event_config"][0]["pull_request"]
    assert event["comment_control"].startswith("COMMENTS_ENABLED")

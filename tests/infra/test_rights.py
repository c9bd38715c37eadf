"""What accounts may do, held against what the code does: no less, and no more."""

import pytest

from batchdrop.domain.turn import Function
from tests.infra.observed import Observed, Use
from tests.infra.plan import Plan

pytestmark = pytest.mark.timeout(900)

BUCKETS = {
    "acme-batch-batchdrop-input": "input",
    "acme-batch-batchdrop-work": "work",
    "acme-batch-batchdrop-predictions": "predictions",
    "acme-batch-batchdrop-output": "output",
}

NEEDS = {
    # A missing object is 403 instead of 404 to whoever may not list.
    "objects.stat": {"get", "list"},
    "objects.read": {"get", "list"},
    # What is sent again after its answer was lost overwrites what it made, which deletes that.
    "objects.write": {"create", "delete"},
    "objects.write_at": {"create", "delete"},
    "objects.compose": {"get", "create", "delete"},
    "objects.rewrite:from": {"get"},
    "objects.rewrite:to": {"create", "delete"},
    "objects.list": {"list"},
    "objects.delete": {"delete"},
}
"""Permissions `storage.objects.*` of each call (docs: storage/docs/access-control/iam-json)."""

VERTEX_NEEDS = {
    "batches.create": "create",
    "batches.get": "get",
    "batches.find": "list",
    "batches.of_installation": "list",
    "batches.cancel": "cancel",
}
"""Permissions `aiplatform.batchPredictionJobs.*` of each call."""

ROLES = {
    "roles/storage.objectViewer": {"get", "list"},
    "roles/storage.objectUser": {"get", "list", "create", "delete", "update"},
}
"""What roles hold of `storage.objects.*` (docs: storage/docs/access-control/iam-roles)."""

SELDOM: dict[str, Use] = {
    "output objects.list": (Function.COLLECT, "objects.list", "output"),
    "answer_store objects.read": (Function.COLLECT, "objects.read", "work"),
    "asked objects.read": (Function.COLLECT, "objects.read", "work"),
    "prices objects.read": (Function.INTAKE, "objects.read", "input"),
    "sweep batches.cancel": (Function.DISPATCH, "batches.cancel", ""),
}
"""Calls that scenarios need not come past: who makes them."""


@pytest.fixture(scope="module")
def uses(observed: Observed) -> set[Use]:
    return observed.uses | {SELDOM[site] for site in observed.missed() & SELDOM.keys()}


def test_every_call_is_seen_or_accounted_for(observed: Observed) -> None:
    assert observed.missed() <= SELDOM.keys()


def test_a_function_has_the_smallest_role_for_what_it_does_in_a_bucket_and_none_elsewhere(
    uses: set[Use], plan: Plan
) -> None:
    needed: dict[tuple[str, str], set[str]] = {}
    for function, call, bucket in uses:
        if bucket:
            needed.setdefault((str(function), bucket), set()).update(NEEDS[call])
    smallest = {
        place: min(roles(permissions), key=lambda role: len(ROLES[role])) for place, permissions in needed.items()
    }
    granted = {
        (grant.member.removeprefix("serviceAccount:"), BUCKETS[grant.on]): grant.role
        for grant in plan.grants()
        if grant.on in BUCKETS and grant.member.removeprefix("serviceAccount:") in set(Function)
    }
    assert granted == smallest


def test_only_who_asks_vertex_may_and_only_what_it_asks(uses: set[Use], plan: Plan) -> None:
    asking = {(str(function), VERTEX_NEEDS[call]) for function, call, _ in uses if call in VERTEX_NEEDS}
    (role,) = plan.of("google_project_iam_custom_role").values()
    holders = [
        grant.member.removeprefix("serviceAccount:") for grant in plan.grants() if grant.role.endswith("_batches")
    ]
    permissions = {name.removeprefix("aiplatform.batchPredictionJobs.") for name in role["permissions"]}
    assert {(holder, permission) for holder in holders for permission in permissions} == asking


def test_each_function_may_write_documents_of_its_own_database_only(plan: Plan) -> None:
    grants = plan.of("google_project_iam_member")
    documents = [made for made in grants.values() if made["role"] == "roles/datastore.user"]
    assert {made["member"].removeprefix("serviceAccount:") for made in documents} == set(Function)
    for made in documents:
        (condition,) = made["condition"]
        assert condition["expression"] == 'resource.name == "projects/acme-batch/databases/batchdrop"'


def test_each_function_runs_as_its_own_account(plan: Plan) -> None:
    for address, made in plan.of("google_cloudfunctions2_function").items():
        assert made["service_config"][0]["service_account_email"] == address.split('"')[1]


def test_nothing_is_open_to_everybody(plan: Plan) -> None:
    text = str(plan.all())
    assert "allUsers" not in text
    assert "allAuthenticatedUsers" not in text
    buckets = plan.of("google_storage_bucket").values()
    assert {made["public_access_prevention"] for made in buckets} == {"enforced"}
    assert {made["uniform_bucket_level_access"] for made in buckets} == {True}


def test_no_account_has_a_basic_or_an_administrators_role(plan: Plan) -> None:
    roles = {grant.role for grant in plan.grants()}
    assert roles.isdisjoint({"roles/owner", "roles/editor", "roles/viewer"})
    assert [role for role in roles if "admin" in role.lower()] == []


def test_runtime_accounts_hold_nothing_on_the_whole_project_but_documents_vertex_and_events(plan: Plan) -> None:
    held = {(grant.member, grant.role) for grant in plan.grants() if grant.on == ""}
    ours = {(member.removeprefix("serviceAccount:"), role) for member, role in held if not member.endswith("-agent")}
    assert ours == {
        *((str(function), "roles/datastore.user") for function in Function),
        ("dispatch", "projects/acme-batch/roles/batchdrop_batches"),
        ("events", "roles/eventarc.eventReceiver"),
        ("build", "roles/logging.logWriter"),
        ("build", "roles/storage.objectViewer"),
    }


def test_what_builds_reads_sources_and_no_bucket_of_data(plan: Plan) -> None:
    (condition,) = plan.at("google_project_iam_member.build_sources")["condition"]
    assert condition["expression"] == 'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-")'
    assert {grant.on for grant in plan.grants() if grant.member.endswith(":build")} & BUCKETS.keys() == set()


def test_only_the_account_that_delivers_events_may_call_a_function(plan: Plan) -> None:
    callers = {(grant.member, grant.on) for grant in plan.grants() if grant.role == "roles/run.invoker"}
    assert callers == {("serviceAccount:events", f"batchdrop-{function}") for function in Function}
    functions = plan.of("google_cloudfunctions2_function").values()
    assert {made["service_config"][0]["ingress_settings"] for made in functions} == {"ALLOW_INTERNAL_ONLY"}


def test_vertex_may_read_requests_and_media_and_write_predictions(plan: Plan) -> None:
    held = {(BUCKETS[grant.on], grant.role) for grant in plan.grants() if grant.member.endswith("aiplatform-agent")}
    assert held == {
        ("work", "roles/storage.objectViewer"),
        ("work", "roles/storage.legacyBucketReader"),
        ("input", "roles/storage.objectViewer"),
        ("predictions", "roles/storage.objectUser"),
        ("predictions", "roles/storage.legacyBucketReader"),
    }


def test_there_are_no_keys_to_lose(plan: Plan) -> None:
    assert [address for address in plan.all() if "service_account_key" in address or "hmac" in address] == []


def roles(permissions: set[str]) -> list[str]:
    """Roles that hold all of them."""
    return [role for role, held in ROLES.items() if permissions <= held]

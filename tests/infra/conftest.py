"""Terraform, initialised once a run, and its plan."""

import os

import pytest

from tests.infra.observed import Observed
from tests.infra.plan import Plan
from tests.infra.terraform import REQUIRED, Terraform, Unavailable


@pytest.fixture(scope="session")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    """The real terraform on a copy of infra/, with its providers."""
    made = Terraform.on_copy(tmp_path_factory.mktemp("terraform"))
    try:
        made.init()
    except Unavailable as unavailable:
        do_without(f"INFRA NOT CHECKED: {unavailable}")
    return made


@pytest.fixture(scope="session")
def plan(terraform: Terraform) -> Plan:
    """What would be made of few variables."""
    return Plan(terraform.planned("plan.tftest.hcl"))


@pytest.fixture(scope="session")
def bootstrap(terraform: Terraform) -> Plan:
    """What bootstrap/ would make, with build triggers."""
    at = terraform.at("infra/bootstrap")
    at.init()
    return Plan(at.planned("plan.tftest.hcl"))


@pytest.fixture(scope="session")
def observed() -> Observed:
    """What the code does to buckets, documents and Vertex."""
    seen = Observed()
    seen.watch_all()
    return seen


def do_without(why: str) -> None:
    """Go on without, for all to see; or fail where that is not allowed."""
    if os.environ.get(REQUIRED):
        pytest.fail(f"{why} ({REQUIRED} is set)")
    pytest.skip(why)

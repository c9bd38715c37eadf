"""The builds: what they run, in which order, with what."""

import importlib.util
import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.infra.terraform import ROOT

DEPLOY, REVIEW = "cloudbuild.yaml", "cloudbuild-pull-request.yaml"
BUILT_IN = {"BRANCH_NAME", "BUILD_ID"}


def build(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())
    return content


def script(step: dict[str, Any]) -> str:
    """What a step runs, as the shell sees it."""
    return "\n".join(step["args"]).replace("$$", "$")


def steps(name: str) -> dict[str, str]:
    return {step["id"]: script(step) for step in build(name)["steps"]}


def terraform_verbs(name: str) -> list[str]:
    return re.findall(r"^\s*terraform (\w+)", "\n".join(steps(name).values()), re.MULTILINE)


def test_main_is_tested_planned_applied_set_up_and_tried_in_this_order() -> None:
    assert list(steps(DEPLOY)) == ["terraform", "test", "plan", "apply", "subscriptions", "smoke"]
    assert terraform_verbs(DEPLOY) == ["fmt", "init", "validate", "test", "plan", "apply", "output"]


def test_what_is_applied_is_what_was_planned() -> None:
    (planned,) = re.findall(r"-out=(\S+)", steps(DEPLOY)["plan"])
    assert f"terraform apply -input=false {planned}\n" in steps(DEPLOY)["apply"]


@pytest.mark.parametrize(("branch", "code"), [("main", 0), ("other", 1)])
def test_only_main_is_applied(branch: str, code: int) -> None:
    guarded = steps(DEPLOY)["apply"].split("\n", 1)[1].replace("${BRANCH_NAME}", branch)
    without_terraform = re.sub(r"terraform (apply|output).*", "true", guarded)
    assert subprocess.run(["/bin/sh", "-c", without_terraform], capture_output=True, check=False).returncode == code


def test_a_pull_request_changes_nothing() -> None:
    assert list(steps(REVIEW)) == ["terraform", "test", "plan"]
    assert terraform_verbs(REVIEW) == ["fmt", "init", "validate", "test", "plan"]
    assert "-refresh=false -lock=false" in steps(REVIEW)["plan"]


def test_a_pull_request_is_tested_as_main_is() -> None:
    assert build(REVIEW)["steps"][:2] == build(DEPLOY)["steps"][:2]


@pytest.mark.parametrize("name", [DEPLOY, REVIEW])
def test_every_variable_is_the_build_s_or_escaped(name: str) -> None:
    content = build(name)
    given = set(content["substitutions"]) | BUILT_IN
    text = "\n".join("\n".join(step["args"]) for step in content["steps"])
    assert set(re.findall(r"(?<!\$)\$\{?(\w+)", text)) <= given


@pytest.mark.parametrize("name", [DEPLOY, REVIEW])
def test_scripts_are_sound_shell(name: str) -> None:
    for step in build(name)["steps"]:
        if step.get("entrypoint") in {"sh", "bash"}:
            checked = subprocess.run(
                ["/bin/bash", "-n"], input=script(step), text=True, capture_output=True, check=False
            )
            assert checked.stderr == ""


@pytest.mark.parametrize("name", [DEPLOY, REVIEW])
def test_terraform_is_required_images_are_pinned_and_logs_go_where_they_may(name: str) -> None:
    content = build(name)
    assert {step["id"]: step.get("env") for step in content["steps"]}["test"] == ["BATCHDROP_REQUIRE_TERRAFORM=1"]
    assert [step["name"] for step in content["steps"] if ":" not in step["name"]] == []
    assert content["options"]["logging"] == "CLOUD_LOGGING_ONLY"


def test_the_modules_that_it_runs_exist() -> None:
    modules = re.findall(r"-m\n(\S+)", "\n".join(steps(DEPLOY).values()))
    assert modules == ["infra.deploy.subscriptions", "infra.deploy.smoke"]
    assert [module for module in modules if importlib.util.find_spec(module) is None] == []


def test_the_environment_named_by_default_has_its_files() -> None:
    for name in (DEPLOY, REVIEW):
        environment = build(name)["substitutions"]["_ENVIRONMENT"]
        assert (ROOT / f"infra/environments/{environment}.tfvars").is_file()
        assert (ROOT / f"infra/environments/{environment}.gcs.tfbackend").is_file()

"""The configuration as terraform itself judges it, and that its judgement can be bad."""

import shutil
from pathlib import Path

import pytest

from tests.infra.terraform import ROOT, Terraform

pytestmark = pytest.mark.timeout(900)

FOLDERS = ("infra", "infra/bootstrap")


def test_it_is_formatted(terraform: Terraform) -> None:
    assert terraform.run("fmt", "-check", "-diff", "-recursive").said == ""


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_is_valid(terraform: Terraform, folder: str) -> None:
    at = terraform.at(folder)
    at.init()
    assert at.run("validate").code == 0, at.run("validate").said


@pytest.mark.parametrize("folder", FOLDERS)
def test_its_own_tests_pass(terraform: Terraform, folder: str) -> None:
    at = terraform.at(folder)
    at.init()
    ran = at.run("test", seconds=600)
    assert ran.code == 0, ran.said
    assert "0 failed" in ran.said


def test_every_exception_from_the_policy_scan_says_why() -> None:
    lines = [line for path in (ROOT / "infra").rglob("*.tf") for line in path.read_text().splitlines()]
    exceptions = [line.split(":", 2) for line in lines if "checkov:skip" in line]
    assert exceptions
    assert [parts for parts in exceptions if len(parts) < 3 or len(parts[2].split()) < 5] == []


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("functions.tf", "available_memory ", "available_memry "),
        ("triggers.tf", "event_data_content_type", "event_content_type"),
        ("buckets.tf", "soft_delete_policy {", "soft_delete {"),
        ("bootstrap/state.tf", "public_access_prevention", "public_access_prevented"),
    ],
)
def test_a_misspelt_argument_is_found(terraform: Terraform, tmp_path: Path, file: str, right: str, wrong: str) -> None:
    copy = shutil.copytree(terraform.folder, tmp_path / "infra", symlinks=True)
    text = (copy / file).read_text()
    assert right in text
    (copy / file).write_text(text.replace(right, wrong))
    shutil.copytree(terraform.folder.parent / "functions", tmp_path / "functions")
    shutil.copy(terraform.folder.parent / "requirements.txt", tmp_path)
    ran = Terraform(tmp_path, str(Path("infra", file).parent)).run("validate")
    assert ran.code == 1
    assert wrong.split(" ", maxsplit=1)[0] in ran.said

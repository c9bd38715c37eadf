"""Where infra/ cannot be checked, that is said, and fails where it must not be."""

from pathlib import Path

import pytest

from tests.infra.conftest import do_without
from tests.infra.terraform import REQUIRED, Terraform, Unavailable

pytestmark = pytest.mark.timeout(900)

NO_PROVIDERS = """
provider_installation {
  filesystem_mirror {
    path = "%s"
  }
}
"""


def test_the_suite_goes_on_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match="INFRA NOT CHECKED"):
        do_without("INFRA NOT CHECKED: no terraform")


def test_where_terraform_is_required_the_suite_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match="INFRA NOT CHECKED"):
        do_without("INFRA NOT CHECKED: no terraform")


def test_a_missing_terraform_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="no terraform on the PATH"):
        Terraform.on_copy(tmp_path / "copy").init()


@pytest.mark.usefixtures("terraform")
def test_missing_providers_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    (tmp_path / "terraformrc").write_text(NO_PROVIDERS % (tmp_path / "mirror"))
    monkeypatch.setenv("TF_CLI_CONFIG_FILE", str(tmp_path / "terraformrc"))
    monkeypatch.delenv("TF_CLI_ARGS_init", raising=False)
    with pytest.raises(Unavailable, match=r"terraform init failed.*Error: "):
        Terraform.on_copy(tmp_path / "copy").init()

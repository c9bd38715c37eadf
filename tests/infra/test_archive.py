"""The deployed archive: what is in it, and that it runs by itself."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from batchdrop.domain.limits import KIB
from batchdrop.domain.turn import Function
from infra.local.ports import LOOPBACK, accepts, free_ports, wait_until
from tests.infra.archive import files_of, python_with_only, unpack
from tests.infra.plan import Plan
from tests.infra.sizes import PYTHON_AND_CLIENTS_MB
from tests.infra.terraform import ROOT, Terraform

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def unpacked(terraform: Terraform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("archive")
    unpack(terraform, place)
    return place


@pytest.fixture(scope="module")
def python(unpacked: Path) -> Path:
    return python_with_only(unpacked / "requirements.txt")


def test_it_is_what_lies_in_functions_without_caches_and_the_lock(terraform: Terraform) -> None:
    folder = ROOT / "functions"
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    kept = {name for name in names if "__pycache__" not in name}
    assert files_of(terraform).keys() == kept | {"requirements.txt"}
    assert {"main.py", "batchdrop/settings.py", "batchdrop/domain/prices.json"} <= kept


def test_caches_and_hidden_files_stay_out(terraform: Terraform) -> None:
    before = terraform.evaluated("local.source_hash")
    functions = terraform.folder.parent / "functions"
    for name in ("__pycache__/main.pyc", "batchdrop/__pycache__/x.pyc", ".mypy_cache/x.json", "batchdrop/.DS_Store"):
        (functions / name).parent.mkdir(exist_ok=True)
        (functions / name).write_text("x")
    assert not [name for name in files_of(terraform) if "__pycache__" in name or "/." in f"/{name}"]
    assert terraform.evaluated("local.source_hash") == before


def test_a_change_of_code_is_a_change_of_name_and_a_change_of_mode_is_not(terraform: Terraform) -> None:
    before = terraform.evaluated("local.source_hash")
    main = terraform.folder.parent / "functions" / "main.py"
    code = main.read_text()
    main.chmod(0o600)
    main.touch()
    assert terraform.evaluated("local.source_hash") == before
    main.write_text(code + "\n")
    assert terraform.evaluated("local.source_hash") != before
    main.write_text(code)
    assert terraform.evaluated("local.source_hash") == before


def test_its_files_are_packed_with_a_mode_of_their_own(terraform: Terraform) -> None:
    packed = (terraform.folder / "source.tf").read_text()
    assert 'output_file_mode = "0644"' in packed


def test_all_of_it_imports_with_only_its_own_requirements_in_the_memory_set_aside(unpacked: Path, python: Path) -> None:
    modules = [".".join(path.relative_to(unpacked).with_suffix("").parts) for path in sorted(unpacked.rglob("*.py"))]
    late = ["google.cloud.aiplatform_v1", "google.cloud.firestore", "google.cloud.storage", "pyarrow.parquet"]
    imports = "; ".join(f"import {module.removesuffix('.__init__')}" for module in [*modules, *late])
    used = "import resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    script = f"import sys; sys.path.insert(0, {str(unpacked)!r}); {imports}; {used}"
    # A shell forks it: what the process that starts a program has used counts as that program's peak on Linux.
    forked = ["sh", "-c", '"$@"; exit $?', "sh", str(python), "-I", "-c", script]
    ran = subprocess.run(forked, cwd="/", capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) * KIB < PYTHON_AND_CLIENTS_MB * 10**6


@pytest.mark.parametrize("function", Function)
def test_it_serves_each_entry_point_from_an_empty_folder_with_only_its_own_requirements(
    unpacked: Path, python: Path, plan: Plan, function: Function
) -> None:
    made = plan.at(f'google_cloudfunctions2_function.this["{function}"]')
    assert made["build_config"][0]["entry_point"] == function
    with served(python, unpacked, function, made["service_config"][0]["environment_variables"]) as url:
        answer = requests.post(url, json={"nothing": "of ours"}, headers=headers(), timeout=30)
        malformed = requests.post(url, data="no event", timeout=30)
    assert (answer.status_code, malformed.status_code) == (200, 200)


@contextmanager
def served(python: Path, source: Path, function: Function, environment: dict[str, str]) -> Iterator[str]:
    (port,) = free_ports(1)
    command = [str(python), "-I", "-m", "functions_framework", "--target", function, "--source", "main.py"]
    only = {"PATH": os.environ["PATH"], "HOME": str(source), "FUNCTION_TARGET": function, "K_SERVICE": function}
    emulated = {"FIRESTORE_EMULATOR_HOST": f"{LOOPBACK}:1", "STORAGE_EMULATOR_HOST": f"http://{LOOPBACK}:1"}
    process = subprocess.Popen(
        [*command, "--host", LOOPBACK, "--port", str(port)],
        cwd=source,
        env={**environment, **emulated, **only, "XDG_RUNTIME_DIR": str(source)},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: accepts(LOOPBACK, port), 60, f"{function} of the archive")
        yield f"http://{LOOPBACK}:{port}/"
    finally:
        process.terminate()
        process.wait(30)


def headers() -> dict[str, str]:
    return {"ce-id": "1", "ce-source": "test", "ce-type": "nobody.listens", "ce-specversion": "1.0"}

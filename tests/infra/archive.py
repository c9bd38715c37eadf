"""The deployed archive, as Terraform puts it together, and a place to run it in with nothing else."""

import hashlib
import subprocess
import sys
from pathlib import Path

from tests.infra.terraform import ROOT, Terraform

_LISTED = "{ for name, file in local.source_files : name => abspath(file) }"


def unpack(terraform: Terraform, to: Path) -> None:
    """Write the archive's files below a folder, as unpacking it would."""
    for name, source in files_of(terraform).items():
        place = to / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(source.read_bytes())


def files_of(terraform: Terraform) -> dict[str, Path]:
    """The archive's names, and the files that they are made of."""
    return {name: Path(source) for name, source in terraform.evaluated(_LISTED).items()}


def python_with_only(requirements: Path) -> Path:
    """An interpreter that has what this lock names and nothing else; made once for each lock."""
    lock = requirements.read_bytes()
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = hashlib.sha256(lock + version.encode()).hexdigest()[:16]
    place = ROOT / ".cache" / "archive" / name
    python, ready = place / "bin" / "python", place / "ready"
    if not ready.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, "--require-hashes", "--no-deps", "-r", str(requirements)], check=True)
        ready.touch()
    return python

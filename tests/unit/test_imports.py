"""What is imported where: a cold start pays for each import."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FUNCTIONS = ROOT / "functions"


def imported_by(statement: str) -> set[str]:
    """Names of all modules that are loaded after a statement, in a fresh interpreter."""
    code = f"import sys\n{statement}\nprint('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], cwd=FUNCTIONS, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_entry_points_does_not_import_the_vertex_client() -> None:
    loaded = imported_by("import main")
    assert "batchdrop.steps.run" in loaded
    assert not {name for name in loaded if name.startswith("google.cloud.aiplatform")}


def test_importing_the_entry_points_builds_no_client_and_reads_no_settings() -> None:
    loaded = imported_by("import main")
    assert not {name for name in loaded if name.startswith(("google.cloud.firestore", "google.cloud.storage"))}


def test_only_the_vertex_adapter_names_the_vertex_client() -> None:
    sources = (FUNCTIONS / "batchdrop").rglob("*.py")
    naming = {path.name for path in sources if "aiplatform_v1" in path.read_text()}
    assert naming == {"vertex.py"}

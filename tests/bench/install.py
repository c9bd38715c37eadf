"""Installing DuckDB for the bench alone, outside the locks."""

import subprocess
import sys
from pathlib import Path

DUCKDB = "duckdb"


def install_duckdb(folder: Path) -> str:
    """Install it below the folder unless it is there. Empty, or why it could not be."""
    if (folder / DUCKDB).is_dir():
        return ""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    done = subprocess.run(
        [*command, "--only-binary", ":all:", "--target", str(folder), DUCKDB],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return ""
    last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
    return f"DuckDB is not measured: pip could not install it ({last[0]})."

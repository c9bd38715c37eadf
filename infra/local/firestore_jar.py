"""Where Google's Firestore emulator comes from: the one that gcloud installed, else a pinned download."""

import hashlib
import http.client
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import LocalError
from infra.local.paths import CACHE

_IN_SDK = Path("platform", "cloud-firestore-emulator", "cloud-firestore-emulator.jar")
_USUAL_SDKS = (
    "~/google-cloud-sdk",
    "/usr/lib/google-cloud-sdk",
    "/usr/share/google-cloud-sdk",
    "/usr/local/google-cloud-sdk",
    "/opt/google-cloud-sdk",
    "/opt/homebrew/share/google-cloud-sdk",
    "/usr/local/share/google-cloud-sdk",
    "/snap/google-cloud-cli/current",
)
_CHUNK = 1 << 20
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Download:
    """A file on the web, and what it must be. `size` in bytes."""

    url: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Jar:
    """An emulator on this machine, and the major version of Java it needs."""

    path: Path
    java: int


PUBLISHED = Download(
    url="https://storage.googleapis.com/firebase-preview-drop/emulator/cloud-firestore-emulator-v1.22.0.jar",
    sha256="9b6498b7f62714d67f48f59b3818883cd682dbcd46b9f59511de81c97bb5166c",
    size=136_707_194,
)
"""As firebase-tools 15.34.2 publishes it (src/emulator/downloadableEmulatorInfo.json)."""

GCLOUD_JAVA = 11
"""The class files of gcloud's jar are of Java 11."""

PUBLISHED_JAVA = 21
"""firebase-tools refuses an older one since 15.0.0 (src/emulator/commandUtils.ts)."""


def find_jar(environment: Mapping[str, str], download: Callable[[Download, Path], None] | None = None) -> Jar:
    """Find an emulator, or fetch one into `.cache/firestore`.

    Raises:
        LocalError: there is none, and none can be fetched.
    """
    for sdk in _sdks(environment):
        if (sdk / _IN_SDK).is_file():
            return Jar(sdk / _IN_SDK, GCLOUD_JAVA)
    path = CACHE / "firestore" / PUBLISHED.url.rpartition("/")[2]
    if not path.is_file():
        (download or fetch)(PUBLISHED, path)
    return Jar(path, PUBLISHED_JAVA)


def _sdks(environment: Mapping[str, str]) -> Iterator[Path]:
    named = environment.get("CLOUDSDK_ROOT_DIR")
    if named:
        yield Path(named)
    gcloud = shutil.which("gcloud", path=environment.get("PATH"))
    if gcloud:
        yield Path(gcloud).resolve().parents[1]
    for usual in _USUAL_SDKS:
        yield Path(usual).expanduser()


def fetch(download: Download, path: Path) -> None:
    """Download, check, and only then give the file its name.

    Raises:
        LocalError: it cannot be reached, or is not what it must be.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        digest, size = _stream(download, part)
        if (digest, size) != (download.sha256, download.size):
            raise LocalError(
                f"{download.url} is not the file it was: {size} bytes with SHA-256 {digest}, expected"
                f" {download.size} bytes with {download.sha256}. Nothing was kept. Try again, or {_REMEDY}"
            )
        part.replace(path)
    except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
        raise LocalError(
            f"The Firestore emulator could not be downloaded from {download.url}: {error}.\nTo go on, {_REMEDY}"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _stream(download: Download, part: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with urllib.request.urlopen(download.url, timeout=_SECONDS) as response, part.open("wb") as file:  # noqa: S310  # a constant https URL
        while chunk := response.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
            _show_progress(size, download.size)
    return digest.hexdigest(), size


def _show_progress(done: int, size: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done >= size else ""
        text = f"\rDownloading the Firestore emulator: {done / 1e6:4.0f} of {size / 1e6:.0f} MB"
        print(text, end=end, file=sys.stderr, flush=True)
    elif done <= _CHUNK:
        print(f"Downloading the Firestore emulator ({size / 1e6:.0f} MB) ...", file=sys.stderr, flush=True)


_REMEDY = (
    "install it with gcloud (gcloud components install cloud-firestore-emulator, or the package"
    " google-cloud-cli-firestore-emulator), or set FIRESTORE_EMULATOR_HOST to an emulator that runs."
)

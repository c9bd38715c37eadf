"""What an input object's name says: prompt, approval, data of a format, or nothing of ours."""

from enum import StrEnum
from pathlib import PurePosixPath

import msgspec

from batchdrop.domain import limits
from batchdrop.domain.reasons import Code, Reason

_IMAGES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".heic", ".heif", ".gif", ".bmp"})
_SOUNDS = frozenset({".mp3", ".wav", ".flac", ".aac", ".ogg", ".m4a", ".opus"})
_FILMS = frozenset({".mp4", ".mov", ".mpeg", ".mpg", ".avi", ".webm", ".wmv", ".flv", ".3gp", ".mkv"})
MEDIA_SUFFIXES = _IMAGES | _SOUNDS | _FILMS | {".pdf"}
"""Rows point to such files; they are no input of their own."""

JSON_SUFFIXES = frozenset({".jsonl", ".ndjson"})
CSV_SUFFIX = ".csv"
PARQUET_SUFFIX = ".parquet"
DATA_SUFFIXES = JSON_SUFFIXES | {CSV_SUFFIX, PARQUET_SUFFIX}
COMPRESSED_SUFFIXES = frozenset({".gz", ".zst"})
"""They may follow a data suffix. What is inside is told by magic bytes; the name only has to look like data."""
UPLOAD_PARTS = ("gcloud/tmp/", "gsutil/tmp/")
"""Temporary parts of parallel composite uploads land in the destination bucket
(docs: storage/parallel-composite-uploads)."""


class Kind(StrEnum):
    """What an object in `input` is to us."""

    DATA = "data"
    PROMPT = "prompt"
    APPROVAL = "approval"
    IGNORED = "ignored"
    UNSUPPORTED = "unsupported"


class Judgement(msgspec.Struct, frozen=True):
    """The kind of an object, and for what is passed over the reason."""

    kind: Kind
    why: str = ""


def judge(name: str, ignored_prefixes: tuple[str, ...] = UPLOAD_PARTS) -> Judgement:
    """Tell from its name what an object in `input` is."""
    if name.startswith(ignored_prefixes):
        return Judgement(Kind.IGNORED, "a temporary part of a parallel upload")
    if name.endswith("/"):
        return Judgement(Kind.IGNORED, "a folder marker")
    path = PurePosixPath(name)
    if any(part.startswith(("_", ".")) for part in path.parts):
        return Judgement(Kind.IGNORED, "its name, or a folder's, starts with _ or .")
    suffix = path.suffix.lower()
    if suffix == ".prompt":
        return Judgement(Kind.PROMPT)
    if suffix == ".approve":
        return Judgement(Kind.APPROVAL)
    if suffix in MEDIA_SUFFIXES:
        return Judgement(Kind.IGNORED, "a media file, for rows to point to")
    return Judgement(Kind.DATA if data_suffix(name) in DATA_SUFFIXES else Kind.UNSUPPORTED)


def refusal_of(name: str, kind: Kind) -> Reason | None:
    """Say why no input can have this name; None if one can."""
    if len(name.encode()) > limits.NAME_BYTES:
        return Reason(
            code=Code.INPUT_NAME,
            message=f"The name has {len(name.encode())} bytes; output names would exceed Cloud Storage's 1,024.",
            hint=f"Use a name of at most {limits.NAME_BYTES} bytes.",
        )
    if kind is Kind.UNSUPPORTED:
        return Reason(
            code=Code.INPUT_TYPE,
            message=f"{name} is of a type that holds no rows.",
            hint="Drop .csv or .jsonl; prompts end in .prompt; begin a name with _ to have it passed over.",
        )
    return None


def data_suffix(name: str) -> str:
    """The suffix that tells how rows are written, in small letters: `.csv` of `reviews/a.CSV.gz`."""
    return _unpacked(PurePosixPath(name)).suffix.lower()


def prompt_candidates(name: str) -> tuple[str, ...]:
    """Names under which the prompt of an input is looked for, best first.

    Beside the file with its stem (`a.prompt` for `a.csv` and `a.csv.gz`), then `default.prompt` in its folder and in
    every folder above.
    """
    path = _unpacked(PurePosixPath(name.lstrip("/")))
    folders = [str(folder) for folder in path.parents]
    prefixes = ["" if folder == "." else f"{folder}/" for folder in folders]
    return (f"{prefixes[0]}{path.stem}.prompt", *(f"{prefix}default.prompt" for prefix in prefixes))


def _unpacked(path: PurePosixPath) -> PurePosixPath:
    """The path without the suffix of a compression."""
    return path.with_suffix("") if path.suffix.lower() in COMPRESSED_SUFFIXES else path

"""The command `batchdrop`."""

import argparse
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from batchdrop.check.learned import learned_from
from batchdrop.check.objects import INPUT, WORK, Place
from batchdrop.check.report import exit_code
from batchdrop.check.run import Subject, run
from batchdrop.check.told import as_json, as_text
from batchdrop.check.watch import Screen
from batchdrop.domain.budget import parse_budgets
from batchdrop.domain.errors import ObjectGone
from batchdrop.domain.ids import ModelName
from batchdrop.domain.naming import prompt_candidates
from batchdrop.domain.price_list import OWN_PRICES, parse_prices
from batchdrop.rows.media_buckets import ANY
from batchdrop.settings import Settings

_WRONG_USE = 2
_INTERRUPTED = 130
"""What shells say of a command that was ended by Ctrl-C."""
_EXITS = """exit codes:
  0  it would run, every row of it
  1  it would run without its invalid rows, which would be errors
  2  the command was used wrongly, or a file cannot be read
  3  it would be rejected, or would wait for a prompt
  4  it is over its budget (batch.max_cost_usd, or BUDGETS_USD_PER_DAY)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    asked = _parser().parse_args(arguments)
    try:
        return _check(asked, os.environ, sys.stdout)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except (OSError, ObjectGone, ValueError) as error:
        print(f"batchdrop: {error}", file=sys.stderr)
        return _WRONG_USE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="batchdrop", description="Batch inference by dropping files into a bucket.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    check = commands.add_parser(
        "check",
        help="tell what a file would become and cost, without any cloud",
        description="Plans, checks and renders a file as the service would, and tells what it would cost.",
        epilog=_EXITS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument("file", type=Path, metavar="FILE", help="a .csv, .jsonl or .parquet file; also .gz and .zst")
    check.add_argument("--prompt", type=Path, metavar="P", help="the prompt to use; else as in the bucket")
    check.add_argument("--root", type=Path, help="the folder that stands for the bucket; the current one unless told")
    check.add_argument("--prices", type=Path, metavar="LIST", help=f"a list of prices; else {OWN_PRICES} in the root")
    check.add_argument(
        "--manifest",
        type=Path,
        action="append",
        default=[],
        help="of an earlier job of the prompt, to learn from; repeat it",
    )
    check.add_argument("--model", default="", help="for prompts that name none; else DEFAULT_MODEL")
    check.add_argument("--location", default="", help="where Vertex runs; else VERTEX_LOCATION, else global")
    check.add_argument("--errors", type=int, default=20, metavar="N", help="bad rows to show (20)")
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    return parser


def _check(asked: argparse.Namespace, environment: Mapping[str, str], out: TextIO) -> int:
    if not asked.file.is_file():
        raise ObjectGone(f"{asked.file} is no file")
    root = _root(asked)
    name = _name(asked.file, root)
    instead = _instead(asked, root, name)
    screen = Screen(sys.stderr if asked.json else out, 1 if asked.json else asked.errors)
    with tempfile.TemporaryDirectory(prefix="batchdrop-") as work:
        place = Place(root=str(root), work=work, instead=instead)
        try:
            subject = Subject(
                place=place,
                name=name,
                settings=_settings(asked, environment),
                now=datetime.now(UTC),
                learned=learned_from(asked.manifest),
            )
            report = run(subject, screen)
        finally:
            screen.end()
    out.write(as_json(report).decode() if asked.json else as_text(report))
    return exit_code(report.outlook)


def _root(asked: argparse.Namespace) -> Path:
    if asked.root is not None:
        return Path(asked.root).resolve()
    here = Path.cwd()
    file = Path(asked.file).resolve()
    return here if file.is_relative_to(here) else file.parent


def _name(file: Path, root: Path) -> str:
    if not file.resolve().is_relative_to(root):
        raise ObjectGone(f"{file} is not below {root}")
    return file.resolve().relative_to(root).as_posix()


def _instead(asked: argparse.Namespace, root: Path, name: str) -> dict[str, str]:
    """Objects that other files stand for: the prompt that comes first, and the list of prices."""
    named = {prompt_candidates(name)[0]: asked.prompt, OWN_PRICES: asked.prices}
    for path in named.values():
        if path is not None and not path.is_file():
            raise ObjectGone(f"{path} is no file")
    return {name: os.path.relpath(path.resolve(), root) for name, path in named.items() if path is not None}


def _settings(asked: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    prices = environment.get("PRICES", "")
    if prices:
        parse_prices(prices)
    buckets = [name.strip() for name in environment.get("ALLOWED_MEDIA_BUCKETS", ANY).split(",")]
    return Settings(
        google_cloud_project="",
        input_bucket=INPUT,
        work_bucket=WORK,
        predictions_bucket="",
        output_bucket="",
        default_model=ModelName(asked.model or environment.get("DEFAULT_MODEL", "")),
        vertex_location=asked.location or environment.get("VERTEX_LOCATION", "") or "global",
        allowed_media_buckets=tuple(name for name in buckets if name),
        prices=prices,
        budgets_usd_per_day=parse_budgets(environment.get("BUDGETS_USD_PER_DAY", "")),
    )

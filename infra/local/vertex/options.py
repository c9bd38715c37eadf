"""The command line of the server."""

import argparse
from collections.abc import Sequence
from typing import get_args

from infra.local.vertex.settings import Echo, OverRun, Settings

_DEFAULTS = Settings()
_NUMBERS = {
    "queue_s": "time in QUEUED",
    "pending_s": "least time in PENDING",
    "run_s": "least time in RUNNING, over which the rows are spread",
    "queue_limit_s": "a job expires that does not run so long after its creation",
    "run_limit_s": "a job that runs so long is ended, with the rows that are done",
    "list_lag_s": "a new job is missing from lists for so long",
    "export_every_s": "how often the rows of a running job are exported",
    "file_bytes": "output above this size is split into files",
    "max_running": "jobs at work at once",
    "max_rows": "rows a job may have",
    "max_bytes": "bytes of input a job may have",
}


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """The options; what goes into the settings is under the names it has there."""
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.vertex",
        description="A stand-in for Vertex AI batch prediction. Times are seconds of its clock.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="where to listen")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--storage", required=True, help="base URL of the Cloud Storage JSON API")
    parser.add_argument("--answers", choices=("auto", "stand-in", "gemini", "openai"), default="auto", help="who does")
    parser.add_argument("--clock", choices=("running", "standing"), default="running", help="standing: moved by hand")
    parser.add_argument("--implicit-cache", action="store_true", help="the stand-in model counts cached tokens")
    parser.add_argument("--models", nargs="*", default=(), help="the only model ids that exist; none: all current ones")
    parser.add_argument("--echo", choices=get_args(Echo), default=_DEFAULTS.echo, help="how requests come back")
    parser.add_argument("--coerce-numbers", action="store_true", help="ids that look like numbers come back as numbers")
    parser.add_argument("--over-run", choices=get_args(OverRun), default=_DEFAULTS.over_run, help="end of a long job")
    for name, told in _NUMBERS.items():
        usual = getattr(_DEFAULTS, name)
        parser.add_argument(_flag(name), type=type(usual), default=usual, help=told)
    return parser.parse_args(arguments)


def settings_of(options: argparse.Namespace) -> Settings:
    """What the options say of the settings."""
    numbers = {name: getattr(options, name) for name in _NUMBERS}
    return Settings(
        **numbers,
        echo=options.echo,
        coerce_numbers=options.coerce_numbers,
        over_run=options.over_run,
        models=tuple(options.models) or _DEFAULTS.models,
        any_current=not options.models,
    )


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"

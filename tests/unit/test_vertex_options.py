"""The command line of the Vertex stand-in."""

import msgspec
import pytest

from infra.local.vertex.options import parsed, settings_of
from infra.local.vertex.settings import Settings

_STORAGE = ("--storage", "http://127.0.0.1:1")


def settings(*arguments: str) -> Settings:
    return settings_of(parsed([*_STORAGE, *arguments]))


def test_nothing_said_is_the_settings_as_they_are() -> None:
    assert settings() == Settings()


@pytest.mark.parametrize(
    ("arguments", "made"),
    [
        (("--queue-s", "1.5"), Settings(queue_s=1.5)),
        (("--queue-limit-s", "60"), Settings(queue_limit_s=60.0)),
        (
            ("--run-limit-s", "60", "--over-run", "JOB_STATE_CANCELLED"),
            Settings(run_limit_s=60.0, over_run="JOB_STATE_CANCELLED"),
        ),
        (("--list-lag-s", "3"), Settings(list_lag_s=3.0)),
        (("--export-every-s", "0"), Settings(export_every_s=0.0)),
        (("--file-bytes", "1000"), Settings(file_bytes=1000)),
        (
            ("--max-rows", "5", "--max-bytes", "6", "--max-running", "7"),
            Settings(max_rows=5, max_bytes=6, max_running=7),
        ),
        (("--echo", "nulls", "--coerce-numbers"), Settings(echo="nulls", coerce_numbers=True)),
        (("--models", "gemini-a", "gemini-b"), Settings(models=("gemini-a", "gemini-b"), any_current=False)),
    ],
)
def test_an_option_sets_what_it_is_called(arguments: tuple[str, ...], made: Settings) -> None:
    assert settings(*arguments) == made


def test_every_setting_can_be_given_on_the_command_line() -> None:
    options = vars(parsed(_STORAGE))

    # Which families are retired is a fact of the platform, and `--models` decides about any_current.
    assert set(msgspec.structs.asdict(Settings())) - set(options) == {"retired", "any_current"}


@pytest.mark.parametrize(
    "arguments", [(), ("--storage", "x", "--echo", "loud"), ("--storage", "x", "--max-rows", "1.5")]
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(arguments)

    assert "usage:" in capsys.readouterr().err

"""Log lines, as Cloud Logging reads them."""

import io
import json
import threading
from datetime import UTC, datetime

from batchdrop.cloud.logs import JsonLog
from batchdrop.domain.turn import Step


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().split("\n")[:-1]]


def test_each_call_is_one_line_with_its_severity() -> None:
    stream = io.StringIO()
    log = JsonLog(stream, "stage")
    log.info("staged", job="j1", rows=3)
    log.warning("odd")
    log.error("broken")
    assert lines(stream) == [
        {"severity": "INFO", "message": "staged", "component": "stage", "job": "j1", "rows": 3},
        {"severity": "WARNING", "message": "odd", "component": "stage"},
        {"severity": "ERROR", "message": "broken", "component": "stage"},
    ]


def test_a_line_break_in_a_field_does_not_break_the_line() -> None:
    stream = io.StringIO()
    JsonLog(stream, "stage").info("two\nlines", text="a\nb")
    (line,) = lines(stream)
    assert (line["message"], line["text"]) == ("two\nlines", "a\nb")


def test_values_of_the_domain_are_written_plainly() -> None:
    stream = io.StringIO()
    JsonLog(stream, "plan").info("x", step=Step.PLAN, at=datetime(2026, 11, 1, tzinfo=UTC), parts=("a", 1), path=object)
    (line,) = lines(stream)
    assert (line["step"], line["at"], line["parts"]) == ("plan", "2026-11-01T00:00:00Z", ["a", 1])
    assert line["path"] == "<class 'object'>"


def test_a_field_cannot_pass_for_severity_or_component() -> None:
    stream = io.StringIO()
    JsonLog(stream, "plan").info("x", severity="EMERGENCY", component="other")
    (line,) = lines(stream)
    assert (line["severity"], line["component"]) == ("INFO", "plan")


def fail() -> None:
    raise ValueError("no good")


def test_an_exception_is_written_as_text_and_stack() -> None:
    stream = io.StringIO()
    try:
        fail()
    except ValueError as error:
        JsonLog(stream, "plan").error("failed", error=error)
    (line,) = lines(stream)
    assert line["error"] == "ValueError: no good"
    stack = str(line["stack_trace"])
    assert stack.startswith("Traceback (most recent call last)")
    assert "in fail" in stack


def test_lines_of_many_threads_do_not_mix() -> None:
    stream = io.StringIO()
    log = JsonLog(stream, "plan")

    def write() -> None:
        for _ in range(50):
            log.info("x" * 500)

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lines(stream)) == 400

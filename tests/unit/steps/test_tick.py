"""The tick finds what no event told, whatever goes wrong with something else."""

from collections.abc import Sequence
from datetime import timedelta

from batchdrop.domain.errors import Transient
from batchdrop.domain.job import Job
from batchdrop.ports import Create, Write
from batchdrop.steps.tick import tick
from tests.fakes.service import FakeService

PROMPT = "---\nmodel: gemini-3.5-flash-lite\n---\nDescribe {{name}}.\n"


def test_one_object_that_cannot_be_looked_at_keeps_the_hourly_listing_from_no_other() -> None:
    service = FakeService()
    tick(service.context)
    service.drop("default.prompt", PROMPT)
    for name in ("a.csv", "b.csv", "c.csv"):
        service.drop(name, "id,name\n1,Chair\n")
    service._delivered_objects = len(service.objects.events)
    service.clock.advance(timedelta(hours=2))

    def fail(writes: Sequence[Write]) -> None:
        values = [write.value for write in writes if isinstance(write, Create)]
        if any(isinstance(value, Job) and value.input.name == "a.csv" for value in values):
            raise Transient("HTTP 503")

    service.documents.before_commit = fail
    tick(service.context)
    service.run()
    service.documents.before_commit = lambda _writes: None
    assert "sweep.put_off" in service.log.of("WARNING")
    assert {name for name in service.objects.names("output") if name.endswith("manifest.json")} >= {
        "b.csv/manifest.json",
        "c.csv/manifest.json",
    }
    service.run_on(timedelta(hours=2), ticks=2)
    assert service.manifest("a.csv")["state"] == "SUCCEEDED"

"""What `BatchService` promises, held against the fake and against the Vertex stand-in."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from batchdrop.domain.ids import VertexJobName
from batchdrop.domain.vertex import TERMINAL_VERTEX_STATES, VertexState
from tests.contract.offices import ROWS, Office, spec_of

HOUR = timedelta(hours=1)


def fresh() -> str:
    return f"b{uuid4().hex[:12]}-1"


def test_a_created_job_tells_what_was_asked(office: Office) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    spec = spec_of(office, fresh())
    name = office.service.create(spec)
    job = office.service.get(name)
    assert job is not None
    assert (job.name, job.display_name, job.labels) == (name, spec.display_name, spec.labels)
    assert job.created_at is not None
    assert before < job.created_at < datetime.now(UTC) + timedelta(seconds=1)


def test_the_name_of_a_job_tells_its_location(office: Office) -> None:
    name = office.service.create(spec_of(office, fresh(), location="us"))
    assert name.split("/")[2:5] == ["locations", "us", "batchPredictionJobs"]


def test_a_job_runs_to_its_end_and_says_where_the_answers_are(office: Office) -> None:
    spec = spec_of(office, fresh())
    job = office.end_of(office.service.create(spec))
    assert (job.state, job.completed, job.error_code, job.error_message) == (VertexState.SUCCEEDED, ROWS, 0, "")
    assert job.output_directory.startswith(f"{spec.output_uri_prefix}prediction-model-")


def test_a_job_that_ran_tells_since_when_and_until_when(office: Office) -> None:
    job = office.end_of(office.service.create(spec_of(office, fresh())))
    assert job.created_at is not None
    assert job.started_at is not None
    assert job.ended_at is not None
    assert job.created_at <= job.started_at <= job.ended_at
    assert not job.ran_out


def test_each_creation_makes_a_job_of_its_own(office: Office) -> None:
    spec = spec_of(office, fresh())
    assert office.service.create(spec) != office.service.create(spec)
    assert len(office.service.find("global", spec.display_name)) == 2


def test_a_job_that_is_not_there_is_none(office: Office) -> None:
    name = VertexJobName("projects/project/locations/global/batchPredictionJobs/1")
    assert office.service.get(name) is None


def test_jobs_are_found_by_their_display_name_newest_first(office: Office) -> None:
    wanted, other = fresh(), fresh()
    first = office.service.create(spec_of(office, wanted))
    office.service.create(spec_of(office, other))
    second = office.service.create(spec_of(office, wanted))
    found = office.service.find("global", wanted)
    assert [job.name for job in found] == [second, first]
    assert {job.display_name for job in found} == {wanted}


def test_a_display_name_is_found_whole_and_not_by_its_beginning(office: Office) -> None:
    wanted = fresh()
    office.service.create(spec_of(office, f"{wanted}0"))
    assert office.service.find("global", wanted) == []


def test_jobs_of_another_location_are_not_found(office: Office) -> None:
    spec = spec_of(office, fresh(), location="eu")
    office.service.create(spec)
    assert office.service.find("global", spec.display_name) == []
    assert len(office.service.find("eu", spec.display_name)) == 1


def test_the_jobs_of_an_installation_are_those_with_its_label(office: Office) -> None:
    mine, other = f"mine-{uuid4().hex[:8]}", f"other-{uuid4().hex[:8]}"
    names = {office.service.create(spec_of(office, fresh(), installation=mine)) for _ in range(3)}
    office.service.create(spec_of(office, fresh(), installation=other))
    found = list(office.service.of_installation("global", mine, datetime.now(UTC) - HOUR))
    assert {job.name for job in found} == names
    assert {job.labels["batchdrop"] for job in found} == {mine}


def test_the_jobs_of_an_installation_are_told_since_a_time(office: Office) -> None:
    mine = f"mine-{uuid4().hex[:8]}"
    office.service.create(spec_of(office, fresh(), installation=mine))
    (job,) = office.service.of_installation("global", mine, datetime.now(UTC) - HOUR)
    assert job.created_at is not None
    assert len(list(office.service.of_installation("global", mine, job.created_at))) == 1
    assert list(office.service.of_installation("global", mine, job.created_at + HOUR)) == []


def test_a_cancelled_job_ends_cancelled(office: Office) -> None:
    spec = spec_of(office, fresh())
    office.hold(spec.display_name)
    name = office.service.create(spec)
    office.service.cancel(name)
    assert office.end_of(name).state is VertexState.CANCELLED


def test_cancelling_twice_is_no_error(office: Office) -> None:
    spec = spec_of(office, fresh())
    office.hold(spec.display_name)
    name = office.service.create(spec)
    office.service.cancel(name)
    office.service.cancel(name)
    assert office.end_of(name).state is VertexState.CANCELLED


def test_cancelling_a_job_that_has_ended_changes_nothing(office: Office) -> None:
    name = office.service.create(spec_of(office, fresh()))
    ended = office.end_of(name)
    office.service.cancel(name)
    assert office.service.get(name) == ended
    assert ended.state in TERMINAL_VERTEX_STATES


def test_cancelling_a_job_that_is_not_there_is_no_error(office: Office) -> None:
    office.service.cancel(VertexJobName("projects/project/locations/global/batchPredictionJobs/1"))

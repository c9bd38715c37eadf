"""When and how the predictions of a job appear in storage, on a clock that only the test moves."""

from google.cloud.aiplatform_v1 import JobState

from infra.local.vertex.control import JobFault
from tests.contract.vertex_stand_in.support import Standing, by_id, numbered, until


def test_rows_of_a_long_job_are_exported_while_it_runs_by_overwriting_one_object(standing: Standing) -> None:
    with standing.rig(run_s=600.0, export_every_s=60.0) as rig:
        name = rig.submit(numbered(10))
        rig.answered_so_far(name, 1)
        nothing = rig.outputs()
        rig.control.advance(60)
        job = rig.answered_so_far(name, 2)
        until(lambda: len(rig.outputs()) == 1)
        first, early = rig.bucket.get_blob(rig.outputs()[0]), rig.rows(job)
        rig.control.advance(180)
        until(lambda: rig.bucket.get_blob(first.name).generation > first.generation)
        later = rig.rows(job)
        rig.control.advance(360)
        job = rig.ended(name)

        assert nothing == []
        assert rig.outputs() == [first.name]
        assert (len(early), len(rig.rows(job))) == (2, 10)
        assert later[: len(early)] == early
        assert rig.rows(job)[: len(later)] == later


def test_a_held_job_shows_its_rows_once_their_export_is_due(standing: Standing) -> None:
    with standing.rig() as rig:
        rig.control.add(JobFault(never=True, rows=2))
        name = rig.submit(numbered(3))
        job = rig.answered_so_far(name, 2)
        rig.control.advance(60)
        until(lambda: len(rig.outputs()) == 1)

        assert rig.get(name).state == JobState.JOB_STATE_RUNNING
        assert len(rig.rows(job)) == 2


def test_output_above_a_size_is_split_into_files_that_have_each_row_once(standing: Standing) -> None:
    with standing.rig(file_bytes=3000) as rig:
        job = rig.run(numbered(20))

        files = [name.rpartition("/")[2] for name in rig.outputs()]
        count = len(files)
        assert count > 2
        assert files == [f"predictions.jsonl-{part:05}-of-{count:05}" for part in range(count)]
        lines = [line for file in files for line in rig.lines(job, file)]
        assert len(lines) == 20
        assert all(blob.size <= 3000 for blob in rig.bucket.list_blobs(prefix="out/"))


def test_what_was_exported_early_goes_when_the_output_turns_out_to_be_several_files(standing: Standing) -> None:
    with standing.rig(file_bytes=3000, run_s=600.0) as rig:
        name = rig.submit(numbered(20))
        rig.answered_so_far(name, 1)
        rig.control.advance(90)
        until(lambda: [file.rpartition("/")[2] for file in rig.outputs()] == ["predictions.jsonl"])
        rig.control.advance(510)
        rig.ended(name)

        assert all("predictions.jsonl-0" in file for file in rig.outputs())


def test_a_row_larger_than_a_file_has_one_of_its_own(standing: Standing) -> None:
    with standing.rig(file_bytes=10) as rig:
        rig.run(numbered(2))

        assert len(rig.outputs()) == 2


def test_predictions_can_appear_after_the_job_has_ended(standing: Standing) -> None:
    with standing.rig() as rig:
        rig.control.add(JobFault(finalize_s=30.0))
        job = rig.run(numbered(3))
        early = rig.outputs()
        rig.control.advance(30)
        until(lambda: len(rig.outputs()) == 1)

        assert (job.state, job.completion_stats.successful_count) == (JobState.JOB_STATE_SUCCEEDED, 3)
        assert early == []
        assert set(by_id(rig.rows(job))) == {"r-0000", "r-0001", "r-0002"}


def test_a_job_that_does_not_know_its_total_says_minus_one(standing: Standing) -> None:
    with standing.rig() as rig:
        rig.control.add(JobFault(uncounted=True, state="JOB_STATE_EXPIRED", rows=2))
        job = rig.run(numbered(5))

    assert (job.completion_stats.successful_count, job.completion_stats.incomplete_count) == (2, -1)

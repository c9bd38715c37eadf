from hypothesis import given
from hypothesis import strategies as st

from batchdrop.domain.ids import Generation, JobId, RowNumber, ShardIndex, job_id, row_key, shard_key, split_row_key

JOB = job_id("input", "a.csv", Generation(1))


def test_the_same_upload_always_has_the_same_job_id() -> None:
    assert job_id("input", "a.csv", Generation(1)) == JOB


def test_another_generation_is_another_job() -> None:
    assert job_id("input", "a.csv", Generation(2)) != JOB


def test_bucket_and_name_are_kept_apart_in_a_job_id() -> None:
    assert job_id("ab", "c", Generation(1)) != job_id("a", "bc", Generation(1))


@given(st.integers(0, 20_000), st.integers(0, 10**7))
def test_a_row_key_can_be_taken_apart(shard: int, row: int) -> None:
    key = row_key(JOB, ShardIndex(shard), RowNumber(row))
    assert split_row_key(key) == (JOB, shard, row)


def test_a_row_key_never_looks_like_a_number() -> None:
    assert not row_key(JobId("j123"), ShardIndex(4), RowNumber(5))[0].isdigit()


@given(st.text())
def test_a_foreign_key_is_taken_apart_or_refused_without_an_exception(key: str) -> None:
    found = split_row_key(key)
    assert found is None or key.startswith("j")


def test_shard_keys_of_one_job_do_not_share_a_prefix() -> None:
    prefixes = {shard_key(JOB, ShardIndex(index))[:4] for index in range(64)}
    assert len(prefixes) > 60

import pytest

from infra.local.errors import LocalError
from infra.local.eventarc.routing import FUNCTIONS
from infra.local.installation import BUCKETS, INPUT
from infra.local.stack import Stack


def test_the_buckets_stand_and_only_the_input_keeps_old_generations(stack: Stack) -> None:
    versioned = {bucket.name: bucket.versioning_enabled for bucket in stack.storage.list_buckets()}
    assert versioned == {name: name == INPUT for name in BUCKETS}


def test_an_upload_gives_its_generation_and_a_deletion_ends_it(stack: Stack, prefix: str) -> None:
    name = f"{prefix}notes.txt"
    first, second = stack.upload(b"one", name), stack.upload(b"two", name)
    assert first < second
    stack.delete(name)
    stack.delete(name)
    assert stack.storage.bucket(INPUT).get_blob(name) is None
    assert stack.storage.bucket(INPUT).get_blob(name, generation=first) is not None


def test_a_dropped_file_ends_in_a_manifest_of_its_generation(stack: Stack, prefix: str) -> None:
    name = f"{prefix}rows.jsonl"
    generation = stack.upload(b'{"request": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}}\n', name)
    manifest = stack.wait_for(name, generation=generation)
    assert manifest["state"] == "SUCCEEDED"
    (results,) = [file["name"] for file in manifest["files"] if file["name"].endswith("results.jsonl")]
    assert stack.output(results).count(b"\n") == 1


def test_waiting_in_vain_says_what_became_of_the_name_and_where_to_look(stack: Stack) -> None:
    with pytest.raises(LocalError, match=r"No manifest for nobody\.csv after 0\.1 s\. Its jobs: none\..*logs are in"):
        stack.wait_for("nobody.csv", timeout=0.1)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_file_is_answered_though_a_function_was_killed(stack: Stack, prefix: str, function: str) -> None:
    name = f"{prefix}rows.jsonl"
    stack.kill(function)
    stack.upload(b'{"request": {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}}\n', name)
    assert stack.wait_for(name)["state"] == "SUCCEEDED"

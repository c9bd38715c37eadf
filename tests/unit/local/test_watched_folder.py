import os
from pathlib import Path

from infra.local.folder import Changes, changes, look
from infra.local.results import inside


def test_files_are_named_by_their_path_and_hidden_ones_are_passed_over(tmp_path: Path) -> None:
    for name in ("a.csv", "deep/er/b.jsonl", ".hidden", ".git/config", "deep/.part"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert sorted(look(tmp_path)) == ["a.csv", "deep/er/b.jsonl"]


def test_a_file_that_is_still_written_waits_for_the_next_look() -> None:
    assert changes({}, {"a": (1, 10)}, {"a": (2, 20)}) == Changes((), ())
    assert changes({}, {"a": (2, 20)}, {"a": (2, 20)}) == Changes(("a",), ())


def test_a_file_is_uploaded_once_for_each_content() -> None:
    stamp = (2, 20)
    assert changes({"a": stamp}, {"a": stamp}, {"a": stamp}) == Changes((), ())
    assert changes({"a": (1, 20)}, {"a": stamp}, {"a": stamp}) == Changes(("a",), ())


def test_only_what_was_uploaded_is_deleted() -> None:
    assert changes({"a": (1, 1)}, {"a": (1, 1), "b": (1, 1)}, {}) == Changes((), ("a",))


def test_a_new_content_has_a_new_stamp_even_at_the_same_size(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("1")
    before = look(tmp_path)
    path.write_text("2")
    os.utime(path, ns=(0, 0))
    assert look(tmp_path) != before


def test_no_object_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    assert inside(tmp_path, "../../etc//passwd") == tmp_path / "_" / "_" / "etc" / "_" / "passwd"
    assert inside(tmp_path, "/etc/passwd") == tmp_path / "_" / "etc" / "passwd"

"""Of the in-memory documents, what the emulator cannot be held to: it enforces less than the cloud."""

from collections.abc import Sequence

import pytest

from batchdrop.domain.errors import Conflict, Transient
from batchdrop.domain.refs import Document, Ref
from batchdrop.ports import Create, Delete, Put, Write
from tests.fakes.documents import FakeDocuments
from tests.fakes.limits import OverLimit


class Note(Document, frozen=True, kw_only=True):
    text: str = ""
    table: tuple[tuple[int, ...], ...] = ()


def at(name: str) -> Ref[Note]:
    return Ref(f"notes/{name}", Note)


def test_a_commit_of_five_hundred_and_one_writes_is_over_the_limit() -> None:
    documents = FakeDocuments()
    documents.commit([Put(at(str(index)), Note()) for index in range(500)])
    with pytest.raises(OverLimit, match="501 writes"):
        documents.commit([Put(at(str(index)), Note()) for index in range(501)])


def test_a_commit_of_more_than_ten_mebibytes_is_over_the_limit() -> None:
    documents = FakeDocuments()
    nearly_one = Note(text="x" * 1_000_000)
    documents.commit([Put(at(str(index)), nearly_one) for index in range(10)])
    with pytest.raises(OverLimit, match="bytes in one commit"):
        documents.commit([Put(at(str(index)), nearly_one) for index in range(11)])


def test_a_document_of_more_than_a_mebibyte_is_over_the_limit() -> None:
    with pytest.raises(OverLimit, match="notes/a has"):
        FakeDocuments().commit([Put(at("a"), Note(text="x" * 2**20))])


def test_an_array_in_an_array_is_over_the_limit() -> None:
    with pytest.raises(OverLimit, match="array"):
        FakeDocuments().commit([Put(at("a"), Note(table=((1,),)))])


def test_one_commit_does_not_write_a_document_twice() -> None:
    with pytest.raises(OverLimit, match="twice"):
        FakeDocuments().commit([Put(at("a"), Note()), Delete(at("a"))])


@pytest.mark.parametrize("path", ["notes", "notes/a/below", "notes/", "notes/..", "notes/__a__"])
def test_a_path_that_is_none_of_a_document_is_over_the_limit(path: str) -> None:
    with pytest.raises(OverLimit, match="no path"):
        FakeDocuments().commit([Put(Ref(path, Note), Note())])


def test_created_tells_each_document_that_came_to_be_once() -> None:
    documents = FakeDocuments()
    documents.commit([Create(at("a"), Note()), Put(at("b"), Note())])
    documents.commit([Put(at("a"), Note(text="changed"))])
    documents.commit([Delete(at("a"))])
    documents.commit([Put(at("a"), Note())])
    assert documents.created == ["notes/a", "notes/b", "notes/a"]


def test_created_tells_nothing_of_a_lost_commit() -> None:
    documents = FakeDocuments()
    documents.commit([Put(at("a"), Note())])
    with pytest.raises(Conflict):
        documents.commit([Put(at("b"), Note()), Create(at("a"), Note())])
    assert documents.created == ["notes/a"]


def fail(_writes: Sequence[Write]) -> None:
    raise Transient("as told")


def test_a_failure_before_the_commit_leaves_nothing() -> None:
    documents = FakeDocuments()
    documents.before_commit = fail
    with pytest.raises(Transient):
        documents.commit([Put(at("a"), Note())])
    assert documents.paths() == []


def test_a_failure_after_the_commit_loses_only_the_reply() -> None:
    documents = FakeDocuments()
    documents.after_commit = fail
    with pytest.raises(Transient):
        documents.commit([Put(at("a"), Note())])
    assert documents.paths() == ["notes/a"]

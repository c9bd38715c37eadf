"""What `Documents.commit` promises, held against the fake and against Google's Firestore emulator."""

import threading
from uuid import uuid4

import pytest

from batchdrop.domain.errors import Conflict, Transient
from batchdrop.ports import Create, Delete, Documents, Put, Replace
from tests.contract.things import NOON, Inner, Round, Thing, at, everything, names, need, store


def test_creating_what_exists_is_a_conflict_and_changes_nothing(documents: Documents) -> None:
    store(documents, a=Thing(number=1))
    with pytest.raises(Conflict):
        documents.commit([Create(at("a"), Thing(number=2))])
    assert need(documents, "a").value.number == 1


def test_putting_writes_over_what_stands(documents: Documents) -> None:
    store(documents, a=Thing(number=1, names={"old": "x"}))
    store(documents, a=Thing(number=2, names={"new": "y"}))
    assert need(documents, "a").value == Thing(number=2, names={"new": "y"})


def test_replacing_the_version_read_writes_and_gives_a_new_version(documents: Documents) -> None:
    store(documents, a=Thing(number=1))
    before = need(documents, "a")
    documents.commit([Replace(before.ref, before.version, Thing(number=2))])
    after = need(documents, "a")
    assert after.value.number == 2
    assert after.version != before.version


def test_replacing_an_older_version_is_a_conflict(documents: Documents) -> None:
    store(documents, a=Thing(number=1))
    old = need(documents, "a")
    store(documents, a=Thing(number=2))
    with pytest.raises(Conflict):
        documents.commit([Replace(old.ref, old.version, Thing(number=3))])
    assert need(documents, "a").value.number == 2


def test_replacing_what_is_gone_is_a_conflict(documents: Documents) -> None:
    store(documents, a=Thing())
    old = need(documents, "a")
    documents.commit([Delete(old.ref)])
    with pytest.raises(Conflict):
        documents.commit([Replace(old.ref, old.version, Thing(number=1))])
    assert documents.get(at("a")) is None


def test_replacing_what_was_deleted_and_made_again_is_a_conflict(documents: Documents) -> None:
    store(documents, a=Thing())
    old = need(documents, "a")
    documents.commit([Delete(old.ref)])
    store(documents, a=Thing())
    with pytest.raises(Conflict):
        documents.commit([Replace(old.ref, old.version, Thing(number=1))])


def test_deleting_the_version_read_deletes(documents: Documents) -> None:
    store(documents, a=Thing(number=1))
    documents.commit([Delete(at("a"), need(documents, "a").version)])
    assert documents.get(at("a")) is None


def test_deleting_an_older_version_is_a_conflict(documents: Documents) -> None:
    store(documents, a=Thing(number=1))
    old = need(documents, "a")
    store(documents, a=Thing(number=2))
    with pytest.raises(Conflict):
        documents.commit([Delete(old.ref, old.version)])
    assert need(documents, "a").value.number == 2


def test_deleting_a_version_of_what_is_gone_is_a_conflict(documents: Documents) -> None:
    store(documents, a=Thing(number=1))
    old = need(documents, "a")
    documents.commit([Delete(old.ref)])
    with pytest.raises(Conflict):
        documents.commit([Delete(old.ref, old.version)])


def test_replacing_leaves_nothing_of_the_old_value(documents: Documents) -> None:
    full = Thing(names={"a.b": "1", "c": "2"}, inner=Inner(5, "x"), tags=("t",), moment=NOON, shape=Round(2.0))
    store(documents, a=full)
    before = need(documents, "a")
    documents.commit([Replace(before.ref, before.version, Thing(names={"c": "3"}, inner=Inner(note="y")))])
    assert need(documents, "a").value == Thing(names={"c": "3"}, inner=Inner(note="y"))


@pytest.mark.parametrize("how", ["put", "replace"])
def test_writing_what_already_stands_keeps_the_version(documents: Documents, how: str) -> None:
    thing = Thing(number=1, moment=NOON, names={"a": "b"})
    store(documents, a=thing)
    before = need(documents, "a")
    documents.commit([Put(at("a"), thing) if how == "put" else Replace(before.ref, before.version, thing)])
    assert need(documents, "a").version == before.version


def test_a_fresh_rev_is_a_change(documents: Documents) -> None:
    store(documents, a=Thing(rev="1"))
    before = need(documents, "a")
    documents.commit([Replace(before.ref, before.version, Thing(rev="2"))])
    assert need(documents, "a").version != before.version


def test_deleting_takes_a_document_away(documents: Documents) -> None:
    store(documents, a=Thing(), b=Thing())
    documents.commit([Delete(at("a"))])
    assert names(documents, everything()) == ["b"]


def test_deleting_what_is_not_there_is_no_error(documents: Documents) -> None:
    documents.commit([Delete(at("a"))])


def test_a_document_stays_when_the_one_above_it_goes(documents: Documents) -> None:
    below = at("x", "things/a/things")
    documents.commit([Put(at("a"), Thing()), Put(below, Thing(number=4))])
    documents.commit([Delete(at("a"))])
    assert documents.get(below) is not None


def test_a_commit_of_nothing_does_nothing(documents: Documents) -> None:
    documents.commit([])


@pytest.mark.parametrize("last", ["create", "replace"])
def test_one_lost_precondition_undoes_the_whole_commit(documents: Documents, last: str) -> None:
    store(documents, a=Thing(number=1), gone=Thing(number=1))
    old = need(documents, "a")
    store(documents, a=Thing(number=2))
    lost = Create(at("a"), Thing()) if last == "create" else Replace(old.ref, old.version, Thing())
    with pytest.raises(Conflict):
        documents.commit([Put(at("b"), Thing()), Create(at("c"), Thing()), Delete(at("gone")), lost])
    assert names(documents, everything()) == ["a", "gone"]
    assert need(documents, "a").value.number == 2


def test_five_hundred_writes_fit_one_commit(documents: Documents) -> None:
    documents.commit([Create(at(f"n{index:03d}"), Thing(number=index)) for index in range(500)])
    assert documents.totals(everything(), ["number"]) == {"count": 500, "number": 124750}


@pytest.mark.parametrize(
    "thing",
    [
        pytest.param(Thing(text="x" * 2**20), id="a megabyte of text"),
        pytest.param(Thing(inners=tuple(Inner(note="x" * 990) for _ in range(1100))), id="a megabyte in an array"),
        pytest.param(Thing(names={"": "x"}), id="an empty map key"),
        pytest.param(Thing(names={"__name__": "x"}), id="a reserved map key"),
    ],
)
def test_what_firestore_never_takes_is_neither_a_conflict_nor_worth_a_retry(documents: Documents, thing: Thing) -> None:
    with pytest.raises(Exception, match=r".+") as caught:
        store(documents, a=thing)
    assert not isinstance(caught.value, Conflict | Transient)
    assert documents.get(at("a")) is None


def test_a_document_of_nearly_a_megabyte_fits(documents: Documents) -> None:
    store(documents, a=Thing(inners=tuple(Inner(note="x" * 990) for _ in range(1000))))
    assert len(need(documents, "a").value.inners) == 1000


def test_of_many_who_replace_at_once_each_gets_its_turn(documents: Documents) -> None:
    store(documents, a=Thing())

    def add_one() -> None:
        while True:
            found = need(documents, "a")
            more = Thing(rev=uuid4().hex, number=found.value.number + 1)
            try:
                documents.commit([Replace(found.ref, found.version, more)])
            except Conflict:
                continue
            return

    threads = [threading.Thread(target=add_one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert need(documents, "a").value.number == 8

"""What reading from `Documents` promises, held against the fake and against Google's Firestore emulator."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from batchdrop.ports import Create, Documents, Replace
from tests.contract.things import NOON, Colour, Inner, Round, Thing, at, everything, need, store


def test_a_document_reads_back_as_it_was_written(documents: Documents) -> None:
    thing = Thing(
        rev="r",
        number=-3,
        real=2.5,
        text="Grüße, 世界 \u0000\n",
        flag=True,
        colour=Colour.BLUE,
        moment=NOON,
        tags=("a", "b", "a"),
        names={"plain": "1", "dotted.path[*]": "2", "with space/slash`tick": "3", "ünï": ""},
        inner=Inner(7, "x"),
        inners=(Inner(), Inner(1)),
        shape=Round(0.1),
        big=2**62,
    )
    documents.commit([Create(at("a"), thing)])
    assert need(documents, "a").value == thing
    assert need(documents, "a").ref == at("a")


def test_a_document_of_nothing_but_defaults_reads_back(documents: Documents) -> None:
    documents.commit([Create(at("a"), Thing())])
    assert need(documents, "a").value == Thing()


def test_a_moment_comes_back_in_utc_to_the_microsecond(documents: Documents) -> None:
    elsewhere = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    store(documents, a=Thing(moment=elsewhere))
    moment = need(documents, "a").value.moment
    assert moment is not None
    assert (type(moment), moment, moment.tzinfo, moment.microsecond) == (datetime, NOON, UTC, 123456)


def test_a_whole_number_stays_a_float_where_the_field_is_one(documents: Documents) -> None:
    store(documents, a=Thing(real=3.0))
    assert isinstance(need(documents, "a").value.real, float)


def test_a_naive_datetime_is_refused(documents: Documents) -> None:
    with pytest.raises(ValueError, match="naive"):
        store(documents, a=Thing(moment=NOON.replace(tzinfo=None)))


def test_a_missing_document_is_none(documents: Documents) -> None:
    assert documents.get(at("a")) is None


def test_many_are_read_in_the_order_asked_for_without_the_missing(documents: Documents) -> None:
    store(documents, a=Thing(number=1), b=Thing(number=2), c=Thing(number=3))
    found = documents.get_all([at("c"), at("nobody"), at("a")])
    assert [snapshot.value.number for snapshot in found] == [3, 1]


def test_none_asked_for_is_none_read(documents: Documents) -> None:
    assert documents.get_all([]) == []


def test_a_version_read_among_many_serves_to_replace(documents: Documents) -> None:
    store(documents, a=Thing())
    (found,) = documents.get_all([at("a")])
    documents.commit([Replace(found.ref, found.version, Thing(number=1))])
    assert need(documents, "a").value.number == 1


def test_a_version_found_by_a_query_serves_to_replace(documents: Documents) -> None:
    store(documents, a=Thing())
    (found,) = documents.find(everything())
    documents.commit([Replace(found.ref, found.version, Thing(number=1))])
    assert need(documents, "a").value.number == 1


def test_what_was_read_can_be_changed_without_changing_what_is_stored(documents: Documents) -> None:
    store(documents, a=Thing(names={"a": "1"}))
    need(documents, "a").value.names["a"] = "2"
    assert need(documents, "a").value.names == {"a": "1"}


def test_what_was_written_can_be_changed_without_changing_what_is_stored(documents: Documents) -> None:
    thing = Thing(names={"a": "1"})
    store(documents, a=thing)
    thing.names["a"] = "2"
    assert need(documents, "a").value.names == {"a": "1"}

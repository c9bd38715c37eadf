"""What queries of `Documents` find, held against the fake and against Google's Firestore emulator."""

from datetime import timedelta

import pytest

from batchdrop.domain.refs import Op, Query, Where
from batchdrop.ports import Documents, Put
from tests.contract.things import NOON, Colour, Inner, Thing, at, everything, names, store

BY_NOON = Where("moment", Op.AT_MOST, NOON)
FLAGGED = Where("flag", Op.EQUAL, value=True)
RED = Where("colour", Op.EQUAL, Colour.RED)


def test_a_query_of_an_empty_collection_finds_nothing(documents: Documents) -> None:
    assert names(documents, everything()) == []


def test_a_query_without_an_order_finds_by_id(documents: Documents) -> None:
    store(documents, b=Thing(), a=Thing(), C=Thing())
    assert names(documents, everything()) == ["C", "a", "b"]


def test_a_collection_has_what_lies_in_it_and_not_what_lies_below(documents: Documents) -> None:
    store(documents, a=Thing())
    documents.commit([Put(at("x", "things/a/things"), Thing()), Put(at("y", "others"), Thing())])
    assert names(documents, everything()) == ["a"]


def test_a_query_below_a_document_finds_that_documents_own(documents: Documents) -> None:
    documents.commit([Put(at("x", "tops/a/things"), Thing()), Put(at("y", "tops/b/things"), Thing())])
    assert names(documents, Query(kind=Thing, collection="tops/a/things")) == ["x"]


def test_a_group_has_all_collections_of_that_last_name(documents: Documents) -> None:
    places = ["things", "tops/a/things", "tops/b/things", "tops/b/nothings", "things/z/others"]
    documents.commit([Put(at(f"d{index}", place), Thing()) for index, place in enumerate(places)])
    assert names(documents, everything(group=True)) == ["d0", "d1", "d2"]


def test_a_found_document_names_its_whole_path(documents: Documents) -> None:
    below = at("x", "tops/a/things")
    documents.commit([Put(below, Thing())])
    (found,) = documents.find(everything(group=True))
    assert found.ref == below


def test_equality_takes_the_value_itself(documents: Documents) -> None:
    store(documents, a=Thing(colour=Colour.RED), b=Thing(colour=Colour.BLUE), c=Thing(colour=Colour.RED))
    assert names(documents, everything(RED)) == ["a", "c"]


def test_equality_with_a_number_is_not_met_by_a_truth_value(documents: Documents) -> None:
    store(documents, a=Thing(flag=True), b=Thing(flag=False))
    assert names(documents, everything(Where("flag", Op.EQUAL, 1))) == []


def test_equality_does_not_care_how_a_number_is_written(documents: Documents) -> None:
    store(documents, a=Thing(number=2), b=Thing(number=3))
    assert names(documents, everything(Where("number", Op.EQUAL, 2.0))) == ["a"]


def test_a_nested_field_can_be_asked_for(documents: Documents) -> None:
    store(documents, a=Thing(inner=Inner(2)), b=Thing(inner=Inner(3)))
    assert names(documents, everything(Where("inner.amount", Op.EQUAL, 3))) == ["b"]


def test_at_most_takes_the_bound_itself_and_what_lies_before(documents: Documents) -> None:
    second = timedelta(seconds=1)
    store(documents, a=Thing(moment=NOON + second), b=Thing(moment=NOON), c=Thing(moment=NOON - second))
    assert names(documents, everything(BY_NOON)) == ["c", "b"]


def test_at_most_is_never_met_by_a_null(documents: Documents) -> None:
    store(documents, a=Thing(moment=None), b=Thing(moment=NOON))
    assert names(documents, everything(BY_NOON)) == ["b"]


def test_at_most_is_never_met_by_a_field_that_is_not_stored(documents: Documents) -> None:
    store(documents, a=Thing(inner=Inner()), b=Thing(inner=Inner(1)))
    assert names(documents, everything(Where("inner.amount", Op.AT_MOST, 5))) == ["b"]


def test_at_most_is_never_met_by_another_type(documents: Documents) -> None:
    store(documents, a=Thing(number=1))
    assert names(documents, everything(Where("number", Op.AT_MOST, "z"))) == []


def test_contains_takes_arrays_that_hold_the_value(documents: Documents) -> None:
    store(documents, a=Thing(tags=("x", "y")), b=Thing(tags=("xy",)), c=Thing(text="x"), d=Thing())
    assert names(documents, everything(Where("tags", Op.CONTAINS, "x"))) == ["a"]


def test_contains_and_equality_hold_together(documents: Documents) -> None:
    blue = Colour.BLUE
    store(documents, a=Thing(tags=("x",)), b=Thing(tags=("x",), colour=blue), c=Thing(tags=("y",), colour=blue))
    where = (Where("colour", Op.EQUAL, blue), Where("tags", Op.CONTAINS, "x"))
    assert names(documents, everything(*where)) == ["b"]


def test_order_is_by_the_field_and_then_by_path(documents: Documents) -> None:
    store(documents, a=Thing(real=2.0), b=Thing(real=1.0), c=Thing(real=-1.5), d=Thing(real=1.0))
    assert names(documents, everything(order_by=("real",))) == ["c", "b", "d", "a"]


def test_order_is_by_one_field_after_the_other(documents: Documents) -> None:
    store(documents, a=Thing(number=2, text="a"), b=Thing(number=1, text="b"), c=Thing(number=1, text="a"))
    assert names(documents, everything(order_by=("number", "text"))) == ["c", "b", "a"]


def test_in_an_order_nulls_come_first(documents: Documents) -> None:
    store(documents, a=Thing(moment=NOON), b=Thing(moment=None))
    assert names(documents, everything(order_by=("moment",))) == ["b", "a"]


def test_an_order_leaves_out_what_does_not_store_its_field(documents: Documents) -> None:
    store(documents, a=Thing(inner=Inner()), b=Thing(inner=Inner(1)))
    assert names(documents, everything(order_by=("inner.amount",))) == ["b"]


def test_texts_are_ordered_by_their_bytes(documents: Documents) -> None:
    store(documents, a=Thing(text="é"), b=Thing(text="z"), c=Thing(text="Z"), d=Thing(text="\U0001f600"))
    assert names(documents, everything(order_by=("text",))) == ["c", "b", "a", "d"]


def test_an_order_other_than_the_bound_goes_before_it(documents: Documents) -> None:
    second = timedelta(seconds=1)
    store(
        documents,
        a=Thing(real=2.0, moment=NOON - second),
        b=Thing(real=1.0, moment=NOON),
        c=Thing(real=1.0, moment=NOON - second),
        d=Thing(real=0.0, moment=NOON + second),
    )
    assert names(documents, everything(BY_NOON, order_by=("real",))) == ["c", "b", "a"]


def test_a_group_takes_equalities_a_bound_an_order_and_a_limit_at_once(documents: Documents) -> None:
    later = NOON + timedelta(hours=1)
    documents.commit(
        [
            Put(at("a", "tops/1/things"), Thing(flag=True, moment=NOON, real=3.0)),
            Put(at("b", "tops/2/things"), Thing(flag=True, moment=NOON, real=1.0)),
            Put(at("c", "tops/3/things"), Thing(flag=True, moment=NOON, real=2.0)),
            Put(at("late", "tops/1/things"), Thing(flag=True, moment=later, real=0.0)),
            Put(at("blue", "tops/1/things"), Thing(flag=True, moment=NOON, real=0.0, colour=Colour.BLUE)),
            Put(at("off", "tops/2/things"), Thing(flag=False, moment=NOON, real=0.0)),
            Put(at("never", "tops/3/things"), Thing(flag=True, moment=None, real=0.0)),
        ]
    )
    asked = everything(RED, FLAGGED, BY_NOON, group=True, order_by=("real",), limit=2)
    assert names(documents, asked) == ["b", "c"]


def test_a_limit_takes_the_first_of_the_order(documents: Documents) -> None:
    store(documents, a=Thing(number=3), b=Thing(number=1), c=Thing(number=2))
    assert names(documents, everything(order_by=("number",), limit=2)) == ["b", "c"]


@pytest.mark.parametrize(("wanted", "there"), [(Colour.RED, True), (Colour.BLUE, False)])
def test_exists_tells_whether_anything_is_found(documents: Documents, wanted: Colour, *, there: bool) -> None:
    store(documents, a=Thing(), b=Thing())
    assert documents.exists(everything(Where("colour", Op.EQUAL, wanted))) is there


def test_totals_count_and_sum_what_is_found(documents: Documents) -> None:
    store(documents, a=Thing(number=1), b=Thing(number=-5), c=Thing(number=100, colour=Colour.BLUE))
    assert documents.totals(everything(RED), ["number"]) == {"count": 2, "number": -4}


def test_totals_of_nothing_are_nought(documents: Documents) -> None:
    assert documents.totals(everything(), ["number"]) == {"count": 0, "number": 0}


def test_totals_without_fields_only_count(documents: Documents) -> None:
    store(documents, a=Thing(), b=Thing())
    assert documents.totals(everything(), []) == {"count": 2}


def test_totals_reach_into_groups(documents: Documents) -> None:
    documents.commit([Put(at("x", f"tops/{index}/things"), Thing(number=index)) for index in range(4)])
    assert documents.totals(everything(group=True), ["number"]) == {"count": 4, "number": 6}


def test_totals_leave_out_what_does_not_store_one_of_the_fields(documents: Documents) -> None:
    store(documents, a=Thing(number=1, inner=Inner(4)), b=Thing(number=2, inner=Inner()))
    assert documents.totals(everything(), ["number", "inner.amount"]) == {"count": 1, "number": 1, "inner.amount": 4}


def test_totals_count_nulls_and_add_nothing_for_them(documents: Documents) -> None:
    store(documents, a=Thing(big=2**53 + 1), b=Thing(big=None))
    assert documents.totals(everything(), ["big"]) == {"count": 2, "big": 2**53 + 1}


def test_totals_take_four_fields_and_no_more(documents: Documents) -> None:
    store(documents, a=Thing(number=1, big=2))
    four = ["number", "big", "real", "text"]
    assert documents.totals(everything(), four) == {"count": 1, "number": 1, "big": 2, "real": 0, "text": 0}
    with pytest.raises(ValueError, match="5 fields"):
        documents.totals(everything(), [*four, "rev"])

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchdrop.rows.sniff import Dialect, separator_line, sniff


@pytest.mark.parametrize(
    ("sample", "dialect"),
    [
        ("a,b\n1,2\n", Dialect(",")),
        ("a;b\n1,5;2,5\n", Dialect(";")),
        ("a;b,c\n1;2\n3;4\n", Dialect(";")),
        ("id|a, b|c\n1|x, y|2\n", Dialect("|")),
        ("id\ttext\n1\tone, two; three\n", Dialect("\t")),
        ("text\nhello, world\nmore; of it\n", Dialect(",")),
        ("note to self; a draft\nplain\n", Dialect(";")),
        ("", Dialect(",")),
        ("\n\n\n", Dialect(",")),
        ('a,b\n"1\n2",3\n"4,5",6\n', Dialect(",")),
    ],
)
def test_the_delimiter_is_what_splits_most_records_like_the_header(sample: str, dialect: Dialect) -> None:
    assert sniff(sample.encode(), None, None, whole=True) == dialect


@pytest.mark.parametrize(
    ("sample", "quote"),
    [
        ("a,b\n'tis,1\n'twas,2\n", '"'),
        ("'a','b'\n'1','2'\n", "'"),
        ("'a,b';'c'\n1;2\n", "'"),
        ("a,b\n'x, y',1\n'z, w',2\n", "'"),
        ('a\tb\n1\t"no end\n2\t"nor here\n', ""),
        ('a,b\n1,"no end\n2,"closed"\n3,"x, y"\n', '"'),
        ('a,"b\n1,2\n3,4\n', '"'),
        ('a,b\n1,5" disk\n2,3" disk\n', '"'),
    ],
)
def test_quotes_are_double_unless_others_explain_more(sample: str, quote: str) -> None:
    assert sniff(sample.encode(), None, None, whole=True).quote == quote


def test_what_is_known_stays() -> None:
    assert sniff(b"a,b\n1,2\n", ";", None, whole=True) == Dialect(";")
    assert sniff(b"'a','b'\n1,2\n", None, '"', whole=True) == Dialect(",")
    assert sniff(b"'a';'b'\n", "'", None, whole=True).delimiter == "'"


def test_a_record_that_the_sample_cuts_off_does_not_count() -> None:
    assert sniff(b"a;b,c\n1;2\n3,4", None, None, whole=False) == Dialect(";")


def test_only_a_whole_line_of_that_form_names_the_separator() -> None:
    assert separator_line(b"sep=|\r\na|b") == ("|", 7)
    assert separator_line(b"sep=ab\n") == (None, 0)
    assert separator_line(b"separator,b\n") == (None, 0)


@given(st.text(alphabet="ab,;\t|'\"\n\r\x00é", max_size=60), st.booleans())
def test_any_sample_has_an_answer(sample: str, whole: bool) -> None:  # noqa: FBT001  # hypothesis gives it
    dialect = sniff(sample.encode(), None, None, whole=whole)
    assert dialect.delimiter in ",;\t|"
    assert dialect.quote in {'"', "'", ""}

from hypothesis import given
from hypothesis import strategies as st

from batchdrop.rows.makers import object_maker, text_maker

NAMES = st.text(max_size=8) | st.sampled_from(["'", '"', "{x}", "row", "__import__('os')", "\\", "\n", "}"])


@given(st.dictionaries(NAMES, st.text(max_size=5), max_size=8))
def test_an_object_has_its_columns_whatever_their_names(row: dict[str, str]) -> None:
    assert object_maker(tuple(row))(list(row.values())) == row


@given(st.dictionaries(NAMES, st.text(max_size=5), min_size=1, max_size=8), st.lists(NAMES, max_size=4), st.randoms())
def test_a_text_is_its_pieces_and_values_whatever_is_in_them(
    row: dict[str, str], texts: list[str], random: object
) -> None:
    pieces: list[str | tuple[str]] = [*texts, *((name,) for name in row)]
    random.shuffle(pieces)  # type: ignore[attr-defined]  # hypothesis' own Random
    assert text_maker(pieces)(row) == "".join(piece if isinstance(piece, str) else row[piece[0]] for piece in pieces)

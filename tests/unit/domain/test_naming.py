import pytest

from batchdrop.domain.naming import Kind, judge, prompt_candidates


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("reviews/november.csv", Kind.DATA),
        ("A.JSONL", Kind.DATA),
        ("a.ndjson", Kind.DATA),
        ("reviews/default.prompt", Kind.PROMPT),
        ("reviews/november.csv.approve", Kind.APPROVAL),
        ("photos/cat.JPG", Kind.IGNORED),
        ("report.pdf", Kind.IGNORED),
        ("_prices.json", Kind.IGNORED),
        (".hidden.csv", Kind.IGNORED),
        ("reviews/_drafts/a.csv", Kind.IGNORED),
        ("reviews/", Kind.IGNORED),
        ("gcloud/tmp/parallel_composite_uploads/part_1.csv", Kind.IGNORED),
        ("gsutil/tmp/parallel_composite_uploads/part_1.csv", Kind.IGNORED),
        ("table.xlsx", Kind.UNSUPPORTED),
        ("noextension", Kind.UNSUPPORTED),
    ],
)
def test_a_name_tells_what_an_object_is(name: str, kind: Kind) -> None:
    assert judge(name).kind is kind


def test_what_is_passed_over_says_why() -> None:
    assert judge("gcloud/tmp/x.csv").why == "a temporary part of a parallel upload"


def test_a_prompt_is_looked_for_beside_the_file_and_then_upwards() -> None:
    assert prompt_candidates("a/b/2026-11.csv") == (
        "a/b/2026-11.prompt",
        "a/b/default.prompt",
        "a/default.prompt",
        "default.prompt",
    )


def test_a_file_at_the_top_has_two_candidates() -> None:
    assert prompt_candidates("x.jsonl") == ("x.prompt", "default.prompt")

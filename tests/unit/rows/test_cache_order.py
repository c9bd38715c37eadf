import pytest

from batchdrop.rows.cache_order import LEAST_CACHED, CacheOrder, cache_order

RULES = "Label the review by the rules of the shop. " * 250
"""Some 2,700 tokens."""
EXAMPLES = "An example of a review, and of its label. " * 100


def test_what_all_rows_share_is_counted_before_and_behind_what_differs() -> None:
    order = cache_order(f"{RULES}{{{{review}}}}{EXAMPLES}")
    assert 2_500 < order.beginning < 3_000
    assert 900 < order.behind < 1_200
    assert order.first == "review"


def test_a_template_with_what_differs_at_its_end_loses_nothing() -> None:
    assert cache_order(f"{RULES}\n{{{{review}}}}\n").lost == 0


def test_a_template_with_what_differs_at_its_beginning_loses_all_that_follows() -> None:
    order = cache_order(f"{{{{review}}}}\n{RULES}")
    assert order.lost == order.behind > LEAST_CACHED


def test_a_system_instruction_comes_first_wherever_the_template_has_it() -> None:
    front = cache_order(f'{{{{role "system"}}}}{RULES}{{{{role "user"}}}}{{{{review}}}}')
    assert cache_order(f'{{{{role "user"}}}}{{{{review}}}}{{{{role "system"}}}}{RULES}') == front
    assert front.lost == 0


def test_what_differs_in_the_system_instruction_comes_before_all_else() -> None:
    order = cache_order(f'{{{{role "system"}}}}You speak {{{{language}}}}.{{{{role "user"}}}}{RULES}{{{{review}}}}')
    assert order.first == "language"
    assert order.lost == order.beginning + order.behind > LEAST_CACHED


@pytest.mark.parametrize(
    "differs", ["{{#if note}}Note: {{note}}{{/if}}", "{{media url=photo}}", "{{#each tags}}x{{/each}}"]
)
def test_blocks_and_media_are_taken_to_differ(differs: str) -> None:
    assert cache_order(f"{differs}{RULES}{{{{review}}}}").lost > 0


def test_prompts_too_short_for_any_cache_lose_nothing() -> None:
    assert cache_order("{{review}}\nLabel it: positive or negative.").lost == 0
    assert cache_order(f"{{{{review}}}}{EXAMPLES}").lost == 0


def test_a_few_words_behind_are_not_worth_a_word() -> None:
    assert cache_order(f"{RULES}{{{{review}}}}\nAnswer in one word.").lost == 0


def test_where_the_beginning_alone_is_cached_only_the_rest_is_lost() -> None:
    order = CacheOrder(beginning=LEAST_CACHED, behind=500, first="x")
    assert order.lost == 500
    assert CacheOrder(beginning=LEAST_CACHED - 1, behind=500, first="x").lost == LEAST_CACHED + 499

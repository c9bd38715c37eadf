"""What is known of models."""

import pytest

from batchdrop.domain.ids import ModelName
from batchdrop.domain.models import output_limit


@pytest.mark.parametrize(
    ("model", "most"),
    [
        ("gemini-3.5-flash-lite", 65_536),
        ("publishers/google/models/gemini-2.5-pro", 65_536),
        ("gemini-3-pro-image", 32_768),
        ("gemini-4-argon", 65_536),
        ("gemini-2.0-flash-001", 8_192),
        ("gemini-5-xenon", 8_192),
        ("my-tuned-model", 8_192),
    ],
)
def test_a_model_takes_as_many_output_tokens_as_its_family_and_an_unknown_one_the_fewest(model: str, most: int) -> None:
    assert output_limit(ModelName(model)) == most

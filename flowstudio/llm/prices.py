"""Prices known without a network, from the package `genai-prices`.

Importing it takes a third of a second, so callers import this module only when a price is missing.
"""

from decimal import Decimal

import genai_prices

from flowstudio.llm.messages import TokenUsage


def offline_price(model: str, usage: TokenUsage) -> Decimal | None:
    """US dollars for a whole call through OpenRouter, or None for a model not in the table.

    Whole calls are priced, since some prices rise with the length of the prompt.
    """
    try:
        price = genai_prices.calc_price(
            genai_prices.Usage(
                input_tokens=usage.prompt_tokens,
                output_tokens=usage.completion_tokens,
                cache_read_tokens=usage.cached_tokens,
            ),
            model_ref=model,
            provider_id="openrouter",
        )
    except LookupError:
        return None
    return Decimal(price.total_price)

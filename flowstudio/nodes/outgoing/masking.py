"""Hiding a credential that the other side sends back."""

from typing import Any

MASK = "•••"
#: Shorter strings occur by chance, so masking them would garble replies and hide nothing.
_SHORTEST = 4


def mask_text(text: str, secrets: tuple[str, ...]) -> str:
    """Text with every secret replaced by dots."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, MASK)
    return text


def mask_bytes(content: bytes, secrets: tuple[str, ...]) -> bytes:
    """Bytes with every secret replaced by dots."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            content = content.replace(secret.encode(), MASK.encode())
    return content


def mask(value: Any, secrets: tuple[str, ...]) -> Any:
    """A JSON value with every secret in it replaced by dots, in keys and numbers too.

    Raises:
        RecursionError: the value is nested deeper than Python can follow.
    """
    if not secrets:
        return value
    if isinstance(value, dict):
        return {mask_text(key, secrets): mask(child, secrets) for key, child in value.items()}
    if isinstance(value, list):
        return [mask(child, secrets) for child in value]
    if isinstance(value, str):
        return mask_text(value, secrets)
    if isinstance(value, int | float) and not isinstance(value, bool):
        masked = mask_text(str(value), secrets)
        return value if masked == str(value) else masked
    return value

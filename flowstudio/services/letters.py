"""What the mails of notifications say."""

from collections.abc import Mapping, Sequence

from flowstudio.store.deliveries import DeliveryRecord

_RULE = "\n\n" + "-" * 40 + "\n\n"


def letter(
    group: Sequence[DeliveryRecord], links: Mapping[str, str], base_url: str
) -> tuple[str, str]:
    """Subject and text of one mail about one or several notifications.

    Args:
        group: what it is about, oldest first.
        links: by delivery, where the person can answer at once, or "".
        base_url: where people reach this server.
    """
    subject = group[0].title
    if len(group) > 1:
        subject = f"{len(group)} notifications: {subject}"
    text = _RULE.join(_part(one, links.get(one.id, ""), base_url) for one in group)
    return (
        subject,
        f"{text}\n\n-- \nWhat is sent to you, and when: {base_url}/account#notifications\n",
    )


def _part(one: DeliveryRecord, answer: str, base_url: str) -> str:
    parts = [one.title, one.body.strip()]
    if answer:
        parts.append(
            "Look at it and answer here, without signing in. The link is for you alone, so do not "
            f"pass this mail on:\n{answer}"
        )
    if one.link:
        parts.append(f"More: {base_url}{one.link}")
    return "\n\n".join(part for part in parts if part)

"""What began a run, in words."""

_TRIGGERS = {
    "manual": "by hand",
    "api": "API",
    "schedule": "schedule",
    "webhook": "webhook",
    "form": "form",
    "draft": "editor",
}


def trigger_word(trigger: str) -> str:
    """What began a run, in a word or two."""
    if trigger.startswith("workflow:"):
        return "inside a run"
    return _TRIGGERS.get(trigger, trigger)

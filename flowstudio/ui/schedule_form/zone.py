"""The field for a time zone; the other half is assets/components/zone-input.jsx."""

import reflex as rx
from reflex.event import EventHandler, passthrough_event_spec


class ZoneInput(rx.Component):
    """Offers the zones that the browser knows, and begins with the browser's own."""

    library = "$/public/components/zone-input.jsx"
    tag = "ZoneInput"
    name: rx.Var[str]
    value: rx.Var[str]
    is_invalid: rx.Var[bool]
    described_by: rx.Var[str]
    test_id: rx.Var[str]
    on_change: EventHandler[passthrough_event_spec(str)]  # type: ignore[type-arg, valid-type]


zone_input = ZoneInput.create

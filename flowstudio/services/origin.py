"""Where a request came from."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """The other end, as the door saw it.

    Attributes:
        address: of the client; behind a trusted proxy, the one it names.
        user_agent: cut to 300 characters, without control characters.
        request_id: by which logs and the audit log know the request.
    """

    address: str = ""
    user_agent: str = ""
    request_id: str = ""

"""Whom encrypted connections trust."""

import ssl


def find_distrust(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The refused certificate behind a failed connection, if that is what it was."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error

"""Texts that both databases accept."""

# Characters of an error that are stored, for people; the log has the whole text.
LONGEST_ERROR = 2000


def storable(error: str | None) -> str | None:
    """Shorten a text and replace what PostgreSQL refuses: NUL and lone surrogates. Exceptions may contain both."""
    if error is None:
        return None
    return error[:LONGEST_ERROR].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()

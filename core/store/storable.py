"""Texts that any database takes."""

# An error's text is for people; a longer one is in the log.
LONGEST_ERROR = 2000


def storable(error: str | None) -> str | None:
    """PostgreSQL takes neither NUL nor a lone surrogate, and foreign exceptions may say anything."""
    if error is None:
        return None
    return error[:LONGEST_ERROR].replace("\x00", "\ufffd").encode("utf-8", "replace").decode()

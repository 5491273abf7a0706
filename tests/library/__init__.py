"""The library alone, in an empty environment beside somebody else's `core` and `api`."""

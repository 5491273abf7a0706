"""The service's settings, read for the command line."""

from typing import Any

from core.settings import Settings
from gradlab.cli.settings import read


def read_settings(**chosen: Any) -> Settings:
    """Read the settings in force; options that the command line has set (not None) come first.

    Raises:
        Invalid: a setting has a value that is not allowed.
    """
    return read(Settings, **chosen)

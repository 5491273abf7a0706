"""Settings of the service, read for the command line."""

from typing import Any

from core.settings import Settings
from gradlab.cli.settings import read


def read_settings(**chosen: Any) -> Settings:
    """Read the settings. Options of the command line (those not None) take precedence.

    Raises:
        Invalid: a setting has an invalid value.
    """
    return read(Settings, **chosen)

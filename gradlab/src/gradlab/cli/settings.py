"""The settings of a client, and how any settings are read for the command line."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from gradlab.errors import Invalid, Problem
from gradlab.spec.problems import from_pydantic

SettingsType = TypeVar("SettingsType", bound=BaseSettings)


class ClientSettings(BaseSettings):
    """Where the service is that commands ask: by default where one on this machine listens."""

    model_config = SettingsConfigDict(env_prefix="GRADLAB_", env_file=".env", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    api_key: str | None = None

    @property
    def url(self) -> str:
        """The service's address."""
        return f"http://{self.host}:{self.port}"


def read(settings: type[SettingsType], **chosen: Any) -> SettingsType:
    """Read settings from the environment and `.env`; options that the command line has set (not None) come first.

    Raises:
        Invalid: a setting has a value that is not allowed.
    """
    try:
        return settings(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        problems = from_pydantic(error.errors(include_url=False))
        raise Invalid(
            *(Problem(_written(each.field, chosen), each.expected, each.received) for each in problems)
        ) from error


def _written(setting: str, chosen: Mapping[str, Any]) -> str:
    return f"--{setting}" if chosen.get(setting) is not None else f"GRADLAB_{setting.upper()}"

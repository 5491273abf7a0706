"""Settings of the client, and the reader of settings for the command line."""

from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from gradlab.errors import Invalid, Problem
from gradlab.frozen import impossible
from gradlab.spec.problems import from_pydantic

SettingsType = TypeVar("SettingsType", bound=BaseSettings)


class ClientSettings(BaseSettings):
    """Address and API key of the service; by default the address of a service on this machine."""

    model_config = SettingsConfigDict(env_prefix="GRADLAB_", env_file=".env", frozen=True, extra="ignore")

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    api_key: str | None = None

    @field_validator("api_key")
    @classmethod
    def _can_be_sent(cls, key: str | None) -> str | None:
        """Refuse control characters, which no header carries, without a word of the key itself."""
        if key and not key.isprintable():
            raise impossible("", "a key without line breaks and other control characters", "one with them")
        return key

    @property
    def url(self) -> str:
        """Address of the service."""
        return f"http://{self.host}:{self.port}"


def checked_url(url: str) -> str:
    """Return the address of a service as it is.

    Raises:
        Invalid: it is no address of HTTP.
    """
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port beyond 65535
        is_address = False
    if not is_address:
        raise Invalid(Problem("--url or GRADLAB_URL", "an address such as http://127.0.0.1:8000", url))
    return url


def read(settings: type[SettingsType], **chosen: Any) -> SettingsType:
    """Read settings from the environment and `.env`. Options of the command line (those not None) take precedence.

    Raises:
        Invalid: a setting has an invalid value.
    """
    try:
        return settings(**{name: value for name, value in chosen.items() if value is not None})
    except ValidationError as error:
        problems = from_pydantic(error.errors(include_url=False))
        raise Invalid(
            *(Problem(_name(problem.field, chosen), problem.expected, problem.received) for problem in problems)
        ) from error


def _name(setting: str, chosen: Mapping[str, Any]) -> str:
    return f"--{setting}" if chosen.get(setting) is not None else f"GRADLAB_{setting.upper()}"

"""One frozen object with every setting, built only at the edges and passed down.

Each is read from the environment variable GRADLAB_<NAME> or from a `.env` file. Scientific thresholds are not settings.
"""

import re
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def _seconds(value: Any) -> Any:
    """An environment variable is text: "2.5" is meant as seconds, as much as ISO 8601's "PT2.5S"."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


# A name in any script, `*.` before it for all names below it, or `*` alone.
HOST_NAME = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


Duration = Annotated[timedelta, BeforeValidator(_seconds), Field(gt=timedelta())]


class Settings(BaseSettings):
    """Where things are, how long they may take, how large they may be."""

    model_config = SettingsConfigDict(
        env_prefix="GRADLAB_", env_file=".env", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    data_dir: Path = Path(".gradlab")
    """Home of the embedded database, the broker's folder and the compile cache."""
    database_url: str = ""
    """SQLite or PostgreSQL, as SQLAlchemy writes it; by default a SQLite file in the data directory."""
    broker_url: str = ""
    """Redis or RabbitMQ, as Celery writes it; by default a folder in the data directory."""

    host: str = "127.0.0.1"
    """Where the API listens."""
    port: int = Field(default=8000, ge=0, le=65535)
    """The API's port; 0 takes a free one."""
    api_key: str | None = None
    """What a client must send as `Authorization: Bearer …`. Needed wherever others can reach the API."""
    published_on_loopback: bool = False
    """A promise that only this machine reaches the API although it listens on all addresses, as in a container whose
    port is published on 127.0.0.1: then no key is needed."""
    hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names, separated by commas, by which others reach the API, for example `lab.example.org, *.internal`. Requests
    under any other name are refused, loopback names and the address that was connected to apart. `*` lets all names
    through: only for a proxy in front that checks them itself."""
    max_body_bytes: PositiveInt = 1_000_000
    """Larger request bodies are refused unread."""

    header_timeout: Duration = timedelta(seconds=10)
    """The head of a request must be there so soon after the connection was made, or the request begun."""
    body_timeout: Duration = timedelta(seconds=60)
    """The body of a request must be there so soon after its head."""
    send_timeout: Duration = timedelta(seconds=120)
    """An answer of which nothing has been taken for so long is broken off."""
    keep_alive: Duration = timedelta(seconds=5)
    """A connection on which nothing is asked for so long after an answer is closed."""
    max_connections: PositiveInt = 1000
    """Connections in all, streams among them; never more than there are descriptors for, less 160 of our own."""
    max_connections_per_address: PositiveInt = 500
    """Connections from one address, or one IPv6 network of 64 bits. Behind a proxy all come from the proxy's."""

    lease: Duration = timedelta(seconds=60)
    """A worker that has not written for so long is taken for dead. Longer than the slowest compilation."""
    silence: Duration = timedelta(minutes=5)
    """A training elsewhere of which nothing has been heard for so long is shown as silent."""
    requeue_after: Duration = timedelta(seconds=30)
    """An experiment that nobody has taken for so long is published again: its message may be lost."""
    sweep_every: Duration = timedelta(seconds=5)
    """How often a worker looks for lost messages and dead workers."""
    max_attempts: PositiveInt = 3
    """An experiment fails after so many attempts in a row that got no further."""
    chunk: Duration = timedelta(seconds=0.5)
    """How long one call of the training program should take. Progress and cancel are seen between calls."""
    checkpoint_every: Duration = timedelta(seconds=5)
    """At most so much training is repeated after a worker has died."""
    worker_concurrency: PositiveInt = 1
    """Experiments that one worker trains at a time, each in a process of its own of about 600 MB."""
    worker_memory_bytes: PositiveInt = 2_000_000_000
    """A process that has come to take more is replaced after its experiment: TensorFlow keeps what it has compiled for
    ever, about 16 MB for each architecture."""
    triage_patience: Duration = timedelta(seconds=20)
    """How long a triage waits for a worker to look at the initial state: a fresh one first loads TensorFlow."""
    grace: Duration = timedelta(seconds=30)
    """How long a stopping service waits for its worker to end the chunk at hand."""
    parent_pid: PositiveInt | None = None
    """The process with which a worker ends: `gradlab serve` sets it for its own, and nobody else needs to."""

    max_layers: PositiveInt = 200
    """Layers of a network, repeats counted."""
    max_parameters: PositiveInt = 5_000_000
    """Trainable numbers of a network."""
    max_samples: PositiveInt = 100_000
    """Samples of a dataset."""
    max_values: PositiveInt = 50_000_000
    """Numbers in a dataset: samples times features."""
    max_epochs: PositiveInt = 100_000
    """Epochs of a run."""
    max_seeds: PositiveInt = 256
    """Runs of an experiment."""
    max_seconds: PositiveInt = 86_400
    """Estimated training time of an experiment on two cores, in seconds: all runs together, a day by default."""
    max_memory_bytes: PositiveInt = 4_000_000_000
    """Estimated memory of a training beyond TensorFlow's own 600 MB: datasets, batches, layers, seeds side by side."""
    max_series_bytes: PositiveInt = 1_000_000_000
    """What the recorded series and the networks may take in the database."""

    @field_validator("api_key")
    @classmethod
    def _blank_is_none(cls, key: str | None) -> str | None:
        """A composition passes on a variable that is not set as an empty text."""
        return key or None

    @field_validator("hosts", mode="before")
    @classmethod
    def _listed(cls, hosts: Any) -> Any:
        """Split at commas; a composition may leave a part blank. Case and a final dot make no difference."""
        names = hosts.split(",") if isinstance(hosts, str) else hosts
        return tuple(name for each in names if (name := str(each).strip().lower().removesuffix(".").strip("[]")))

    @field_validator("hosts")
    @classmethod
    def _are_names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """Neither addresses of pages nor ports."""
        for each in hosts:
            if not HOST_NAME.fullmatch(each) and not _is_address(each):
                raise ValueError(
                    f"expected names like lab.example.org or *.example.org, without port; received {each!r}"
                )
        return hosts

    @field_validator("database_url")
    @classmethod
    def _names_its_driver(cls, url: str) -> str:
        """SQLAlchemy takes a bare postgresql:// for another driver than the one installed here."""
        scheme, separator, rest = url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") and separator else url

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'gradlab.db').resolve()}"

    @property
    def broker(self) -> str:
        """The broker URL in force; `filesystem://` means the folder `broker_dir`."""
        return self.broker_url or "filesystem://"

    @property
    def is_folder_broker(self) -> bool:
        """Whether messages are files in `broker_dir`."""
        return self.broker.startswith("filesystem://")

    @property
    def broker_dir(self) -> Path:
        """Where the embedded broker keeps its messages."""
        return (self.data_dir / "broker").resolve()

    @property
    def compile_cache(self) -> Path:
        """Where XLA keeps what it has compiled."""
        return (self.data_dir / "compiled").resolve()

    @property
    def open_to_others(self) -> bool:
        """Whether somebody else than this machine's users may reach the API."""
        if self.published_on_loopback or self.host == "localhost":
            return False
        return not _is_address(self.host) or not ip_address(self.host).is_loopback

"""All settings in one frozen object, which entry points build and pass down.

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
    """Read a text such as "2.5" as seconds; others, such as ISO 8601's "PT2.5S", are left to pydantic."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


# A name in any script, with `*.` before it for all names below it, or `*` alone.
HOST_NAME = re.compile(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*")


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


Duration = Annotated[timedelta, BeforeValidator(_seconds), Field(gt=timedelta())]


class Settings(BaseSettings):
    """Paths, addresses, durations and bounds of the service."""

    model_config = SettingsConfigDict(
        env_prefix="GRADLAB_", env_file=".env", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    data_dir: Path = Path(".gradlab")
    """Folder of the embedded database, the embedded broker and the compile cache."""
    database_url: str = ""
    """SQLAlchemy URL of SQLite or PostgreSQL; by default an SQLite file in the data directory."""
    broker_url: str = ""
    """Celery URL of Redis or RabbitMQ; by default a folder in the data directory."""
    storage_url: str = ""
    """Object storage of datasets and large networks, which the API and all workers reach: `s3://bucket/prefix`,
    `gs://bucket/prefix`, `az://account/container/prefix`, or `file:///folder` that they share; by default a folder in
    the data directory. Keys and endpoints come from the provider's own variables, such as `AWS_ACCESS_KEY_ID`.
    Networks and checkpoints of more than 256 kB go there with SQLite, and wherever a URL is set; with PostgreSQL and no
    URL they stay in the database."""
    storage_plain_http: bool = False
    """States that the storage's endpoint may be reached without encryption, as one on the same machine."""

    label: str = Field(default="", max_length=40)
    """Words beside the dashboard's name that tell its experiments from those of another service."""
    host: str = "127.0.0.1"
    """The address on which the API listens."""
    port: int = Field(default=8000, ge=0, le=65535)
    """The API's port; 0 takes a free one."""
    api_key: str | None = None
    """The key that clients send as `Authorization: Bearer …`. Required if others can reach the API."""
    published_on_loopback: bool = False
    """States that only this machine reaches the API although it listens on all addresses, as in a container with its
    port published on 127.0.0.1. No key is required then."""
    hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names, separated by commas, by which others reach the API, for example `lab.example.org, *.internal`. Requests
    under other names are refused, except loopback names and the connected address. `*` accepts all names, and is only
    for a proxy in front that checks them itself."""
    max_body_bytes: PositiveInt = 1_000_000
    """Larger request bodies are refused unread."""
    max_dataset_bytes: PositiveInt = 512_000_000
    """Larger files are refused as datasets, and so are files that hold more once they are unpacked."""
    max_weights_bytes: PositiveInt = 100_000_000
    """Larger files are refused as initial weights. Those of 5,000,000 parameters have 20 MB."""

    header_timeout: Duration = timedelta(seconds=10)
    """Time for the head of a request, from the connection or from the request's first byte."""
    body_timeout: Duration = timedelta(seconds=60)
    """Time for the body of a request, from the end of its head."""
    send_timeout: Duration = timedelta(seconds=120)
    """A response is broken off if the client has received nothing of it for this long."""
    keep_alive: Duration = timedelta(seconds=5)
    """A connection is closed if it has no request for this long after a response."""
    max_connections: PositiveInt = 1000
    """Connections in all, streams among them; at most the descriptors of the process less 160 of its own."""
    max_connections_per_address: PositiveInt = 500
    """Connections from one address, or one IPv6 network of 64 bits. Behind a proxy all have the proxy's address."""

    lease: Duration = timedelta(seconds=60)
    """A worker that has stored nothing for this long counts as dead. Longer than the slowest compilation."""
    silence: Duration = timedelta(minutes=5)
    """A training elsewhere is shown as silent after this long without a request."""
    requeue_after: Duration = timedelta(seconds=30)
    """An experiment that no worker has claimed for this long is published again: its message may be lost."""
    sweep_every: Duration = timedelta(seconds=5)
    """Interval at which a worker sweeps for lost messages and dead workers."""
    max_attempts: PositiveInt = 3
    """An experiment fails after this many attempts in a row without a newer checkpoint."""
    chunk: Duration = timedelta(seconds=0.5)
    """Target duration of one call of the training program. Progress and cancelling take effect between calls. A chunk
    is measured while the next call trains."""
    checkpoint_every: Duration = timedelta(seconds=5)
    """Training that is repeated after a worker has died: at most so much, and two chunks."""
    worker_concurrency: PositiveInt = 1
    """Experiments that one worker trains at a time, each in a process of its own of about 600 MB."""
    worker_memory_bytes: PositiveInt = 2_000_000_000
    """A training process above this size is replaced after its experiment: TensorFlow never frees compiled programs,
    about 16 MB for each architecture."""
    device: str = "cpu"
    """The device of trainings: `cpu`, `gpu` for the first GPU that TensorFlow sees, or one of several, such as `gpu:1`.
    Bits are those of the device. A worker whose machine does not have it ends at once."""
    triage_patience: Duration = timedelta(seconds=20)
    """Time that a triage waits for a worker. A new worker first loads TensorFlow."""
    grace: Duration = timedelta(seconds=30)
    """Time that a stopping service waits for its worker to finish the current call of the training program."""
    parent_pid: PositiveInt | None = None
    """The process with which a worker ends. `gradlab serve` sets it for its own worker; leave it unset otherwise."""

    max_layers: PositiveInt = 200
    """Layers of a network, repeats counted."""
    max_parameters: PositiveInt = 5_000_000
    """Trainable numbers of a network."""
    max_samples: PositiveInt = 100_000
    """Samples of a dataset that is drawn from its spec."""
    max_values: PositiveInt = 50_000_000
    """Numbers in a dataset that is drawn from its spec: samples times features."""
    max_prepared_bytes: PositiveInt = 1_000_000_000
    """Bytes of an uploaded dataset's prepared inputs, 4 for each number: windows and one-hot columns have many."""
    max_epochs: PositiveInt = 100_000
    """Epochs of a run."""
    max_seeds: PositiveInt = 256
    """Runs of an experiment."""
    max_seconds: PositiveInt = 86_400
    """Estimated training time of an experiment on two cores, in seconds: all runs together, a day by default."""
    max_memory_bytes: PositiveInt = 4_000_000_000
    """Estimated memory of a training beyond TensorFlow's own 600 MB: datasets, batches, layers, seeds side by side."""
    max_series_bytes: PositiveInt = 1_000_000_000
    """Size of an experiment's recorded series and networks in the database."""

    @field_validator("api_key")
    @classmethod
    def _blank_is_none(cls, key: str | None) -> str | None:
        """Read an empty text as no key: Docker Compose passes an unset variable on so."""
        return key or None

    @field_validator("device")
    @classmethod
    def _is_device(cls, device: str) -> str:
        """Refuse what names no device; whether a machine has it is known to TensorFlow."""
        if not re.fullmatch(r"cpu|gpu(:\d{1,3})?", device):
            raise ValueError(f"expected cpu, gpu, or a GPU by its number such as gpu:1; received {device!r}")
        return device

    @field_validator("hosts", mode="before")
    @classmethod
    def _listed(cls, hosts: Any) -> Any:
        """Split at commas and drop blank parts, which Docker Compose may leave. Ignore case and a final dot."""
        names = hosts.split(",") if isinstance(hosts, str) else hosts
        return tuple(name for each in names if (name := str(each).strip().lower().removesuffix(".").strip("[]")))

    @field_validator("hosts")
    @classmethod
    def _are_names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse everything but names and IP addresses: no URLs, no ports."""
        for each in hosts:
            if not HOST_NAME.fullmatch(each) and not _is_address(each):
                raise ValueError(
                    f"expected names like lab.example.org or *.example.org, without port; received {each!r}"
                )
        return hosts

    @field_validator("database_url")
    @classmethod
    def _names_its_driver(cls, url: str) -> str:
        """Name the driver in a bare postgresql:// URL: SQLAlchemy would select another one than the installed one."""
        scheme, separator, rest = url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in ("postgres", "postgresql") and separator else url

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'gradlab.db').resolve()}"

    @property
    def is_sqlite(self) -> bool:
        """True if the database is a file of this machine."""
        return self.database.startswith("sqlite")

    @property
    def broker(self) -> str:
        """The broker URL in force; `filesystem://` means the folder `broker_dir`."""
        return self.broker_url or "filesystem://"

    @property
    def is_folder_broker(self) -> bool:
        """True if messages are files in `broker_dir`."""
        return self.broker.startswith("filesystem://")

    @property
    def broker_dir(self) -> Path:
        """Folder of the embedded broker's messages."""
        return (self.data_dir / "broker").resolve()

    @property
    def blob_dir(self) -> Path:
        """Folder of blobs, where no storage URL is set."""
        return self.data_dir / "blobs"

    @property
    def blob_cache(self) -> Path:
        """Folder of copies from an object storage."""
        return self.data_dir / "blob-cache"

    @property
    def compile_cache(self) -> Path:
        """Folder of traced functions and XLA's compiled programs."""
        return (self.data_dir / "compiled").resolve()

    @property
    def open_to_others(self) -> bool:
        """True if others than this machine's users may reach the API."""
        if self.published_on_loopback or self.host == "localhost":
            return False
        return not _is_address(self.host) or not ip_address(self.host).is_loopback

"""Exports as files on this machine."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from gradlab.client.client import Client
from gradlab.errors import Invalid, Problem


def write(client: Client, id: str, name: str, file: Path, **query: Any) -> None:
    """Write an export to a file; one that breaks off leaves what stood there. Raises Invalid: it cannot be written."""
    with _written_or_said(file), tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as half:
        try:
            client.export(id, name, half, **query)
            os.chmod(half.name, 0o644)
            os.replace(half.name, file)
        except BaseException:
            os.unlink(half.name)
            raise


def write_network(client: Client, id: str, file: Path, *, seed: int | None, epoch: int | None) -> None:
    """Write the network of a seed to a file, by default the first seed's after its last epoch."""
    chosen = client.get(id).runs[0].seed if seed is None else seed
    write(client, id, f"runs/{chosen}/model.keras", file, **({} if epoch is None else {"epoch": epoch}))


def unpack_logs(client: Client, id: str, folder: Path) -> Path:
    """Put an experiment's event files into a log directory; the directory. Raises Invalid: it cannot be written."""
    with _written_or_said(folder), tempfile.TemporaryFile() as packed:
        client.export(id, "tensorboard.zip", packed)
        folder.mkdir(parents=True, exist_ok=True)
        with ZipFile(packed) as archive:
            archive.extractall(folder)
    return folder


@contextmanager
def _written_or_said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Invalid(Problem(str(path), "a place that can be written to", error.strerror or "nothing")) from error

"""Exports saved to files."""

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
    """Write an export to a file. If the download fails, an existing file is left as it was.

    Raises:
        Invalid: the file cannot be written.
    """
    with reporting_failure(file), tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as partial:
        try:
            client.export(id, name, partial, **query)
            os.chmod(partial.name, 0o644)
            os.replace(partial.name, file)
        except BaseException:
            os.unlink(partial.name)
            raise


def write_network(client: Client, id: str, file: Path, *, seed: int | None, epoch: int | None) -> None:
    """Write the network of a seed to a file; by default the first seed's, after its last epoch."""
    run = client.get(id).runs[0].seed if seed is None else seed
    write(client, id, f"runs/{run}/model.keras", file, **({} if epoch is None else {"epoch": epoch}))


def unpack_logs(client: Client, id: str, folder: Path) -> Path:
    """Unpack an experiment's event files into a log directory, and return it.

    Raises:
        Invalid: the directory cannot be written.
    """
    with reporting_failure(folder), tempfile.TemporaryFile() as packed:
        client.export(id, "tensorboard.zip", packed)
        folder.mkdir(parents=True, exist_ok=True)
        with ZipFile(packed) as archive:
            archive.extractall(folder)
    return folder


def check_place(option: str, file: Path | None) -> None:
    """Check the place of a file that is written at the end of a command, before its work begins.

    Raises:
        Invalid: it exists and is a folder or cannot be written to; or it does not, and its folder does not exist or
            cannot be written to. Nothing is raised without a file.
    """
    if file is None:
        return
    if os.path.exists(file):  # not `Path.exists`, which raises where a folder above may not be looked into
        expected = "a file that can be written to, not a folder"
        fits = not os.path.isdir(file) and os.access(file, os.W_OK)  # a device's folder need not be writable
    else:
        expected = "a file in a folder that exists and can be written to"
        fits = os.path.isdir(file.parent) and os.access(file.parent, os.W_OK)
    if not fits:
        raise Invalid(Problem(option, expected, str(file)))


@contextmanager
def reporting_failure(path: Path) -> Iterator[None]:
    """Report a file that cannot be written. Raises Invalid."""
    try:
        yield
    except OSError as error:
        raise Invalid(Problem(str(path), "a place that can be written to", error.strerror or "nothing")) from error

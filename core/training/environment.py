"""Settings of the process for TensorFlow, made before TensorFlow is imported."""

import importlib
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_limits

import gradlab
from core.device import CPU, gpu_number
from core.training.code import Code
from gradlab.imports import without_garbage_collection

# Keras and TensorFlow import these for parts that no training here uses, and do without where they are missing. They
# take 1.0 of the 3.2 s of CPU until a training can begin.
UNUSED_BY_KERAS = ("matplotlib", "pandas", "scipy", "sklearn")

_kept: list[Path] = []  # the folder, once it is set
# Read now, since the files may be others once a process that waits for work imports TensorFlow and traces.
IMPORTED = Code(Path(__file__).parents[1], Path(gradlab.__file__).parent)


def prepare(compile_cache: Path, device: str = CPU) -> None:
    """Set the folder of programs, the backend, one thread and the device, silence start-up messages, import Keras.

    TensorFlow gets one thread for the operations of a program. Two threads make small networks no faster, and two
    workers with one thread each train more than one worker with two (`python -m bench.threads`).
    TF_NUM_INTRAOP_THREADS in the environment takes precedence. Large kernels have threads of their own:
    `core.training.two_threads`.

    NumPy gets one thread as well: its products measure a training while that goes on. A second thread would wait in a
    busy loop for a core that trains, a hundred times longer than the product takes. OPENBLAS_NUM_THREADS in the
    environment takes precedence.

    The folder lets later processes load what one process has traced (`core.training.kept_definitions`) and what XLA has
    compiled, nearly all of the cost of a network's first chunk. Both write an entry to a temporary file and rename it,
    so a killed process leaves no half-written entry.

    Args:
        compile_cache: the folder; made if missing. Without it, training is only slower.
        device: as `Settings.device`.

    Raises:
        Invalid: the machine does not have the device.
        RuntimeError: TensorFlow is already imported, so the settings would have no effect.
    """
    if "tensorflow" in sys.modules:
        raise RuntimeError("prepare() has no effect after tensorflow is imported; call it before the first import")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ["TF_OVERRIDE_GLOBAL_THREADPOOL"] = "1"  # each context has its own threads
    if "OPENBLAS_NUM_THREADS" not in os.environ:
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # for libraries that are loaded later, and for child processes
        threadpool_limits(1, user_api="blas")  # for those that are loaded already
    _set_cache(compile_cache)
    with without_garbage_collection(), _missing(UNUSED_BY_KERAS):
        versions()  # those that are imported now, should others be installed later
        importlib.import_module("keras")
    _choose(device)


def _set_cache(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # training without the cache is only slower
    flag = f"--tf_xla_persistent_cache_directory={folder}"
    os.environ["TF_XLA_FLAGS"] = " ".join(filter(None, (os.environ.get("TF_XLA_FLAGS"), flag)))
    _kept[:] = [folder]


def kept_in() -> Path | None:
    """Return the folder of traced functions and compiled programs; None if there is none."""
    return _kept[0] if _kept else None


def _choose(device: str) -> None:
    """Let TensorFlow see only this device and the processor."""
    config = importlib.import_module("tensorflow").config
    gpus = config.list_physical_devices("GPU")
    config.set_visible_devices([] if device == CPU else gpus[gpu_number(device, len(gpus))], "GPU")


@contextmanager
def _missing(packages: tuple[str, ...]) -> Iterator[None]:
    """Let imports of these packages fail, unless they are loaded already."""
    hidden = [package for package in packages if package not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None stands for a package that is missing
    try:
        yield
    finally:
        for package in hidden:
            del sys.modules[package]


@cache
def versions() -> dict[str, str]:
    """Return the versions that a training's numbers depend on: package -> version."""
    packages = ("tensorflow", "keras", "numpy", "numba", "scikit-learn", "gradient-lab")
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}

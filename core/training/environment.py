"""The process in which TensorFlow will run. Settle it before TensorFlow is first imported."""

import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from threadpoolctl import threadpool_limits


def prepare(compile_cache: Path) -> None:
    """Point XLA at its cache on disk, choose the Keras backend and one thread, and quiet the start-up messages.

    One thread for the operations of a program: two make small networks no faster, and two workers with one thread
    each train more than one with two (`python -m bench.threads`). TF_NUM_INTRAOP_THREADS in the environment wins.
    One thread for NumPy's products as well, with which a training is measured while it goes on: a second one would wait
    in a busy loop for a core that trains, a hundred times longer than the product takes. OPENBLAS_NUM_THREADS wins.

    What one process has compiled, later ones load: about half the cost of a network's first chunk. XLA writes an
    entry to a temporary file and renames it, so a killed process leaves no half-written one.

    Raises:
        RuntimeError: TensorFlow is already imported and would not notice.
    """
    if "tensorflow" in sys.modules:
        raise RuntimeError("prepare() must come before the first import of tensorflow")
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    if "OPENBLAS_NUM_THREADS" not in os.environ:
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # for libraries that are loaded later, and for child processes
        threadpool_limits(1, user_api="blas")  # for those that are loaded already
    try:
        compile_cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # training without the cache is only slower
    flag = f"--tf_xla_persistent_cache_directory={compile_cache}"
    os.environ["TF_XLA_FLAGS"] = " ".join(filter(None, (os.environ.get("TF_XLA_FLAGS"), flag)))


def versions() -> dict[str, str]:
    """What the numbers of a training depend on besides its spec."""
    packages = ("tensorflow", "keras", "numpy", "scikit-learn", "gradient-lab")
    return {"python": platform.python_version(), **{package: version(package) for package in packages}}

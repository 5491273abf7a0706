"""Tests the library beside frameworks that the service does not use: `make frameworks`.

Each folder is one process, and Keras's once for each of its backends: a backend cannot be changed after the import.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
# Folder -> the values of KERAS_BACKEND that it is tested with. TensorFlow's is in `make test`.
BACKENDS = {"torch": ("torch",), "keras": ("jax", "torch")}
# Small tensors are computed faster by one thread than by several that wait for each other.
THREADS = {"OMP_NUM_THREADS": "1"}
# Tensors of JAX and PyTorch become arrays in ways that NumPy 2.4 deprecates.
WARNINGS = [f"-Wignore:{name}:DeprecationWarning" for name in ("__array__ implementation", "__array_wrap__ must")]
NO_TESTS = 5  # pytest's exit status if it collects none


def main() -> int:
    """Exit status: 0 if all tests pass."""
    failed = []
    for folder, backends in BACKENDS.items():
        if not any((HERE / folder).glob("test_*.py")):
            continue
        for backend in backends:
            print(f"tests/frameworks/{folder}, Keras on {backend}", flush=True)
            # Above this folder, conftest.py needs the service's packages.
            options = ["-q", *WARNINGS, f"--confcutdir={HERE}"]
            command = [sys.executable, "-m", "pytest", *options, str(HERE / folder), *sys.argv[1:]]
            done = subprocess.run(command, env={**os.environ, "KERAS_BACKEND": backend, **THREADS}, check=False)
            if done.returncode not in (0, NO_TESTS if sys.argv[1:] else 0):
                failed.append(f"{folder} on {backend}")
    print("failed: " + ", ".join(failed) if failed else "all passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

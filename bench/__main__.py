"""Run every benchmark, one after another: `python -m bench`.

`bench.against` and `bench.watch` print a note and are skipped if an environment with PyTorch and JAX is missing.
"""

import subprocess
import sys

NAMES = (
    "engine", "against", "study", "layers", "threads", "memory", "service", "store", "gradients", "list",
    "dashboard", "streams", "watch",
)  # fmt: skip
SKIPPED = 2

for name in NAMES:
    print(f"\n## python -m bench.{name}\n", flush=True)
    done = subprocess.run([sys.executable, "-m", f"bench.{name}"], check=False)
    if done.returncode not in (0, SKIPPED):
        sys.exit(done.returncode)

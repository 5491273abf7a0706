"""Every benchmark, one after another: `python -m bench`."""

import subprocess
import sys

for name in ("engine", "service", "store", "gradients"):
    print(f"\n## python -m bench.{name}\n", flush=True)
    subprocess.run([sys.executable, "-m", f"bench.{name}"], check=True)

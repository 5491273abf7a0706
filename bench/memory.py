"""How much memory a worker keeps: 200 different small architectures in one process, one epoch each.

    python -m bench.memory [--architectures 200] [--every 20]

Compiled programs are kept for the next experiment with the same architecture, but only a few of them: the resident
memory has to level off.
"""

import argparse
import tempfile

from bench.processes import conditions, fresh


def main() -> None:
    """Print resident memory every so many architectures."""
    parser = argparse.ArgumentParser(description="memory of a worker")
    parser.add_argument("--architectures", type=int, default=200)
    parser.add_argument("--every", type=int, default=20)
    asked = parser.parse_args()
    with conditions(), tempfile.TemporaryDirectory() as cache:
        found = fresh("memory", cache=cache, architectures=asked.architectures, every=asked.every)
    print(f"\n{'architectures':>14}{'resident MiB':>14}")
    for count, mebibytes in found.items():
        print(f"{count:>14}{mebibytes:14.0f}")


if __name__ == "__main__":
    main()

"""Compare the results of two services bit by bit: the tutorial's networks 1, 2 and 3, three seeds each.

    python -m bench.agreement http://127.0.0.1:8000 http://127.0.0.1:8001

Run it, for example, with the embedded service on one port and `docker compose up --scale worker=2` on another. Exit
status 1 if any number of any series differs.
"""

import sys
from pathlib import Path

import numpy as np

from gradlab import Client
from gradlab.spec.experiment import parse

EXAMPLES = Path(__file__).parents[1] / "examples"
NETWORKS = ("tutorial-1-one-tanh", "tutorial-2-deep-tanh", "tutorial-3-deep-relu")
SEEDS = (0, 1, 2)


def main() -> int:
    """Train the networks on both services and compare every series; return the exit status."""
    services = [Client(url) for url in sys.argv[1:3]]
    same = True
    for name in NETWORKS:
        spec = parse((EXAMPLES / f"{name}.json").read_bytes()).model_copy(update={"seeds": SEEDS})
        submitted = [client.submit(spec) for client in services]
        ended = [client.wait(each.id) for client, each in zip(services, submitted, strict=True)]
        workers = " and ".join(str(each.worker) for each in ended)
        for series, query in (("history", {}), ("gradients", {"parameter": "all"})):
            left, right = (
                getattr(client, series)(each.id, **query)["values"]
                for client, each in zip(services, submitted, strict=True)
            )
            differ = left.shape != right.shape or int(np.sum(left.view(np.uint32) != right.view(np.uint32)))
            same &= not differ
            print(f"{name}: {series} of {left.shape}: {'same bits' if not differ else f'{differ} differ'} ({workers})")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())

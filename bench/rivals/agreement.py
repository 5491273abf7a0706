"""Compare the trainings of the rivals: equal initial weights, equal orders of the samples, a few epochs.

    python -m bench.rivals.agreement [EPOCHS]

Prints the largest differences; exit status 1 if one exceeds the rounding of float32. A single sample on the boundary
may be classified differently, so accuracies may differ by one sample in 500.
"""

import sys

import numpy as np

from bench.rivals import STATISTICS, TRAIN, RivalRun, jax, pytorch

SEEDS = range(3)
ABSOLUTE, RELATIVE = 2e-6, 2e-4


def main() -> int:
    """Train with each rival and compare; return the exit status."""
    epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    alone = [jax.train(jax.compiled(epochs, 1), epochs, range(seed, seed + 1))[0] for seed in SEEDS]
    together = jax.train(jax.compiled(epochs, len(SEEDS)), epochs, SEEDS)
    others = [pytorch.train(epochs, seed) for seed in SEEDS]
    agreed = [_agree(f"seed {seed}, PyTorch", alone[seed], others[seed]) for seed in SEEDS]
    agreed += [_agree(f"seed {seed}, JAX side by side", alone[seed], together[seed]) for seed in SEEDS]
    return 0 if all(agreed) else 1


def _agree(name: str, one: RivalRun, other: RivalRun) -> bool:
    losses = [np.abs(each.metrics[:, 0::2]) for each in (one, other)]
    hits = np.abs(one.metrics[:, 1::2] - other.metrics[:, 1::2]).max()
    zeros = STATISTICS.index("zero_fraction")
    smooth = [np.delete(each.gradients, zeros, axis=2) for each in (one, other)]
    close = all(np.allclose(a, b, rtol=RELATIVE, atol=ABSOLUTE) for a, b in (losses, smooth))
    close &= bool(hits <= 1.01 / TRAIN) and np.allclose(one.gradients, other.gradients, atol=1e-3)
    furthest = " and ".join(f"{np.abs(pair[0] - pair[1]).max():.1e}" for pair in (losses, smooth))
    print(f"{name}: losses and gradients of JAX alone differ by {furthest}: {'agreed' if close else 'NOT AGREED'}")
    return close


if __name__ == "__main__":
    sys.exit(main())

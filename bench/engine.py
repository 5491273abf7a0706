"""The compiled engine against `keras.Model.fit` on the same work: the tutorial's network 3, 500 epochs.

    python -m bench.engine [EPOCHS OF MODEL.FIT]

Both validate after every epoch. `model.fit` runs fewer epochs (25 unless told) and is scaled to 500: its epochs all
take the same time. Cold: the first training of this architecture in a fresh process with an empty compile cache,
TensorFlow imported. Cold, cache on disk: the same in a second process. Warm: the same architecture again. The pairs
take turns, so that a change of the machine's speed meets both.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

SPEC = Path(__file__).parents[1] / "examples" / "tutorial-3-deep-relu.json"
EPOCHS, ROUNDS = 500, 3


def main() -> None:
    """Print seconds for 500 epochs and how many times faster the engine is."""
    fit_epochs = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    with tempfile.TemporaryDirectory() as cache:
        cold = _child("ours", cache)
        cached = _child("ours", cache)
        pairs = [(_child("ours", cache)["warm"], _child("fit", cache, str(fit_epochs))) for _ in range(ROUNDS)]
    fit, watched = (median(theirs[which] for _, theirs in pairs) for which in ("fit", "watched"))
    print(f"{'seconds for 500 epochs':44}{'median':>9}{'model.fit':>11}{'with callback':>15}")
    print(f"{'model.fit':44}{fit:9.2f}")
    print(f"{'model.fit with GradientStatistics':44}{watched:9.2f}")
    for name, seconds in (
        ("engine, cold", cold["cold"]),
        ("engine, cold, compile cache on disk", cached["cold"]),
        ("engine, warm", median(ours for ours, _ in pairs)),
    ):
        print(f"{name:44}{seconds:9.2f}{fit / seconds:10.0f}×{watched / seconds:14.0f}×")


def _child(which: str, cache: str, *arguments: str) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.engine", f"--{which}", cache, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _ours(cache: str) -> dict[str, float]:
    from core.spec.experiment import parse
    from core.training.environment import prepare

    prepare(Path(cache))
    from core.training.train import train

    spec = parse(SPEC.read_bytes()).model_copy(update={"seeds": (0,)})

    def once() -> float:
        begun = time.perf_counter()
        assert sum(len(chunk.history) for chunk in train(spec)) == EPOCHS
        return time.perf_counter() - begun

    return {"cold": once(), "warm": median(once() for _ in range(5))}


def _fit(cache: str, epochs: int) -> dict[str, float]:
    from core.spec.experiment import parse
    from core.training.environment import prepare

    prepare(Path(cache))
    import keras

    from core.training.callback import GradientStatistics
    from core.training.model import build_network, targets

    spec = parse(SPEC.read_bytes())
    data = spec.dataset.load()
    samples = (data.train_x, targets(spec, data.train_y))
    validation = (data.val_x, targets(spec, data.val_y))

    def per_epoch(callbacks: list[keras.callbacks.Callback]) -> float:
        network = build_network(spec, 0)
        network.compile(spec.training.optimizer.build(keras), spec.training.loss, metrics=["accuracy"])
        fit = {"batch_size": 32, "validation_data": validation, "verbose": 0, "callbacks": callbacks}
        network.fit(*samples, epochs=2, **fit)  # traces
        begun = time.perf_counter()
        network.fit(*samples, epochs=epochs, **fit)
        return (time.perf_counter() - begun) / epochs

    return {"fit": EPOCHS * per_epoch([]), "watched": EPOCHS * per_epoch([GradientStatistics()])}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--ours"]:
        print(json.dumps(_ours(sys.argv[2])))
    elif sys.argv[1:2] == ["--fit"]:
        print(json.dumps(_fit(sys.argv[2], int(sys.argv[3]))))
    else:
        main()

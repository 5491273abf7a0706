"""Cases of the clinic in PyTorch: record 0 on given weights, and trainings with a loop of one's own under the Watch.

    python -m bench.twins.in_torch FOLDER ... [--seeds 5]

Each folder is one case's, as `bench.twins.in_service` leaves it. What is there already is not done again.
"""

import argparse
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bench.twins.draws import initial_weights
from bench.twins.folder import SAMPLES, TORCH32, TORCH64, TRAINED, Arrays, CaseFolder, compared
from bench.twins.modules import Rebuilt, rebuilt
from gradlab.diagnosis import ExternalRun, diagnose
from gradlab.spec import ExperimentSpec, ExternalSpec
from gradlab.spec.external import ExternalRecord
from gradlab.torch import Watch
from gradlab.torch.description import describe_layers
from gradlab.torch.samples import Samples
from gradlab.torch.session import Session

# The kinds of series that the clinic's own cases record, apart from the boundary of the plane.
RECORD = {"gradients": 1, "weights": 1, "activations": 1, "signals": 1, "histograms": 0}


def main() -> None:
    """Do what is missing in each folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each case")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for path in options.folders:
        folder = CaseFolder(path)
        for name, dtype in ((TORCH32, torch.float32), (TORCH64, torch.float64)):
            if not folder.has(name):
                folder.write_arrays(name, record_0(folder.spec, folder.arrays(SAMPLES), dtype))
        if not folder.has(TRAINED):
            folder.write(TRAINED, trained(folder.spec, folder.arrays(SAMPLES), options.seeds))
            print(f"trained: {folder.spec.name}", flush=True)


def tensors_of(spec: ExperimentSpec, arrays: Arrays, made: Rebuilt, dtype: torch.dtype) -> list[torch.Tensor]:
    """Return training inputs and targets, then those of the validation, as the module and its loss take them."""
    kind = spec.dataset.target.kind
    tensors = []
    for part in ("", "val_"):
        x, y = torch.from_numpy(arrays[f"{part}x"]), torch.from_numpy(arrays[f"{part}y"])
        x = x.movedim(-1, 1).contiguous() if made.channels_first else x
        tensors.append(x.to(dtype) if x.is_floating_point() else x)
        if isinstance(made.loss, torch.nn.CrossEntropyLoss):
            tensors.append(y.long())
        else:
            tensors.append((y[:, None] if kind == "classes" else y).to(dtype))
    return tensors


def record_0(spec: ExperimentSpec, arrays: Arrays, dtype: torch.dtype) -> Arrays:
    """Return kind:tensor -> its statistics before the first update, on the given weights, by the parts of the Watch."""
    made = rebuilt(spec)
    made.load({name: torch.from_numpy(value) for name, value in arrays.items() if "/" in name})
    module = made.module.to(dtype)
    x, y, *_ = tensors_of(spec, arrays, made, dtype)
    session = Session(
        module,
        module,
        made.loss,
        [optimizer_of(spec, module)],
        scaler=None,
        samples=Samples((x, y), "data"),
        validation=None,
        attempt=lambda part, action, *given: action(*given),
        before_step=lambda: None,
        after_step=lambda: None,
    )
    probed = session.probe()
    layers = describe_layers(module, probed.layers, session.parameters)
    described = ExternalSpec(
        source="external", name=spec.name, layers=layers, epochs=1, record=ExternalRecord(**RECORD)
    )
    layouts = described.layout.series
    measured = session.measured([session.initial(layouts, 0, probed)])
    (result,) = measured.results({name: each.detach().numpy() for name, each in measured.tensors.items()})
    return {name: row for layout in layouts for name, row in _named(made, layout, result.series[layout.kind])}


def _named(made: Rebuilt, layout: Any, values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return the rows of a series by the spec's own names. A tensor that PyTorch divides is left out."""
    layers = {path: layer for layer, path in made.layers.items()}
    paths = {place.paths[0]: name for name, place in made.places.items() if len(place.paths) == 1}
    named = []
    for tensor, row in zip(layout.tensors, values, strict=True):
        of_parameter = paths.get(f"{tensor.layer}.{tensor.parameter}")
        name = of_parameter if layout.kind in ("gradients", "weights") else layers.get(tensor.layer)
        if name is not None:
            named.append((f"{layout.kind}:{name}", row))
    return named


def trained(spec: ExperimentSpec, arrays: Arrays, seeds: int) -> dict[str, Any]:
    """Train a case with several seeds, each in a loop of one's own, and diagnose them together."""
    begun = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        runs = [_run(spec, arrays, seed) for seed in range(seeds)]
    described = runs[0].external.model_copy(update={"seeds": tuple(range(seeds))})
    diagnosis = diagnose(described, runs)
    return {
        **compared(diagnosis),
        "unjudged": {each.rule: each.why for each in diagnosis.unjudged},
        "warnings": sorted({str(each.message) for each in caught}),
        "seconds": time.perf_counter() - begun,
    }


def _run(spec: ExperimentSpec, arrays: Arrays, seed: int) -> ExternalRun:
    """Train once, with an initial state and an order of samples of PyTorch's own."""
    torch.manual_seed(seed)
    made = rebuilt(spec)
    made.load(initial_weights(spec))
    x, y, val_x, val_y = tensors_of(spec, arrays, made, torch.float32)
    model, loss, optimizer = made.module, made.loss, optimizer_of(spec, made.module)
    epochs, size = spec.training.epochs, spec.training.batch_size
    watch = Watch(
        model,
        loss=loss,
        optimizer=optimizer,
        data=(x, y),
        validation_data=(val_x, val_y),
        record=RECORD,
        epochs=epochs,
        report_at_end=False,
    )
    for _ in range(epochs):
        model.train()
        for batch in torch.randperm(len(x)).split(size):
            optimizer.zero_grad()
            loss(model(x[batch]), y[batch]).backward()
            optimizer.step()
        watch.epoch()
    watch.end()
    (run,) = watch.recorder.runs()
    return ExternalRun(run.external, seed, run.history, run.stopped_by, run.facts, run.wiring)


def optimizer_of(spec: ExperimentSpec, module: torch.nn.Module) -> torch.optim.Optimizer:
    """Return the spec's optimiser in PyTorch."""
    own: Any = spec.training.optimizer
    if own.kind == "sgd":
        return torch.optim.SGD(module.parameters(), own.learning_rate, own.momentum, nesterov=own.nesterov)
    betas = (own.beta_1, own.beta_2)
    return torch.optim.Adam(module.parameters(), own.learning_rate, betas, own.epsilon)


if __name__ == "__main__":
    main()

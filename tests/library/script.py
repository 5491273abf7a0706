"""Runs in a project of somebody else: imports the library beside its own modules, and diagnoses stored series."""

import sys
import time
from pathlib import Path

begun = time.perf_counter()
import gradlab  # noqa: E402

seconds = time.perf_counter() - begun

import numpy as np  # noqa: E402

import api  # noqa: E402
import core  # noqa: E402
from gradlab import Client, Sender, diagnose  # noqa: E402
from gradlab.diagnosis import ExternalRun  # noqa: E402
from gradlab.measurement.history import History  # noqa: E402
from gradlab.spec import ExternalSpec  # noqa: E402

EPOCHS, LAYERS = 40, 6
# What neither importing a client nor the diagnosis of a training elsewhere needs.
NEEDLESS = (
    "gradlab.diagnosis.view_of_experiment",
    "gradlab.remedies",
    "gradlab.schemas.experiments",
    "gradlab.spec.experiment",
    "gradlab.theory.meanfield",
    "gradlab.translate",
    "gradlab.vocabulary.datasets",
    "httpx2",
    "numpy.ma",
    "numpy.random",
)


def stored(file: Path) -> ExternalSpec:
    """Write the series of a network whose gradient vanishes, as a training would; its spec."""
    layers = [
        {
            "name": f"dense_{i}",
            "class_name": "Dense",
            "output_shape": [8],
            "activation": "sigmoid",
            "parameters": [{"name": "kernel", "shape": [8, 8]}],
        }
        for i in range(LAYERS)
    ]
    fields = {"source": "external", "name": "stored", "layers": layers, "epochs": EPOCHS, "metrics": ["loss"]}
    spec = ExternalSpec.model_validate(fields)
    columns = spec.layout["gradients"].columns
    gradients = np.zeros((EPOCHS, LAYERS, len(columns)), np.float32)
    sizes = 10.0 ** np.arange(-2 * LAYERS, 0, 2)
    for name in ("mean_abs", "l2", "std", "max_abs"):
        gradients[:, :, columns.index(name)] = sizes
    np.savez(file, metrics=np.full((EPOCHS, 1), 0.693, np.float32), gradients=gradients)
    return spec


def main() -> int:
    """Exit status: 0 if everything works and nothing heavy is loaded."""
    file = Path("series.npz")
    spec = stored(file)
    with np.load(file, allow_pickle=False) as series:
        run = ExternalRun(spec, 0, History(spec.layout, 1, series["metrics"], {"gradients": series["gradients"]}))
    rules = [finding.rule for finding in diagnose(spec, [run]).findings]
    modules, needless = len(sys.modules), sorted({*NEEDLESS} & sys.modules.keys())
    from gradlab.report import write  # the modules that draw are no part of a diagnosis

    heavy = [name for name in ("scipy", "sklearn", "keras", "torch", "tensorflow", "fastapi") if name in sys.modules]
    page, _ = write("report.html", spec, [run], diagnose(spec, [run]))
    with Client("http://127.0.0.1:9", timeout=1) as client:
        alive = client.is_alive()
    print(f"{modules} modules, import gradlab {seconds:.2f} s, findings: {', '.join(rules)}")
    wanted = {
        "the project's own core and api": core.OWNER == api.OWNER == "the project",
        "vanishing_gradient among the findings": "vanishing_gradient" in rules,
        f"at most {sys.argv[1]} modules": modules <= int(sys.argv[1]),
        "nothing heavy": not heavy,
        f"nothing that is not needed: {needless}": not needless,
        "a report with the modules that draw it": '"report/report.js":"data:text/javascript' in page.read_text(),
        "a client that sees that nobody answers": not alive,
        "a sender": Sender.__module__.startswith("gradlab."),
        "the library from its environment": "site-packages" in str(gradlab.__file__),
    }
    for name in (name for name, holds in wanted.items() if not holds):
        print(f"not so: {name}")
    return 0 if all(wanted.values()) else 1


if __name__ == "__main__":
    sys.exit(main())

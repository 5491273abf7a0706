"""Networks of other people, as their senders describe them."""

from typing import Any

from gradlab.spec import ExternalSpec

SKEWED = {"kind": "random_uniform", "minval": 0.0, "maxval": 1.0}
NAMES = {"keras": ("kernel", "bias", "recurrent_kernel"), "torch": ("weight", "bias", "weight_hh_l0")}


def a_network(framework: str = "keras", *, hidden: int = 3, unknown: tuple[int, ...] = (), **more: Any) -> ExternalSpec:
    """Dense tanh layers with weights of one sign; of those at the places `unknown` only the tensors are known."""
    layers = []
    for place in range(hidden + 1):
        inputs, units = (2 if place == 0 else 5), (5 if place < hidden else 1)
        configuration = {
            "kind": "dense",
            "units": units,
            "activation": "tanh" if place < hidden else "sigmoid",
            "kernel_initializer": SKEWED,
        }
        name = f"hidden.{place}" if framework == "torch" else f"hidden_{place}"
        layers.append(
            {
                "name": name if place < hidden else "out",
                "class_name": "Linear" if framework == "torch" else "Dense",
                "input_shape": [inputs],
                "output_shape": [units],
                "parameters": [
                    {"name": NAMES[framework][0], "shape": [inputs, units]},
                    {"name": NAMES[framework][1], "shape": [units]},
                ],
                "configuration": None if place in unknown else configuration,
            }
        )
    return a_spec_of(layers, framework, **more)


def a_recurrent_network(framework: str = "keras") -> ExternalSpec:
    """A simple recurrent layer whose recurrent kernel is not orthogonal, and a dense output."""
    kernel, bias, recurrent = NAMES[framework]
    layers = [
        {
            "name": "rnn",
            "class_name": "SimpleRNN" if framework == "keras" else "RNN",
            "input_shape": [12, 2],
            "output_shape": [4],
            "parameters": [
                {"name": "weight_ih_l0" if framework == "torch" else kernel, "shape": [2, 4], "role": "kernel"},
                {"name": recurrent, "shape": [4, 4], "role": "recurrent_kernel"},
            ],
            "configuration": {"kind": "simple_rnn", "units": 4, "recurrent_initializer": "glorot_uniform"},
        },
        {
            "name": "out",
            "class_name": "Linear",
            "input_shape": [4],
            "output_shape": [1],
            "parameters": [{"name": kernel, "shape": [4, 1]}, {"name": bias, "shape": [1]}],
            "configuration": {"kind": "dense", "units": 1},
        },
    ]
    values = {"kind": "values", "count": 1}
    return a_spec_of(layers, framework, loss={"kind": "mean_squared_error"}, target=values)


def a_spec_of(layers: list[dict[str, Any]], framework: str, **more: Any) -> ExternalSpec:
    fields = {
        "source": "external",
        "layers": layers,
        "epochs": 100,
        "framework": framework,
        "loss": {"kind": "binary_crossentropy"},
        "optimizer": {"kind": "sgd", "learning_rate": 0.1, "momentum": 0.9},
        "batch_size": 32,
        "train_count": 500,
        "target": {"kind": "classes", "count": 2},
    }
    return ExternalSpec.model_validate(fields | more)

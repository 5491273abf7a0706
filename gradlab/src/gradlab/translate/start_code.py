"""Initial weights of a spec as Keras code that loads them by name."""

import json

from gradlab.spec import ExperimentSpec
from gradlab.spec.initial_weights import given_layers, tensors_in
from gradlab.translate.functional_code import keras_names

FILE = "weights.safetensors"
CODE = """\
from safetensors.numpy import load_file

# The weights that the experiment began with: `gradlab weights save {id} {file}` writes the file.
given = load_file("{file}")
for name, tensors in {{
{lines}}}.items():
    model.get_layer(name).set_weights([given[each] for each in tensors])"""


def start_code(spec: ExperimentSpec) -> list[str]:
    """Return the code that gives the model its initial weights; [] if all are drawn.

    The layers of the model ``model`` have the names that `keras_names` gives all of them.
    """
    start, by_name = spec.training.initial_weights, {layer.name: layer for layer in spec.layers}
    if start is None:
        return []
    names = keras_names(spec.layers, {output.name: output.layer.name for output in spec.outputs}, is_named=True)
    given = given_layers(start, spec.layers).items()
    tensors = {names[name]: [*tensors_in(by_name[name], source)] for name, source in given}
    lines = (f"    {json.dumps(name)}: {json.dumps(each)},\n" for name, each in tensors.items())
    return [CODE.format(id=start.id, file=FILE, lines="".join(lines))]

"""Operations of a traced function in place of those that take long to become XLA's.

TensorFlow turns most operations into XLA's directly. For `Relu` and its gradient it calls a compiler, 4 ms each, while
nothing of the program is compiled yet. A maximum and a selection become the same operations of XLA.
"""

from tensorflow.core.framework.function_pb2 import FunctionDef
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.core.framework.types_pb2 import DT_FLOAT

# Operation -> its output's name, that of the operation in its place, and that one's output's name.
REPLACED = {"Relu": ("activations", "Maximum", "z"), "ReluGrad": ("backprops", "SelectV2", "output")}


def make_direct(function: FunctionDef) -> None:
    """Replace operations in place; results are the same."""
    outputs = {}
    for node in [each for each in function.node_def if each.op in REPLACED and each.attr["T"].type == DT_FLOAT]:
        before, op, after = REPLACED[node.op]
        outputs[f"{node.name}:{before}:0"] = f"{node.name}:{after}:0"
        zero = f"{_added(function, node, 'zero', 'Const')}:output:0"
        if node.op == "ReluGrad":
            gradient, features = node.input[:2]
            is_positive = f"{_added(function, node, 'is_positive', 'Greater', features, zero)}:z:0"
            node.input[:2] = [is_positive, gradient]
            node.input.insert(2, zero)
        else:
            node.input.insert(1, zero)
        node.op = op
    for node in function.node_def:
        node.input[:] = [outputs.get(each, each) for each in node.input]
    for name, each in [*function.ret.items()]:
        function.ret[name] = outputs.get(each, each)


def _added(function: FunctionDef, node: NodeDef, role: str, op: str, *inputs: str) -> str:
    """Add an operation of float32 for another one: a zero, or one of two inputs. Return its name."""
    added = function.node_def.add(name=f"{node.name}/{role}", op=op, input=inputs, device=node.device)
    if inputs:
        added.attr["T"].type = DT_FLOAT
    else:
        added.attr["dtype"].type = DT_FLOAT
        zero = added.attr["value"].tensor
        zero.dtype = DT_FLOAT
        zero.tensor_shape.SetInParent()
        zero.float_val.append(0.0)
    return added.name

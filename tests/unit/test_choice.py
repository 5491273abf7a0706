"""Tensors that a view shows by default: by role, whatever a framework calls them."""

from gradlab.measurement.history import SeriesLayout, Tensor
from gradlab.series.choice import choose_tensors

PYTORCH = (
    Tensor("encoder.embed", "weight", (9, 4), "embedding"),
    Tensor("encoder.layers.0.self_attn", "out_proj.weight", (4, 4)),
    Tensor("encoder.layers.0.norm1", "weight", (4,)),
    Tensor("head", "weight", (4, 2)),
    Tensor("head", "bias", (2,)),
)
NESTED = (Tensor("base/conv2d", "kernel", (3, 3, 1, 8)), Tensor("mixture", "routes", (8, 4)))
BY_NO_ROLE = (Tensor("scales", "temperature", ()), Tensor("scales", "shift", (3,)))


def shown(tensors: tuple[Tensor, ...]) -> list[str]:
    layout = SeriesLayout("gradients", tensors, ("mean_abs",))
    return [f"{tensors[place].layer}/{tensors[place].parameter}" for place in choose_tensors(layout, [], ["kernel"])]


def test_kernels_of_pytorch_are_shown_by_role():
    assert shown(PYTORCH) == ["encoder.layers.0.self_attn/out_proj.weight", "head/weight"]


def test_a_nested_base_is_shown_and_so_is_what_has_two_axes_and_no_role():
    assert shown(NESTED) == ["base/conv2d/kernel", "mixture/routes"]


def test_where_nothing_has_a_role_everything_is_shown():
    assert shown(BY_NO_ROLE) == ["scales/temperature", "scales/shift"]

"""Cures in the user's own words: which remedies apply, what they change, and that what is written is code."""

import ast

import pytest

from gradlab.remedies import REMEDIES, remedy
from gradlab.translate import Cure, cures_of
from gradlab.translate.equivalent import alone, equivalent
from tests.unit.translate.networks import a_network, a_recurrent_network, a_spec_of

FRAMEWORKS = ("keras", "torch")


def cure(spec, name: str) -> Cure | None:
    return next((found for _, found in cures_of(spec, [remedy(name)])), None)


def code(spec, name: str) -> str:
    found = cure(spec, name)
    assert found is not None, name
    assert found.code is not None, name
    return found.code


def test_initialisers_are_named_in_keras_words_once_for_equal_layers():
    written = code(a_network(), "initializer_for_activation")
    assert written == '# hidden_0, hidden_1, hidden_2\nDense(5, activation="tanh", kernel_initializer="glorot_uniform")'


def test_initialisers_are_drawn_by_statements_in_pytorch():
    written = code(a_network("torch"), "initializer_for_activation")
    assert written.splitlines() == [
        f'nn.init.xavier_uniform_(model.get_submodule("hidden.{place}").weight)' for place in range(3)
    ]


def test_a_module_that_can_be_an_attribute_is_written_as_one():
    spec = a_network("torch", hidden=1)
    named = spec.layers[0].model_copy(update={"name": "encoder.fc1"})
    spec = spec.model_copy(update={"layers": (named, *spec.layers[1:])})
    assert code(spec, "initializer_for_activation") == "nn.init.xavier_uniform_(model.encoder.fc1.weight)"


def test_many_tensors_are_drawn_in_a_loop():
    written = code(a_network("torch", hidden=12), "initializer_for_activation")
    tree = ast.parse(written)
    assert isinstance(tree.body[0], ast.For)
    assert written.count("xavier_uniform_") == 1
    assert written.count(".weight") == 12


def test_changes_have_the_users_names_of_layers():
    found = cure(a_network("torch"), "initializer_for_activation")
    assert found is not None
    first = found.changes[0]
    assert (first.path, first.before["kind"], first.after["kind"]) == (
        "hidden.0.kernel_initializer",
        "random_uniform",
        "glorot_uniform",
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("learning_rate_lower", "model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.01, momentum=0.9))"),
        (
            "clip_by_global_norm",
            "model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.1, global_clipnorm=1.0, momentum=0.9))",
        ),
        ("batch_size_smaller", "model.fit(x, y, batch_size=8)"),
        ("more_epochs", "model.fit(x, y, epochs=400)"),
    ],
)
def test_the_training_is_changed_where_it_is_compiled_or_fitted(name: str, expected: str):
    assert code(a_network(), name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("learning_rate_lower", "optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)"),
        (
            "clip_by_global_norm",
            "# between loss.backward() and optimizer.step()\ntorch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        ),
        ("batch_size_smaller", "loader = DataLoader(dataset, batch_size=8, shuffle=True)"),
        ("batch_normalization", "# behind hidden.0, hidden.1, hidden.2\nnn.BatchNorm1d(5),\nnn.Tanh(),"),
        ("wider_layers", None),
    ],
)
def test_the_same_in_pytorch(name: str, expected: str | None):
    found = cure(a_network("torch"), name)
    assert (found.code if found else None) == expected


def test_recurrent_kernels_are_drawn_orthogonally_by_their_own_names():
    assert code(a_recurrent_network(), "orthogonal_recurrent") == (
        '# rnn\nSimpleRNN(4, recurrent_initializer="orthogonal")'
    )
    assert code(a_recurrent_network("torch"), "orthogonal_recurrent") == (
        "nn.init.orthogonal_(model.rnn.weight_hh_l0, gain=1.0)"
    )
    assert code(a_recurrent_network("torch"), "gru_for_simple_rnn") == "# rnn\nnn.GRU(2, 4, batch_first=True),"


def test_an_output_that_does_not_suit_its_loss_is_changed_with_it():
    spec = a_network(loss={"kind": "mean_absolute_error"})
    assert code(spec, "output_matched_to_task") == 'model.compile(loss="binary_crossentropy")'
    torch = a_network("torch", loss={"kind": "mean_absolute_error"})
    assert "nn.BCEWithLogitsLoss()" in code(torch, "output_matched_to_task")
    assert "no activation at the output" in code(torch, "output_matched_to_task")


def test_a_sparse_loss_stays_sparse():
    spec = a_network()
    output = spec.layers[-1]
    wide = output.configuration.model_copy(update={"units": 3})
    sizes = {"output_shape": (3,), "configuration": wide}
    spec = spec.model_copy(update={"layers": (*spec.layers[:-1], output.model_copy(update=sizes))})
    data = spec.model_dump(mode="json")
    data |= {"target": {"kind": "classes", "count": 3}, "loss": {"kind": "sparse_categorical_crossentropy"}}
    spec = type(spec).model_validate(data)
    written = code(spec, "output_matched_to_task")
    assert 'Dense(3, activation="softmax"' in written
    assert "loss" not in written


def test_where_a_layer_is_not_known_the_others_are_rewritten_by_themselves():
    spec = a_network(unknown=(1,))
    assert equivalent(spec) is None
    written = code(spec, "initializer_for_activation")
    assert written == '# hidden_0, hidden_2\nDense(5, activation="tanh", kernel_initializer="glorot_uniform")'


def test_a_network_that_is_no_chain_is_rewritten_layer_by_layer():
    spec = a_network()
    joined = spec.layers[2].model_copy(update={"inbound": ("hidden_0", "hidden_1")})
    spec = spec.model_copy(update={"layers": (*spec.layers[:2], joined, spec.layers[3])})
    assert equivalent(spec) is None
    assert code(spec, "activation_relu").startswith("# hidden_0, hidden_1, hidden_2\n")
    # What depends on all layers together stays in words.
    assert cure(spec, "fewer_layers") == Cure((), None)


def test_the_activation_that_follows_as_a_layer_decides_the_initialiser():
    layers = [
        {
            "name": "fc",
            "class_name": "Linear",
            "input_shape": [4],
            "output_shape": [6],
            "parameters": [{"name": "weight", "shape": [4, 6]}],
            "configuration": {"kind": "dense", "units": 6, "kernel_initializer": {"kind": "random_uniform"}},
        },
        {"name": "act", "class_name": "ReLU", "configuration": {"kind": "activation", "activation": "relu"}},
        {"name": "custom", "class_name": "Mine", "parameters": [{"name": "weight", "shape": [6, 6]}]},
        {"name": "out", "class_name": "Linear", "parameters": [{"name": "weight", "shape": [6, 1]}]},
    ]
    spec = a_spec_of(layers, "torch")
    assert code(spec, "initializer_for_activation") == (
        'nn.init.kaiming_uniform_(model.fc.weight, nonlinearity="relu")'
    )


def test_what_was_not_sent_is_not_written():
    spec = a_network(optimizer=None, batch_size=None)
    for name in ("learning_rate_lower", "batch_size_smaller"):
        assert cure(spec, name) == Cure((), None), name


def test_a_remedy_that_does_not_apply_is_not_told():
    assert cure(a_network(), "activation_tanh") is None  # it has tanh already
    assert cure(a_network(), "gru_for_simple_rnn") is None
    assert cure(a_network(), "target_scaling") is None


def test_an_image_is_rewritten_whatever_its_size():
    convolution = {"kind": "conv2d", "filters": 8, "kernel_size": 3, "activation": "relu", "padding": "same"}
    for size in (8, 64):
        layers = [
            {
                "name": "conv",
                "class_name": "Conv2D",
                "input_shape": [size, size, 3],
                "output_shape": [size, size, 8],
                "parameters": [{"name": "kernel", "shape": [3, 3, 3, 8]}],
                "configuration": {**convolution, "kernel_initializer": {"kind": "random_normal", "stddev": 1.0}},
            },
            {
                "name": "flatten",
                "class_name": "Flatten",
                "input_shape": [size, size, 8],
                "output_shape": [size * size * 8],
                "configuration": {"kind": "flatten"},
            },
            {
                "name": "out",
                "class_name": "Dense",
                "input_shape": [size * size * 8],
                "output_shape": [1],
                "parameters": [{"name": "kernel", "shape": [size * size * 8, 1]}],
                "configuration": {"kind": "dense", "units": 1, "activation": "sigmoid"},
            },
        ]
        spec = a_spec_of(layers, "keras")
        assert (equivalent(spec) is not None) == (size == 8)
        assert alone(spec, spec.layers[0]) is not None
        written = code(spec, "initializer_for_activation")
        assert written.startswith("# conv\nConv2D(8, 3, activation=")
        assert 'kernel_initializer="he_uniform"' in written


@pytest.mark.slow
@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_fragment_is_code(framework: str):
    specs = [
        a_network(framework, hidden=6),
        a_network(framework, unknown=(1,)),
        a_network(framework, loss={"kind": "mean_absolute_error"}),
        a_recurrent_network(framework),
    ]
    for spec in specs:
        for _, found in cures_of(spec, REMEDIES):
            if found.code is not None:
                ast.parse(found.code)

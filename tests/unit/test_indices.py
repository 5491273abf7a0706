"""An embedding looks up rows: inputs that may be no rows of it are refused by name."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from gradlab.errors import Invalid
from gradlab.frozen import STORED, kind_of
from gradlab.spec import ANY_SPEC, ExperimentSpec
from gradlab.spec.experiment import parse
from gradlab.vocabulary.datasets import AnyDataset
from gradlab.vocabulary.datasets.registry import DATASETS

TRAINING = {"loss": "binary_crossentropy", "optimizer": "sgd", "epochs": 1}
SIGMOID = {"kind": "dense", "units": 1, "activation": "sigmoid"}
TOKENS = {"kind": "copy_memory", "samples": 20, "symbols": 2, "length": 6, "alphabet": 4, "one_hot": False}
PER_STEP = {"loss": "categorical_crossentropy", "optimizer": "sgd", "epochs": 1}


def embedding(rows: int, **more):
    return {"kind": "embedding", "input_dim": rows, "output_dim": 2, **more}


def spec(*layers, dataset="circles", training=TRAINING, output=SIGMOID):
    return {"dataset": dataset, "model": {"layers": [*layers, output]}, "training": training}


def problem(fields):
    with pytest.raises(Invalid) as refused:
        parse(ANY.dump_json(fields))
    (only,) = refused.value.problems
    return only


ANY = TypeAdapter(dict)


@pytest.mark.parametrize("dataset", ["circles", {"kind": "blobs", "centers": 2}, {"kind": "digits", "scale": [0, 9]}])
def test_real_numbers_are_no_rows(dataset):
    output, training = SIGMOID, TRAINING
    if isinstance(dataset, dict) and dataset["kind"] == "digits":
        output, training = {"kind": "dense", "units": 10, "activation": "softmax"}, PER_STEP
    told = problem(spec(embedding(30), {"kind": "flatten"}, dataset=dataset, training=training, output=output))
    assert told.field == "model.layers[0]"
    assert "whole numbers from 0 to 29, below input_dim" in told.expected
    assert "any size" in told.received


@pytest.mark.parametrize(
    ("dataset", "needed"),
    [
        (TOKENS, 6),
        (TOKENS | {"one_hot": True}, 2),
        ({"kind": "digits"}, 17),
        ({"kind": "linnerud"}, 252),
        ({"kind": "multilabel", "length": 4}, 60),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else value,
)
def test_whole_numbers_need_as_many_rows_as_there_are(dataset, needed: int):
    data = TypeAdapter(AnyDataset).validate_python(dataset)
    loss = "mean_squared_error"
    units = int(np.prod((*data.target.steps, data.target.count)))
    behind = [{"kind": "flatten"}, {"kind": "dense", "units": units}]
    output = {"kind": "reshape", "target_shape": [*data.target.steps, data.target.count]}
    first = [{"kind": "flatten"}]
    about = {"dataset": dataset, "training": TRAINING | {"loss": loss}, "output": output}
    assert ExperimentSpec.model_validate(spec(*first, embedding(needed), *behind, **about))
    told = problem(spec(*first, embedding(needed - 1), *behind, **about))
    assert told.field == "model.layers[1].input_dim"
    assert told.expected == f"at least {needed}: its inputs go up to {needed - 1}"
    assert told.received == str(needed - 1)


@pytest.mark.parametrize(
    ("layers", "rows", "fits"),
    [
        ([{"kind": "dense", "units": 3, "activation": "sigmoid"}], 2, True),
        ([{"kind": "dense", "units": 3, "activation": "sigmoid"}], 1, False),
        ([{"kind": "dense", "units": 3, "activation": "relu6"}], 7, True),
        ([{"kind": "dense", "units": 3, "activation": {"kind": "relu", "max_value": 2.5}}], 3, True),
        ([{"kind": "dense", "units": 3, "activation": "relu"}], 1000, False),
        ([{"kind": "dense", "units": 3, "activation": "tanh"}], 1000, False),
        ([{"kind": "dense", "units": 3}], 1000, False),
        ([{"kind": "dense", "units": 3, "activation": "sigmoid"}, {"kind": "dropout", "rate": 0.5}], 2, False),
        ([{"kind": "dense", "units": 3, "activation": "sigmoid"}, {"kind": "dropout", "rate": 0.5}], 3, True),
        ([{"kind": "dense", "units": 3, "activation": "sigmoid"}, {"kind": "gaussian_noise", "stddev": 0.1}], 9, False),
        ([{"kind": "dense", "units": 3, "activation": "sigmoid"}, {"kind": "batch_normalization"}], 9, False),
    ],
)
def test_layers_whose_outputs_are_bounded_may_stand_before_an_embedding(layers, rows: int, fits: bool):
    fields = spec(*layers, embedding(rows), {"kind": "flatten"})
    if fits:
        assert ExperimentSpec.model_validate(fields)
    else:
        assert problem(fields).field.startswith(f"model.layers[{len(layers)}]")


def test_an_embedding_inside_a_block_is_looked_at_too():
    inner = [embedding(5), {"kind": "flatten"}, {"kind": "dense", "units": 2}]
    assert problem(spec({"kind": "residual", "layers": inner})).field == "model.layers[0].layers[0]"


def test_what_was_accepted_before_can_still_be_read():
    old = [
        spec(embedding(3), {"kind": "flatten"}),
        spec({"kind": "gaussian_noise", "stddev": 2.0}),
        spec(dataset={"kind": "classification", "class_sep": 0.0}),
    ]
    for fields in old:
        text = ANY.dump_json(fields)
        with pytest.raises(ValidationError):
            ANY_SPEC.validate_json(text)
        kept = ANY_SPEC.validate_json(text, context=STORED)
        assert isinstance(kept, ExperimentSpec)
        assert ANY_SPEC.validate_json(kept.canonical(), context=STORED) == kept


@pytest.mark.parametrize(
    ("fields", "field", "expected"),
    [
        (spec({"kind": "gaussian_noise", "stddev": 1.01}), "model.layers[0].stddev", "a number of at most 1"),
        (spec(dataset={"kind": "classification", "class_sep": 0}), "dataset.class_sep", "a number above 0"),
    ],
    ids=["stddev", "class_sep"],
)
def test_what_keras_or_scikit_learn_forbid_is_refused_by_name(fields, field: str, expected: str):
    told = problem(fields)
    assert told.field == field
    assert told.expected.startswith(expected)


@pytest.mark.parametrize("member", DATASETS, ids=kind_of)
def test_inputs_are_whole_numbers_below_a_bound_where_a_dataset_says_so(member):
    for fields in ({}, {"one_hot": False}, {"scale": "standard"}):
        if not fields.keys() <= member.model_fields.keys():
            continue
        dataset = member(**fields)
        x, _ = dataset.draw()
        x = dataset._scaled(x)
        if dataset.whole_below is not None:
            assert np.array_equal(x, np.round(x))
            assert 0 <= x.min() <= x.max() < dataset.whole_below

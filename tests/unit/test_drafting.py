"""Drafts: a translated Keras model and a profile become a spec's dataset and training, with what is assumed."""

from typing import Any

import numpy as np
import pytest

from core.samples.summary import summary_of
from core.use_cases.drafts import whole
from gradlab.errors import Invalid
from gradlab.profile import Profile, profile
from gradlab.responses.drafting import Draft, draft
from gradlab.schemas.drafts import DraftRequest
from gradlab.translate.from_keras import translate
from tests.tables import a_table
from tests.unit.translate.keras_texts import (
    a_dense,
    a_functional,
    a_layer,
    a_sequential,
    a_tensor,
    an_input,
    called,
    compiled_with,
    text_of,
)

ID = "sha256:" + "0" * 64
ROWS = 200
RANDOM = np.random.default_rng(0)
NUMBERS = {name: RANDOM.normal(size=ROWS) for name in ("a", "b")}
LABEL = RANDOM.integers(0, 2, ROWS)
COLOURS = RANDOM.integers(0, 3, ROWS).astype(np.int32)


def drafted(model: dict[str, Any], samples: Profile, **more: Any) -> Draft:
    """The draft of a model on samples."""
    text = text_of(model)
    request = DraftRequest.model_validate({"configuration": text, "dataset": ID, **more})
    return draft(request, translate(text), samples)


def profiled(categories: dict[str, tuple[str, ...]] | None = None, **columns: np.ndarray) -> Profile:
    """The profile of columns of equal length."""
    return profile(columns, categories or {}, len(next(iter(columns.values()))))


def a_model(inputs: int = 2, units: int = 1, activation: str = "sigmoid", **outer: Any) -> dict[str, Any]:
    """A network with one hidden layer."""
    return a_sequential(an_input(inputs), a_dense(4, "hidden"), a_dense(units, "out", activation=activation), **outer)


def test_what_nobody_said_is_assumed_in_sentences():
    done = drafted(a_model(), profiled(**NUMBERS, label=LABEL))
    dataset, training = done.fields["dataset"], done.fields["training"]
    assert dataset["features"] == ["a", "b"]
    assert (dataset["target"], dataset["task"], dataset["prepare"]) == ("label", "classes", [])
    assert dataset["split"]["kind"] in ("random", "stratified")
    assert (training["loss"]["kind"], training["loss"]["from_logits"]) == ("binary_crossentropy", False)
    assert (training["optimizer"], training["batch_size"]) == ("adam", 32)
    said = " ".join(done.assumptions)
    for words in ("The target is label", "classes apart", "a, b", "nothing is scaled", "loss is binary_crossentropy"):
        assert words in said
    assert all(sentence.endswith(".") for sentence in done.assumptions)


def test_what_is_said_or_compiled_is_taken_and_not_repeated():
    model = a_model(compile_config=compiled_with())
    more = {"target": "label", "features": ["b", "a"], "task": "classes", "batch_size": 7, "validation": ID[:-1] + "1"}
    done = drafted(model, profiled(**NUMBERS, label=LABEL), **more)
    dataset, training = done.fields["dataset"], done.fields["training"]
    assert dataset["features"] == ["b", "a"]
    assert "split" not in dataset
    assert (training["optimizer"]["kind"], training["batch_size"]) == ("sgd", 7)
    assert done.assumptions == ("The numbers go into the network as they are in the file: nothing is scaled.",)
    chosen = drafted(model, profiled(**NUMBERS, label=LABEL), loss="hinge", optimizer="rmsprop").fields["training"]
    assert (chosen["loss"]["kind"], chosen["optimizer"]["kind"]) == ("hinge", "rmsprop")


@pytest.mark.parametrize(
    ("units", "activation", "target", "loss"),
    [
        (1, "linear", LABEL, {"kind": "binary_crossentropy", "from_logits": True}),
        (3, "softmax", COLOURS.astype(np.int64), {"kind": "categorical_crossentropy", "from_logits": False}),
        (3, "linear", COLOURS.astype(np.int64), {"kind": "categorical_crossentropy", "from_logits": True}),
        (1, "linear", COLOURS.astype(np.int64), {"kind": "mean_squared_error"}),
        (1, "linear", RANDOM.normal(size=ROWS), {"kind": "mean_squared_error"}),
    ],
)
def test_the_loss_follows_from_task_and_output(units: int, activation: str, target: np.ndarray, loss: dict[str, Any]):
    done = drafted(a_model(units=units, activation=activation), profiled(**NUMBERS, target=target))
    assert done.fields["training"]["loss"] == loss


def test_texts_become_as_many_columns_as_the_model_takes():
    samples = profiled({"colour": ("blue", "green", "red")}, **NUMBERS, colour=COLOURS, label=LABEL)
    one_hot = drafted(a_model(inputs=5), samples).fields["dataset"]
    assert one_hot["prepare"] == [{"kind": "one_hot", "columns": ["colour"]}]
    ordinal = drafted(a_model(inputs=3), samples).fields["dataset"]
    assert ordinal["prepare"] == [{"kind": "ordinal", "columns": ["colour"]}]
    with pytest.raises(
        Invalid, match=r"features: expected columns that make 9 inputs.*received 3 columns, which make 5"
    ):
        drafted(a_model(inputs=9), samples)


def test_columns_that_are_left_out_come_back_where_the_model_needs_them():
    columns = {"id": np.arange(ROWS), **NUMBERS, "label": LABEL}
    assert drafted(a_model(), profiled(**columns)).fields["dataset"]["features"] == ["a", "b"]
    done = drafted(a_model(inputs=3), profiled(**columns))
    assert done.fields["dataset"]["features"] == ["id", "a", "b"]
    assert "would be left out" in " ".join(done.assumptions)


def test_missing_values_are_imputed_and_sequences_cut():
    gaps = NUMBERS["a"].copy()
    gaps[4] = np.nan
    samples = profiled(a=gaps, b=NUMBERS["b"], label=LABEL)
    done = drafted(a_model(), samples).fields["dataset"]
    assert done["prepare"] == [{"kind": "impute", "columns": ["a"]}]
    sequences = a_sequential(an_input(10, 2), a_dense(1, "out", activation="sigmoid"))
    dataset = drafted(sequences, samples).fields["dataset"]
    assert dataset["window"] == {"steps": 10}
    assert dataset["split"] == {"kind": "in_order"}


def test_arrays_need_no_names_and_inputs_are_their_own_targets():
    x = RANDOM.normal(size=(ROWS, 2))
    done = drafted(a_model(), profiled(x=x, y=LABEL)).fields["dataset"]
    assert "features" not in done
    assert done["task"] == "classes"
    repeated = drafted(a_model(units=2, activation="linear"), profiled(x=x))
    assert repeated.fields["dataset"]["task"] == "inputs"
    assert repeated.fields["training"]["loss"] == {"kind": "mean_squared_error"}


def test_a_target_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(Invalid, match="target: expected a column of the file: a, b, label; received prize"):
        drafted(a_model(), profiled(**NUMBERS, label=LABEL), target="prize")
    with pytest.raises(Invalid, match=r"features: expected a column of the file.*received z"):
        drafted(a_model(), profiled(**NUMBERS, label=LABEL), features=["a", "z"])


def test_an_array_has_the_shape_that_the_model_takes():
    images, named = RANDOM.normal(size=(ROWS, 4, 2)), {"features": ["images"], "target": "y"}
    with pytest.raises(
        Invalid, match=r"features: expected .* takes, \(2,\); received x, with samples of shape \(4, 2\)"
    ):
        drafted(a_model(), profiled(x=images, y=LABEL))
    sequences = a_sequential(an_input(None, 2), a_dense(1, "out", activation="sigmoid"))
    assert drafted(sequences, profiled(x=images, y=LABEL)).fields["dataset"]["target"] == "y"
    whole = a_sequential(an_input(4, 2), a_dense(1, "out", activation="sigmoid"))
    dataset = drafted(whole, profiled(images=images, y=LABEL), **named).fields["dataset"]
    assert (dataset["features"], "window" in dataset) == (["images"], False)
    with pytest.raises(Invalid, match=r"features: .*\(4, 3\); received images, with samples of shape \(4, 2\)"):
        drafted(a_sequential(an_input(4, 3), a_dense(1, "out")), profiled(images=images, y=LABEL), **named)


def test_a_column_may_be_called_x():
    dataset = drafted(a_model(), profiled(x=NUMBERS["a"], b=NUMBERS["b"], result=LABEL)).fields["dataset"]
    assert (dataset["features"], dataset["target"]) == (["x", "b"], "result")


def test_gaps_of_arrays_are_filled():
    gaps = RANDOM.normal(size=(ROWS, 2))
    gaps[3, 1] = np.nan
    dataset = drafted(a_model(), profiled(x=gaps, y=LABEL)).fields["dataset"]
    assert dataset["prepare"] == [{"kind": "impute", "columns": ["x"]}]


def test_a_split_is_for_the_target_that_it_is_proposed_for():
    rare = (np.arange(ROWS) < 8).astype(np.int64)
    samples = profiled(**NUMBERS, other=LABEL, label=rare)
    assert drafted(a_model(inputs=3), samples).fields["dataset"]["split"] == {"kind": "stratified"}
    chosen = drafted(a_model(inputs=3, activation="linear"), samples, target="a").fields["dataset"]
    assert (chosen["split"], chosen["features"]) == ({"kind": "random"}, ["b", "other", "label"])
    parts = profiled(
        {"split": ("TEST", "Train")}, **NUMBERS, split=(np.arange(ROWS) % 5 > 0).astype(np.int32), label=LABEL
    )
    assert drafted(a_model(), parts).fields["dataset"]["split"] == {
        "kind": "by_column",
        "column": "split",
        "train": ["Train"],
    }


def test_what_leaks_one_target_may_predict_another():
    samples = profiled(**NUMBERS, copy=LABEL * 3.0, label=LABEL)
    assert drafted(a_model(), samples).fields["dataset"]["features"] == ["a", "b"]
    other = drafted(a_model(inputs=3), samples, target="a")
    assert other.fields["dataset"]["features"] == ["b", "copy", "label"]
    assert "left out" not in " ".join(other.assumptions).casefold()


def test_columns_beyond_those_that_are_listed_stay_left_out():
    constants = {f"constant_{i}": np.zeros(ROWS) for i in range(30)}
    done = drafted(a_model(), profiled(**NUMBERS, **constants, label=LABEL))
    assert done.fields["dataset"]["features"] == ["a", "b"]
    assert "; 10 more." in " ".join(done.assumptions)


@pytest.mark.parametrize(("loss", "task"), [(None, "classes"), ("mean_squared_error", "values")])
def test_integers_below_the_output_units_are_classes(loss: str | None, task: str):
    few = {name: values[:12] for name, values in NUMBERS.items()}
    samples = profiled(**few, target=np.array([0, 4, 9, 1] * 3))  # too few rows to show classes by themselves
    assert samples.proposal.task == "values"
    done = drafted(a_model(units=10, activation="softmax"), samples, loss=loss)
    assert done.fields["dataset"]["task"] == task


def test_weights_are_taken_where_they_are_weights():
    weights = RANDOM.uniform(size=ROWS)
    samples = profiled(**NUMBERS, sample_weight=weights, label=LABEL)
    done = drafted(a_model(), samples)
    assert done.fields["dataset"]["sample_weight"] == "sample_weight"
    assert "weighs in the loss as sample_weight says" in " ".join(done.assumptions)
    negative = profiled(**NUMBERS, sample_weight=weights - 0.5, label=LABEL)
    assert "sample_weight" not in drafted(a_model(), negative).fields["dataset"]
    used = drafted(a_model(), samples, features=["a", "sample_weight"]).fields["dataset"]
    assert "sample_weight" not in used


def test_logits_are_seen_past_layers_that_only_reshape():
    flat = a_layer("Reshape", "flat", target_shape=[1])
    chain = a_sequential(an_input(2), a_dense(1, "out", activation="sigmoid"), flat)
    loss = drafted(chain, profiled(**NUMBERS, label=LABEL)).fields["training"]["loss"]
    assert loss == {"kind": "binary_crossentropy", "from_logits": False}
    out, end = called(a_dense(1, "out", activation="sigmoid"), [a_tensor("x")]), called(flat, [a_tensor("out")])
    graph = a_functional(called(an_input(2)), out, end, inputs=[["x", 0, 0]], outputs=[["flat", 0, 0]])
    assert drafted(graph, profiled(**NUMBERS, label=LABEL)).fields["training"]["loss"] == loss


def test_a_wide_table_has_all_its_columns_and_the_gaps_of_its_validation_part():
    samples = profiled(**NUMBERS, label=LABEL)
    cut = samples.model_copy(update={"columns": samples.columns[:1]})
    wide = summary_of(a_table(**NUMBERS, colour=["red", "blue"] * (ROWS // 2), label=LABEL))
    beside = summary_of(a_table(a=[1.0, float("nan")], b=[1.0, 2.0])).columns
    columns = whole(cut, wide, beside).columns
    assert [(each.name, each.missing) for each in columns] == [("a", 1), ("b", 0), ("colour", 0), ("label", 0)]
    assert [(each.type, each.distinct) for each in columns[2:]] == [("category", 2), ("integer", 2)]
    done = drafted(a_model(), whole(cut, wide, beside)).fields["dataset"]
    assert (done["features"], done["prepare"]) == (["a", "b"], [{"kind": "impute", "columns": ["a"]}])


IMAGE = RANDOM.normal(size=(ROWS, 4, 4))
ARRAYS = {"image": IMAGE, "numbers": RANDOM.normal(size=(ROWS, 2)), "price": RANDOM.normal(size=ROWS), "kind": COLOURS}


def two_ends() -> dict[str, Any]:
    """A model that takes an image and numbers, and predicts a price and one of three kinds."""
    layers = [
        called(a_layer("Flatten", "flat"), [a_tensor("image")]),
        called(a_layer("Concatenate", "both", axis=-1), [[a_tensor("flat"), a_tensor("numbers")]]),
        called(a_dense(1, "price", activation="linear"), [a_tensor("both")]),
        called(a_dense(3, "kind", activation="softmax"), [a_tensor("both")]),
    ]
    return a_functional(
        *(called(each) for each in (an_input(4, 4, name="image"), an_input(2, name="numbers"))),
        *layers,
        inputs=[["image", 0, 0], ["numbers", 0, 0]],
        outputs=[["price", 0, 0], ["kind", 0, 0]],
    )


def test_several_inputs_and_outputs_are_the_arrays_of_their_names():
    done = drafted(two_ends(), profiled(**ARRAYS))
    dataset = done.fields["dataset"]
    assert dataset["features"] == {"image": ["image"], "numbers": ["numbers"]}
    assert dataset["target"] == {"price": "price", "kind": "kind"}
    assert dataset["task"] == {"price": "values", "kind": "classes"}
    assert {name: loss["kind"] for name, loss in done.fields["training"]["loss"].items()} == {
        "price": "mean_squared_error",
        "kind": "categorical_crossentropy",
    }
    said = " ".join(done.assumptions)
    for words in (
        "Each input is the column of its name: image, numbers.",
        "kind: The task is",
        "mean_squared_error for",
    ):
        assert words in said


@pytest.mark.parametrize("named", [{}, {"target": {"art.é": "art.é", "prix": "prix"}}])
def test_inputs_and_outputs_are_found_by_names_that_only_keras_can_have(named):
    layers = [
        called(a_layer("Concatenate", "both", axis=-1), [[a_tensor("größe"), a_tensor("x.in")]]),
        called(a_dense(1, "prix", activation="linear"), [a_tensor("both")]),
        called(a_dense(3, "art.é", activation="softmax"), [a_tensor("both")]),
    ]
    model = a_functional(
        *(called(each) for each in (an_input(2, name="größe"), an_input(2, name="x.in"))),
        *layers,
        inputs=[["größe", 0, 0], ["x.in", 0, 0]],
        outputs=[["prix", 0, 0], ["art.é", 0, 0]],
    )
    arrays = {"größe": ARRAYS["numbers"], "x.in": ARRAYS["numbers"], "prix": ARRAYS["price"], "art.é": COLOURS}
    dataset = drafted(model, profiled(**arrays), **named).fields["dataset"]
    assert [*dataset["features"].values()] == [["größe"], ["x.in"]]
    assert [*dataset["target"].values()] == ["prix", "art.é"]


@pytest.mark.parametrize(("loss", "task"), [("categorical_crossentropy", "classes"), ("binary_crossentropy", "labels")])
def test_rows_of_zeros_and_ones_are_classes_for_a_loss_of_one_class(loss, task):
    rows = np.eye(3, dtype=np.float32)[np.arange(ROWS) % 3]
    named = {"loss": {"price": "mean_squared_error", "kind": loss}}
    dataset = drafted(two_ends(), profiled(**{**ARRAYS, "kind": rows}), **named).fields["dataset"]
    assert dataset["task"] == {"price": "values", "kind": task}


def test_what_several_inputs_and_outputs_lack_is_named():
    with pytest.raises(Invalid, match=r"target: expected the columns of each output.*received no column kind"):
        drafted(two_ends(), profiled(**{name: each for name, each in ARRAYS.items() if name != "kind"}))
    with pytest.raises(Invalid, match=r"features: expected the columns of each input.*received no column image"):
        drafted(two_ends(), profiled(a=ARRAYS["price"], **{n: each for n, each in ARRAYS.items() if n != "image"}))
    with pytest.raises(Invalid, match=r"features.image: expected an array whose samples have the shape.*\(4, 4\)"):
        drafted(two_ends(), profiled(**{**ARRAYS, "image": IMAGE[:, :3]}))
    columns = {"image": IMAGE, **NUMBERS, "price": ARRAYS["price"], "kind": COLOURS}
    named = {"image": ["image"], "numbers": ["a", "b"]}
    assert drafted(two_ends(), profiled(**columns), features=named).fields["dataset"]["features"] == named
    with pytest.raises(Invalid, match=r"target: expected no object by name"):
        drafted(a_model(), profiled(**NUMBERS, label=LABEL), target={"out": "label"})

"""Drafts: a translated Keras model and a profile become a spec's dataset and training, with what is assumed."""

from typing import Any

import numpy as np
import pytest

from gradlab.errors import Invalid
from gradlab.profile import Profile, profile
from gradlab.responses.drafting import Draft, draft
from gradlab.schemas.drafts import DraftRequest
from gradlab.translate.from_keras import translate
from tests.unit.translate.keras_texts import a_dense, a_sequential, an_input, compiled_with, text_of

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

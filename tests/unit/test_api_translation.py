"""The translation of Keras models over HTTP, by the client and by the command."""

import importlib
import io
import json
import zipfile

import pytest
from typer.testing import CliRunner

from gradlab.cli import actions
from gradlab.client.client import Refused
from gradlab.client.keras_file import MAX_MEMBERS, read_configuration
from gradlab.errors import Invalid
from gradlab.translate.from_keras.text import MAX_CHARACTERS
from tests.unit.desk import Desk, client_of
from tests.unit.translate.keras_texts import a_dense, a_layer, a_sequential, an_input, compiled_with, text_of

cli = importlib.import_module("gradlab.cli.main")
MODEL = a_sequential(an_input(2), a_dense(5, "hidden"), a_dense(1, "out"), compile_config=compiled_with())
LAMBDA = a_sequential(an_input(2), a_layer("Lambda", "mine", function={"class_name": "__lambda__", "config": {}}))


def a_keras_file(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def test_a_model_is_translated_by_the_client(desk: Desk):
    translation = client_of(desk).translate(text_of(MODEL))
    assert [layer.units for layer in translation.model.layers] == [5, 1]
    assert translation.training is not None
    assert (translation.training.loss.kind, translation.training.optimizer.kind) == ("mean_squared_error", "sgd")
    assert (translation.input_shapes, translation.output_shapes) == ([(2,)], [(1,)])
    assert translation.names == {"dense_1": "hidden", "dense_2": "out"}


def test_the_answer_is_part_of_a_spec(desk: Desk):
    answer = desk.http.post("/models/translate", json=MODEL).json()
    spec = {
        "dataset": {"kind": "regression", "features": 2, "informative": 2},
        "model": answer["model"],
        "training": {**answer["training"], "epochs": 3},
    }
    assert desk.http.post("/experiments/validate", json=spec).status_code == 200, spec


def test_what_cannot_be_translated_is_a_problem_document(desk: Desk):
    with pytest.raises(Refused) as refused:
        client_of(desk).translate(text_of(LAMBDA))
    (problem,) = refused.value.problem.errors
    assert (refused.value.problem.status, problem.field, problem.received) == (422, "mine", "Lambda")
    for body in (b"[]", b"{}", b"{", b'{"class_name": "Sequential", "config": {"layers": [1]}}'):
        answer = desk.http.post("/models/translate", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422, body
        assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.fixture
def gradlab(desk: Desk, monkeypatch):
    monkeypatch.setattr(actions, "_client", lambda url: client_of(desk))
    return lambda *words: CliRunner().invoke(cli.app, ["translate", *map(str, words)], env={"COLUMNS": "200"})


def test_the_command_reads_a_keras_file_and_a_text(gradlab, tmp_path):
    file = a_keras_file(tmp_path / "m.keras", [("config.json", text_of(MODEL)), ("model.weights.h5", b"\x89HDF")])
    shown = gradlab(file)
    assert shown.exit_code == 0, shown.stderr
    assert 'Dense(5, activation="relu")' in shown.stdout
    assert "Weights in the file are not read" in shown.stdout
    text = tmp_path / "m.json"
    text.write_text(text_of(MODEL))
    assert json.loads(gradlab(text, "--json").stdout)["names"] == {"dense_1": "hidden", "dense_2": "out"}
    text.write_text(text_of(LAMBDA))
    refused = gradlab(text)
    assert (refused.exit_code, "mine" in refused.stderr) == (2, True)


def an_archive_with_a_false_size() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * (MAX_CHARACTERS + 10))
    declared = (MAX_CHARACTERS + 10).to_bytes(4, "little")
    return file.getvalue().replace(declared, (100).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ([("metadata.json", "{}")], "one config.json"),
        ([("../config.json", "{}"), ("config.json", "{}")], "members within the archive"),
        ([("/etc/config.json", "{}"), ("config.json", "{}")], "members within the archive"),
        ([("config.json", b" " * (MAX_CHARACTERS + 1))], "at most"),
        ([("config.json", b"\xff\xfe")], "other bytes"),
        ([(f"{number}", "") for number in range(MAX_MEMBERS + 1)], "members"),
    ],
)
def test_other_archives_are_refused(tmp_path, members, expected):
    file = a_keras_file(tmp_path / "m.keras", members)
    with pytest.raises(Invalid, match=expected):
        read_configuration(file)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"\x89HDF\r\n\x1a\n rest", "HDF5"),
        (b"PK\x03\x04 and nothing more", "damaged"),
        (b"\x80\x04\x95", "other bytes"),
        (an_archive_with_a_false_size(), "damaged|at most"),
    ],
)
def test_other_files_are_refused(tmp_path, content, expected):
    file = tmp_path / "m.keras"
    file.write_bytes(content)
    with pytest.raises(Invalid, match=expected):
        read_configuration(file)
    with pytest.raises(Invalid, match="a file with a Keras model"):
        read_configuration(tmp_path / "nothing")


@pytest.mark.parametrize("way", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_damaged_bytes_of_a_member_are_refused(tmp_path, way):
    file = tmp_path / "m.keras"
    with zipfile.ZipFile(file, "w", way) as archive:
        archive.writestr("config.json", text_of(MODEL))
    content = bytearray(file.read_bytes())
    content[60:90] = b"\xff" * 30
    file.write_bytes(content)
    with pytest.raises(Invalid, match=r"damaged|a file with a Keras model"):
        read_configuration(file)

"""The embedded broker's folder and what is no message in it."""

import base64
import errno
import json
import os
from pathlib import Path
from queue import Empty
from uuid import UUID, uuid4

import pytest
from celery import Celery

from core.queue import QUEUE, CeleryQueue, celery_config
from core.queue.messages import MAX_MESSAGE_BYTES, decode
from core.settings import Settings
from gradlab.errors import DiskFull, Unavailable


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(_env_file=None, data_dir=tmp_path)


@pytest.fixture
def messages(settings: Settings) -> Path:
    return settings.broker_dir / "messages"


@pytest.fixture
def take(settings: Settings):
    """Takes the oldest message, as a worker's connection does: the experiment's id."""
    app = Celery("reader", set_as_current=False)
    app.conf.update(celery_config(settings))
    with app.connection_for_read() as connection, connection.channel() as channel:
        yield lambda: UUID(json.loads(base64.b64decode(channel._get(QUEUE)["body"]))[0][0])


def published(settings: Settings) -> dict:
    """A message as it is published."""
    CeleryQueue(settings).publish(uuid4())
    (file,) = (settings.broker_dir / "messages").iterdir()
    found = json.loads(file.read_text())
    file.unlink()
    return found


def with_body(message: dict, content: object) -> dict:
    return message | {"body": base64.b64encode(json.dumps(content).encode()).decode()}


def test_messages_are_taken_once_and_in_order(settings, messages, take):
    queue, ids = CeleryQueue(settings), [uuid4() for _ in range(5)]
    for each in ids:
        queue.publish(each)
    assert [take() for _ in ids] == ids
    with pytest.raises(Empty):
        take()
    assert list(messages.iterdir()) == []


FOREIGN = {
    "empty": b"",
    "cut off": b'{"body": "',
    "no JSON": b"\x80\x04\x95\xff\x00binary",
    "a list": b"[]",
    "an empty object": b"{}",
    "a number": b"17",
    "null": b"null",
    "nested without end": b"[" * 30_000,
    "kombu's own types": b'{"__type__": "nothing", "__value__": 1}',
    "too large": b" " * (MAX_MESSAGE_BYTES + 1),
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_what_is_no_message_is_put_aside_as_it_was(content, settings, messages, take, capsys):
    CeleryQueue(settings)
    (messages / "0_foreign.gradlab.msg").write_bytes(content)
    sound = uuid4()
    CeleryQueue(settings).publish(sound)
    assert take() == sound
    assert (settings.broker_dir / "rejected" / "0_foreign.gradlab.msg").read_bytes() == content
    assert list(messages.iterdir()) == []
    assert "message_rejected" in capsys.readouterr().out


CHANGES = {
    "another task": lambda it: it | {"headers": it["headers"] | {"task": "somebody.elses"}},
    "a task that is a list": lambda it: it | {"headers": it["headers"] | {"task": []}},
    "no headers": lambda it: it | {"headers": None},
    "a time to come": lambda it: it | {"headers": it["headers"] | {"eta": "2999-01-01T00:00:00"}},
    "a time limit": lambda it: it | {"headers": it["headers"] | {"timelimit": [1, 1]}},
    "no properties": lambda it: {name: value for name, value in it.items() if name != "properties"},
    "pickle": lambda it: it | {"content-type": "application/x-python-serialize"},
    "another encoding": lambda it: it | {"properties": it["properties"] | {"body_encoding": "utf-8"}},
    "no base64": lambda it: it | {"body": "%%%"},
    "no arguments": lambda it: with_body(it, [[], {}, {}]),
    "two arguments": lambda it: with_body(it, [[str(uuid4()), 1], {}, {}]),
    "no id": lambda it: with_body(it, [["no id"], {}, {}]),
    "keyword arguments": lambda it: with_body(it, [[str(uuid4())], {"more": 1}, {}]),
    "a callback": lambda it: with_body(it, [[str(uuid4())], {}, {"callbacks": [{"task": "gradlab.train"}]}]),
    "protocol 1": lambda it: {"task": "gradlab.train", "id": "1", "args": [str(uuid4())], "kwargs": {}},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_celery_message_that_is_not_ours_is_refused_with_its_field(change, settings):
    ours = published(settings)
    assert decode(json.dumps(ours).encode())["body"] == ours["body"]
    with pytest.raises(ValueError, match=r"received|required"):
        decode(json.dumps(change(ours)).encode())


def test_fields_that_are_not_read_are_not_handed_on(settings):
    ours = published(settings)
    ours["headers"] |= {"stamped_headers": 5, "unknown": []}
    assert not decode(json.dumps(ours).encode())["headers"].keys() & {"stamped_headers", "unknown"}


def test_a_folder_a_link_and_a_pipe_are_put_aside(settings, messages, take):
    queue = CeleryQueue(settings)
    (messages / "01.gradlab.msg").mkdir()
    (messages / "02.gradlab.msg").symlink_to("/etc/hostname")
    (messages / "03.gradlab.msg").symlink_to("03.gradlab.msg")
    os.mkfifo(messages / "04.gradlab.msg")
    sound = uuid4()
    queue.publish(sound)
    assert take() == sound
    assert len(list((settings.broker_dir / "rejected").iterdir())) == 4


def test_what_cannot_be_put_aside_is_passed_over_and_said_once(settings, messages, take, monkeypatch, capsys):
    CeleryQueue(settings)
    (settings.broker_dir / "rejected").write_text("a file is in the way")
    (messages / "1.gradlab.msg").write_text("")
    for _ in range(3):
        sound = uuid4()
        CeleryQueue(settings).publish(sound)
        assert take() == sound
    assert capsys.readouterr().out.count("message_passed_over") == 1


def test_a_message_is_written_whole_or_not_at_all(settings, messages, monkeypatch, take):
    queue = CeleryQueue(settings)

    def cut_off(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", cut_off)
        with pytest.raises(Unavailable):
            queue.publish(uuid4())
    assert list(messages.iterdir()) == []
    with pytest.raises(Empty):
        take()


def test_a_writer_that_was_killed_leaves_nothing_that_is_read(settings, messages, take):
    queue = CeleryQueue(settings)
    (messages / "1.gradlab.msg.part").write_text('{"body')
    sound = uuid4()
    queue.publish(sound)
    assert take() == sound
    assert [each.name for each in messages.iterdir()] == ["1.gradlab.msg.part"]


def test_a_folder_that_was_removed_is_made_again(settings, messages, take):
    queue, sound = CeleryQueue(settings), uuid4()
    messages.rmdir()
    with pytest.raises(Empty):
        take()
    queue.publish(sound)
    assert take() == sound


def test_a_full_disk_is_said_by_name(settings, messages, monkeypatch):
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    queue = CeleryQueue(settings)
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFull, match="The disk is full"):
        queue.publish(uuid4())


def test_whether_messages_wait_can_be_asked(settings, take):
    queue = CeleryQueue(settings)
    assert queue.is_empty()
    queue.publish(uuid4())
    assert not queue.is_empty()
    take()
    assert queue.is_empty()

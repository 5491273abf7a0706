"""Disks without room: asked, recognised, and survived by what is only printed."""

import errno
import io
import os
from pathlib import Path

import pytest

from core.disk import check_room, lossy
from gradlab.errors import DiskFull, Unavailable, is_full


def test_a_folder_with_room_is_left_as_it_was(tmp_path: Path):
    check_room(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT], ids=["full", "quota"])
def test_one_without_is_said(tmp_path: Path, monkeypatch, code: int):
    def full(**_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("core.disk.TemporaryFile", full)
    with pytest.raises(DiskFull):
        check_room(tmp_path)


def test_one_that_is_not_there_is_no_full_one(tmp_path: Path):
    with pytest.raises(Unavailable, match="No such file") as refusal:
        check_room(tmp_path / "nowhere")
    assert not isinstance(refusal.value, DiskFull)


def test_a_full_disk_is_recognised_behind_other_errors():
    behind = RuntimeError("could not publish")
    behind.__cause__ = OSError(errno.ENOSPC, "x")
    assert is_full(behind)
    assert is_full(RuntimeError("/cache/x.tmp; No space left on device [Op:epochs]"))
    assert not is_full(RuntimeError("out of memory"))
    assert not is_full(None)


class Full(io.StringIO):
    """A file on a full disk."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_log_on_a_full_disk_is_lost_and_whoever_writes_it_goes_on():
    print("said", file=lossy(Full()), flush=True)
    kept = io.StringIO()
    print("said", file=lossy(kept), flush=True)
    assert kept.getvalue() == "said\n"

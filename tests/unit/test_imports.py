"""Imports of large packages."""

import gc

import pytest

from gradlab.imports import without_garbage_collection


def import_what_is_missing() -> None:
    assert not gc.isenabled()
    raise ImportError


def test_collection_goes_on_after_an_import_also_after_one_that_fails():
    assert gc.isenabled()
    with pytest.raises(ImportError), without_garbage_collection():
        import_what_is_missing()
    assert gc.isenabled()


def test_collection_that_was_off_stays_off():
    gc.disable()
    try:
        with without_garbage_collection():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()

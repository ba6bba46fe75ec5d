from __future__ import annotations

import copy
import inspect

import lpr.errors
from lpr.errors import LprError, MissingExtraError, did_you_mean


def test_the_tree_in_the_docstring_names_every_error() -> None:
    drawn = lpr.errors.__doc__ or ""
    for name, kind in inspect.getmembers(lpr.errors, inspect.isclass):
        if kind.__module__ == "lpr.errors":
            assert issubclass(kind, LprError)
            assert name in drawn, f"{name} is missing in the drawn tree"


def test_a_missing_extra_says_how_to_get_it() -> None:
    error = MissingExtraError("torch", "train")
    assert str(error) == (
        "torch is not installed; run: pip install 'lpr[train]', "
        "or in a checkout: pip install '.[train]'"
    )
    assert isinstance(error, ImportError)


def test_suggestions_only_for_close_words() -> None:
    assert did_you_mean("tracker", ["track", "voter"]) == "; did you mean 'track'?"
    assert did_you_mean("zzz", ["track", "voter"]) == ""


def test_every_error_crosses_from_one_process_to_another() -> None:
    """Pickled as it is copied: a worker that raises what cannot be restored breaks its pool."""
    error = copy.copy(MissingExtraError("torch", "train"))
    assert (error.package, error.extra) == ("torch", "train")
    assert str(error) == str(MissingExtraError("torch", "train"))
    for _, kind in inspect.getmembers(lpr.errors, inspect.isclass):
        if issubclass(kind, LprError) and kind is not MissingExtraError:
            assert str(copy.copy(kind("why"))) == str(kind("why"))

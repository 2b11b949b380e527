"""The warning of columns without names, which nothing divides into modalities."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from sklearn.pipeline import Pipeline

from ..modalities._names import UNNAMED_MODALITY
from ..modalities._tables import column_names
from ._float_columns import FloatColumns

# Code that is not the user's own.
_LIBRARIES = {"mofa_sklearn", "sklearn", "joblib"}


def opens_tables(transformer: Any) -> bool:
    """Tell whether a transformer is one of `make_mofa_pipeline`, which take and fill anything."""
    return isinstance(transformer, Pipeline) and isinstance(transformer[0], FloatColumns)


def warn_of_columns_without_names(X: Any, n_features: int) -> None:
    """Say that all columns are one modality, since nothing tells whose they are.

    Parameters
    ----------
    X : array-like or DataFrame of shape (n_samples, n_features)
        What is fitted.
    n_features : int
        How many columns it has.
    """
    if n_features == 1 or column_names(X) is not None:
        return
    warn_caller(
        f"X has no column names, so its {n_features} columns are taken for one modality, "
        f"'{UNNAMED_MODALITY}', and a block of NaN in it for gaps to fill. Say whose they are: "
        f"make_mofa_pipeline({{'image': {n_features - 1}, 'text': 1}}), a width for each "
        f"modality, or {{'{UNNAMED_MODALITY}': {n_features}}} if it is one."
    )


def warn_caller(message: str) -> None:
    """Warn, as if the line of the user's own code had that led here."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _LIBRARIES:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)

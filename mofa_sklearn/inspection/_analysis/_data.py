"""What is analysed: checked features, targets and groups, with names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, column_or_1d

from ..._lengths import check_one_for_each_row
from ..._validation import check_array
from ...modalities import resolve_modalities
from ...modalities._kinds import NUMERIC_KINDS, kinds_of
from ...modalities._numbers import numbers
from ...modalities._resolve import Modalities
from ...modalities._tables import as_table, column_names, is_frame
from ...preprocessing import FloatColumns, ModalityPreprocessor


@dataclass
class Data:
    """Rows to analyse.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        All modalities side by side.
    blocks : dict of str to ndarray of int
        Column positions of every modality.
    names : list of str of length n_features
        Names of the columns.
    y : ndarray of shape (n_samples, n_targets) or None
        Targets.
    target_names : list of str of length n_targets
        Names of the targets; empty where there are none.
    groups : ndarray of int of shape (n_samples,) or None
        Number of each row's group, from 0.
    """

    X: np.ndarray
    blocks: dict[str, np.ndarray]
    names: list[str]
    y: np.ndarray | None
    target_names: list[str]
    groups: np.ndarray | None

    def __len__(self) -> int:
        return len(self.X)

    def take(self, rows: np.ndarray) -> Data:
        """Return some of the rows."""
        return replace(
            self,
            X=self.X[rows],
            y=None if self.y is None else self.y[rows],
            groups=None if self.groups is None else self.groups[rows],
        )

    def sample(self, max_samples: int, random_state: np.random.RandomState) -> Data:
        """Return at most so many rows, drawn without replacement, in their order."""
        if len(self) <= max_samples:
            return self
        return self.take(np.sort(random_state.permutation(len(self))[:max_samples]))

    def modality_of_columns(self) -> np.ndarray:
        """Return the modality of every column, an array of str of shape (n_features,)."""
        modality = np.empty(self.X.shape[1], dtype=object)
        for name, positions in self.blocks.items():
            modality[positions] = name
        return modality


def read_data(
    X: Any, y: Any, modalities: Modalities, groups: Any, target_names: Sequence[str] | None
) -> Data:
    """Check what a user passed.

    Parameters
    ----------
    X : array-like, DataFrame or Table of shape (n_samples, n_features)
        All modalities side by side, columns of any kind; NaN allowed.
    y : array-like of shape (n_samples,) or (n_samples, n_targets), or None
        Targets.
    modalities : dict, callable or None
        Which columns form which modality.
    groups : array-like of shape (n_samples,) or None
        Labels of any kind.
    target_names : sequence of str or None
        None reads the names from `y`.

    Returns
    -------
    Data

    Raises
    ------
    ValueError
        If blocks do not fit `X`, numbers of rows differ, a target or a group is NaN, or names
        do not fit the targets.
    """
    X, modalities = _numbers_of(X, modalities)
    blocks = resolve_modalities(X, modalities)
    X = numbers(X)
    names = column_names(X) or _names_from(blocks)
    X = check_array(
        X,
        dtype=[np.float64, np.float32],
        ensure_all_finite=False,
        ensure_min_samples=2,
        input_name="X",
    )
    if y is None and target_names is not None:
        raise ValueError(f"target_names={list(target_names)!r} was passed without y.")
    if y is not None:
        y, target_names = _check_targets(y, target_names)
        check_consistent_length(X, y)
    if groups is not None:
        check_one_for_each_row("groups", groups, X)
        groups = _check_groups(groups)
    return Data(X, blocks, names, y, list(target_names or []), groups)


def _numbers_of(X: Any, modalities: Modalities) -> tuple[Any, Modalities]:
    """Make numbers of a table's other columns, as the default pipeline does."""
    X = as_table(X)
    if not is_frame(X) or NUMERIC_KINDS.issuperset(kinds_of(X)):
        return X, modalities
    to_numbers = ModalityPreprocessor(FloatColumns(random_state=0), modalities=modalities)
    X = to_numbers.set_output(transform="pandas").fit_transform(X)
    return X, {name: len(to_numbers._names_of(name)) for name in to_numbers.modalities_}


def _names_from(blocks: dict[str, np.ndarray]) -> list[str]:
    """Name columns as `load_modalities` does: ``<modality>_<i>``."""
    names = {
        int(position): f"{modality}_{i}"
        for modality, positions in blocks.items()
        for i, position in enumerate(positions)
    }
    return [names[position] for position in sorted(names)]


def _check_targets(y: Any, names: Sequence[str] | None) -> tuple[np.ndarray, list[str]]:
    if names is None:
        names = column_names(y)
    if names is None and isinstance(getattr(y, "name", None), str):
        names = [y.name]
    texts = [
        value for value in np.ravel(np.asarray(y, dtype=object))[:1] if isinstance(value, str)
    ]
    if texts:
        raise ValueError(
            f"y must be numbers; got {texts[0]!r}. To look at classes, pass columns of 0 and 1 "
            "(pandas.get_dummies)."
        )
    y = check_array(y, ensure_2d=False, allow_nd=True, dtype=np.float64, input_name="y")
    if y.ndim > 2:
        raise ValueError(f"y must be 1-D or 2-D, one column per target; got shape {y.shape}.")
    n_targets = 1 if y.ndim == 1 else y.shape[1]
    if names is None:
        names = ["target"] if y.ndim == 1 else [f"target {i}" for i in range(n_targets)]
    if isinstance(names, str) or len(names) != n_targets:
        raise ValueError(
            f"target_names must be a list of {n_targets} names, one per target; got {names!r}."
        )
    if len(set(names)) < n_targets:
        raise ValueError(f"The names of the targets must differ; got {list(names)!r}.")
    return y.reshape(len(y), n_targets), [str(name) for name in names]


def _check_groups(groups: Any) -> np.ndarray:
    codes, _ = pd.factorize(column_or_1d(groups))
    unknown = np.flatnonzero(codes < 0)
    if len(unknown):
        raise ValueError(
            f"groups has no value in {len(unknown)} of {len(codes)} rows, the first is row "
            f"{unknown[0]}: give each of these rows a group of its own."
        )
    return codes

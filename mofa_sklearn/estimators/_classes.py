"""Classes and labels as every classifier here takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .._validation import check_array


def check_classes(y: Any, name: str = "y") -> np.ndarray:
    """Check classes or labels.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_labels)
        Classes, or an indicator of labels, dense or sparse.
    name : str, default="y"
        What messages call it.

    Returns
    -------
    ndarray of the same shape
        A single column becomes 1-D, with scikit-learn's warning.

    Raises
    ------
    ValueError
        If it is something else: numbers that are no classes, or several columns of
        classes.
    """
    y = check_array(y, accept_sparse="csr", ensure_2d=False, dtype=None, input_name=name)
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind not in ("multilabel-indicator", "multiclass-multioutput"):
        return column_or_1d(y, warn=True)
    y = np.asarray(y.toarray() if hasattr(y, "toarray") else y)
    if not np.isin(y, [0, 1]).all():
        raise ValueError(
            f"A {name} of several columns must be an indicator of labels, zeros and ones; got "
            f"shape {y.shape} with other values. Fit one classifier for each column "
            "(sklearn.multioutput.MultiOutputClassifier), or make it an indicator "
            "(sklearn.preprocessing.MultiLabelBinarizer)."
        )
    return y


def classes_of(y: np.ndarray) -> np.ndarray:
    """Return the classes that a classifier's ``classes_`` has.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        From :func:`check_classes`.

    Returns
    -------
    ndarray of shape (n_classes,) or (n_labels, 2)
        Sorted; ``[0, 1]`` for each of several labels.
    """
    if y.ndim == 2:
        return np.tile([0, 1], (y.shape[1], 1))
    return np.unique(y)

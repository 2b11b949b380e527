"""Targets and predictions as the displays take them."""

import numpy as np
from sklearn.utils import check_consistent_length

from .._validation import check_array

#: What names of targets may be, for `validate_params`.
TARGET_NAMES = ["array-like", None]


def check_targets(y_true, y_pred):
    """Return both as finite float arrays of one shape."""
    y_true = check_array(y_true, ensure_2d=False, dtype=np.float64, input_name="y_true")
    y_pred = check_array(y_pred, ensure_2d=False, dtype=np.float64, input_name="y_pred")
    check_consistent_length(y_true, y_pred)
    if y_true.size != y_pred.size:
        raise ValueError(
            f"y_true and y_pred must have the same shape; got {y_true.shape} and {y_pred.shape}."
        )
    return y_true, y_pred.reshape(y_true.shape)


def check_names(names, shape):
    """Return one name per target of an array of this shape."""
    if names is None:
        return ["target"] if len(shape) == 1 else [f"target {i}" for i in range(shape[1])]
    n_targets = 1 if len(shape) == 1 else shape[1]
    if isinstance(names, str) or len(names) != n_targets:
        raise ValueError(f"target_names has {len(names)} names for {n_targets} targets.")
    return list(names)


def without_unpredicted(y_true, y_pred, *others):
    """Leave out the rows whose prediction is NaN, as it is for rows never held out.

    Parameters
    ----------
    y_true, y_pred : array-like of n_samples rows
        Truth and predictions.
    *others : array-like of shape (n_samples,)
        What else belongs to the rows.

    Returns
    -------
    list of ndarray
        The same without these rows.

    Raises
    ------
    ValueError
        If the numbers of rows differ, or no row is left.
    """
    arrays = [np.asarray(values) for values in (y_true, y_pred, *others)]
    check_consistent_length(*arrays)
    predicted = arrays[1].astype(np.float64)
    known = ~np.isnan(predicted.reshape(len(predicted), -1)).any(axis=1)
    if len(known) and not known.any():
        raise ValueError("y_pred is NaN in every row: nothing was held out.")
    return [values[known] for values in arrays]

"""scikit-learn's checks of data, for torch's tensors, too."""

from __future__ import annotations

from typing import Any

import sklearn.utils
import sklearn.utils.validation
import torch

# Types of torch that NumPy has not.
_AS_FLOAT32 = (torch.bfloat16,)


def as_array(data: Any) -> Any:
    """Return a tensor as an array, and anything else as it is.

    Parameters
    ----------
    data : object
        What a method was given: maybe a tensor, of any type, on any device, with a
        gradient or not.

    Returns
    -------
    ndarray or object
        It shares the tensor's memory where that is possible; bfloat16 becomes float32.

    Examples
    --------
    >>> import torch
    >>> from mofa_sklearn._validation import as_array
    >>> as_array(torch.ones(2, dtype=torch.bfloat16, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    if not isinstance(data, torch.Tensor):
        return data
    data = data.detach().cpu()
    return (data.float() if data.dtype in _AS_FLOAT32 else data).numpy()


def validate_data(estimator: Any, X: Any = "no_validation", y: Any = "no_validation", **checks):
    """Check data as :func:`sklearn.utils.validation.validate_data` does."""
    X, y = as_array(X), as_array(y)
    return sklearn.utils.validation.validate_data(estimator, X, y, **checks)


def check_array(array: Any, **checks) -> Any:
    """Check an array as :func:`sklearn.utils.check_array` does."""
    return sklearn.utils.check_array(as_array(array), **checks)

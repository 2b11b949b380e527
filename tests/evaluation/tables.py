"""Tables of fold scores, as `compare` returns them, of given values."""

import pandas as pd


def table(values, *, metric="nmse", n_train=80, n_test=20):
    """Make a table of estimator -> value on each fold; None is a failure."""
    rows = [
        {
            "estimator": name,
            "fold": fold,
            "n_train": n_train,
            "n_test": n_test,
            metric: value,
            "fit_seconds": 1.0,
            "predict_seconds": 0.1,
            "error": f"ValueError: fold {fold}" if value is None else None,
        }
        for name, of_folds in values.items()
        for fold, value in enumerate(of_folds)
    ]
    return pd.DataFrame(rows).astype({metric: float})

"""A fitted pipeline as one torch module."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.base import is_classifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted
from torch import Tensor, nn

from ..modalities._positions import first_few
from . import (
    _block_statistics,
    _catboost,
    _early_stopping,
    _ensembles,
    _kernel,
    _lightgbm,
    _linear,
    _mlp,
    _neighbors,
    _networks,
    _preprocessor,
    _rank_gauss,
    _retrieval_augmenter,
    _sequences,
    _steps,
    _trees,
    _xgboost,
)
from ._convert import convert
from ._door import Door, door_of

# Each file registers its converters when it is imported.
_CONVERTERS = (
    _block_statistics,
    _catboost,
    _early_stopping,
    _ensembles,
    _kernel,
    _lightgbm,
    _linear,
    _mlp,
    _neighbors,
    _networks,
    _preprocessor,
    _rank_gauss,
    _retrieval_augmenter,
    _sequences,
    _steps,
    _trees,
    _xgboost,
)

# Rows computed at a time: bounds the memory, and keeps most of it in the processor's cache.
_CHUNK_ROWS = 64


class ExportedModel(nn.Module):
    """What :func:`to_module` returns: a fitted model without its Python.

    Parameters
    ----------
    steps : nn.Module
        Maps (n_samples, n_features) to predictions.
    n_features : int
        Number of columns of its input.
    door : Door
        What rows it takes.
    one_dimensional : bool
        Whether `forward` returns (n_samples,).

    Attributes
    ----------
    n_features_in_ : int
        Number of columns of the input.
    modalities_ : dict of str to int
        Number of columns of each modality.
    """

    def __init__(
        self, steps: nn.Module, n_features: int, door: Door, one_dimensional: bool
    ) -> None:
        super().__init__()
        self.steps, self.door = steps, door
        self.n_features_in_ = n_features
        self.modalities_ = {name: len(columns) for name, columns in door.blocks.items()}
        self.one_dimensional = one_dimensional

    def forward(self, x: Tensor) -> Tensor:
        """Predict.

        Parameters
        ----------
        x : float32 Tensor of shape (n_samples, n_features_in_)
            The rows; NaN where a value or a modality is missing.

        Returns
        -------
        float32 Tensor
            Of the shape of `predict`, or of `predict_proba`. Compiled or exported, it does not
            check values: rows that cannot be predicted get NaN.

        Raises
        ------
        ValueError
            If the number of columns is another, or rows hold infinity, lack all modalities,
            or have gaps that the model does not fill.
        """
        if torch.compiler.is_compiling():
            return self._predict(x)
        if x.ndim != 2 or x.shape[1] != self.n_features_in_:
            raise ValueError(
                f"x has shape {tuple(x.shape)}; expected (n_samples, {self.n_features_in_})."
            )
        x = x.to(torch.float32)
        self.door.check(x)
        prediction = torch.cat([self._predict(chunk) for chunk in x.split(_CHUNK_ROWS)])
        if prediction.isnan().any():
            rows = torch.nonzero(prediction.flatten(min(1, prediction.ndim - 1)).isnan())
            raise ValueError(
                f"x contains NaN where the model does not take it (rows "
                f"{first_few(rows[:, 0].unique().tolist())}): impute it first."
            )
        return prediction

    def _predict(self, x: Tensor) -> Tensor:
        x = x.to(torch.float32)
        prediction = torch.where(self.door(x), torch.nan, self.steps(x).to(torch.float32))
        return prediction[:, 0] if self.one_dimensional else prediction


def to_module(model: Any) -> ExportedModel:
    """Make one torch module of a fitted pipeline, ensemble or estimator.

    Everything is in it: gaps are filled, missing modalities masked, RankGauss's tables
    looked up, and members, companions and blends averaged. It needs torch alone, and can
    be compiled (`torch.compile`) and exported (`torch.export`).

    Parameters
    ----------
    model : estimator
        Fitted, on columns of numbers.

    Returns
    -------
    ExportedModel
        A torch.nn.Module in evaluation mode that maps a float32 tensor of shape
        ``(n_samples, n_features_in_)``, NaN included, to what `predict` returns, or
        `predict_proba` of a classifier.

    Raises
    ------
    TypeError
        If a step has no counterpart; the message names it.
    sklearn.exceptions.NotFittedError
        If the model is not fitted.

    Notes
    -----
    What can be exported: pipelines of :func:`~mofa_sklearn.make_mofa_pipeline` with every
    recipe, ensembles, blends, networks, companions, calibration and most baselines of
    ours; of scikit-learn scalers, PCA and TruncatedSVD, SimpleImputer, linear and generalized
    linear models, multi-layer perceptrons, trees, forests, histogram-based boosting and
    MultiOutputRegressor; the trees of XGBoost, LightGBM and CatBoost. What cannot: encoders,
    columns of words or dates, models of other libraries, approximate searches, trees that split
    categories, subclasses.

    Predictions agree to 1e-4 of a target's standard deviation, except where two training
    rows are equally far from a row, to within float32: which of them is the last of the
    neighbours that count may then differ; where a number is within rounding errors of a
    tree's threshold; and for rows with values beyond 2**50, which `predict` computes in
    float64, and the module in float32.

    Examples
    --------
    >>> import torch
    >>> from mofa_sklearn import MoFARegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.export import to_module
    >>> widths = {"image": 8, "text": 8}
    >>> X, y = make_micro_videos(100, modalities=widths, random_state=0)
    >>> model = MoFARegressor(widths, hidden_dim=8, max_epochs=2, random_state=0).fit(X, y)
    >>> module = to_module(model)
    >>> with torch.inference_mode():
    ...     prediction = module(torch.from_numpy(X))
    >>> prediction.shape
    torch.Size([100, 3])
    """
    if isinstance(model, type) or not hasattr(model, "fit"):
        raise TypeError(f"model must be a fitted estimator, got {model!r}.")
    check_is_fitted(model)
    steps = convert(model, "")
    n_features = int(model.n_features_in_)
    one_dimensional = _is_one_dimensional(model, steps, n_features)
    return ExportedModel(steps, n_features, door_of(model), one_dimensional).eval()


def _is_one_dimensional(model: Any, steps: nn.Module, n_features: int) -> bool:
    """Tell whether `predict` returns one number a row, rather than a matrix."""
    if is_classifier(model):
        return False
    while isinstance(model, Pipeline):
        model = model.steps[-1][1]
    if hasattr(model, "_target_shape"):  # ensembles and blends
        return model._target_shape == ()
    if hasattr(model, "_target_scale"):
        return model._target_scale.one_dimensional
    if hasattr(model, "n_outputs_"):  # trees, forests, perceptrons
        return model.n_outputs_ == 1
    if isinstance(model, MultiOutputRegressor):
        return False
    coef = getattr(getattr(model, "ridge_", model), "coef_", None)
    if coef is not None:
        return np.ndim(coef) == 1
    # Other libraries' regressors return a matrix of several targets only.
    return steps(torch.zeros(1, n_features)).shape[1] == 1

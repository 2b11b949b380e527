"""A transformer for each modality of one matrix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from .._repr._html import preprocessor_block, widths_of
from .._sklearn_private import (
    HasMethods,
    StrOptions,
    _BaseComposition,
    _check_feature_names_in,
    _fit_context,
)
from .._validation import validate_data
from ..modalities import resolve_modalities
from ..modalities._lazy_input import refuse_lazy
from ..modalities._missing import check_finite_or_missing
from ..modalities._names import modality_of
from ..modalities._positions import as_slice
from ..modalities._range import in_enough_digits


class ModalityPreprocessor(TransformerMixin, _BaseComposition):
    """Transform each modality by itself, and say whose columns the results are.

    Every modality gets its own copy of a transformer. Where a row's block is NaN
    throughout, the modality is missing: its transformer neither learns from the
    row nor sees it, and the result is NaN throughout again.

    Unlike :class:`sklearn.compose.ColumnTransformer`, the modalities need not be
    known before `fit`, and the results are written into one matrix whose column
    names tell the modality.

    Parameters
    ----------
    default : transformer or "passthrough", default="passthrough"
        Copied for every modality that is not named in `transformers`.

    transformers : list of (str, transformer or "passthrough"), default=()
        Modality name and its own transformer. Names of modalities that the data do
        not have are passed over, so that one list can serve several data sets.

    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`.

    Attributes
    ----------
    modalities_ : dict of str to ndarray of int
        Column positions of every modality.

    transformers_ : dict of str to transformer or "passthrough"
        The fitted transformer of every modality.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    make_mofa_pipeline : Puts one before an ensemble.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.preprocessing import StandardScaler
    >>> from mofa_sklearn.preprocessing import ModalityPreprocessor
    >>> X = np.random.default_rng(0).normal(size=(20, 5))
    >>> preprocess = ModalityPreprocessor(
    ...     StandardScaler(), transformers=[("text", PCA(1))], modalities={"image": 3, "text": 2}
    ... )
    >>> preprocess.set_output(transform="pandas").fit_transform(X).columns.tolist()
    ['image__x0', 'image__x1', 'image__x2', 'text__pca0']
    """

    _parameter_constraints: dict = {
        "default": [HasMethods(["fit", "transform"]), StrOptions({"passthrough"})],
        "transformers": [list, tuple],
        "modalities": [dict, callable, None],
    }

    def __init__(self, default="passthrough", *, transformers=(), modalities=None):
        self.default = default
        self.transformers = transformers
        self.modalities = modalities

    def get_params(self, deep=True) -> dict[str, Any]:
        """Get the parameters, those of the named transformers included.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the transformers' parameters as well.

        Returns
        -------
        dict of str to object
        """
        return self._get_params("transformers", deep=deep)

    def set_params(self, **params) -> ModalityPreprocessor:
        """Set parameters, those of the named transformers included.

        Parameters
        ----------
        **params : dict
            Parameters, or modality names with a transformer each.

        Returns
        -------
        self : ModalityPreprocessor
        """
        if isinstance(self.transformers, tuple):  # scikit-learn replaces parts of lists only
            self.transformers = list(self.transformers)
        return self._set_params("transformers", **params)

    @_fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None) -> ModalityPreprocessor:
        """Fit each modality's transformer on the rows that have the modality.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            All modalities side by side.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets, for transformers that learn from them.

        Returns
        -------
        self : ModalityPreprocessor

        Raises
        ------
        ValueError
            If blocks do not fit `X` or hold infinity, or if no row has a modality.
        """
        X = self._resolve(X)
        for name in self.modalities_:
            self._fit_block(name, X, y, transform=False)
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X, y=None):
        """Fit, and transform the same rows, with each transformer's `fit_transform`.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            All modalities side by side.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets, for transformers that learn from them.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features_out)
            As `set_output` says; a DataFrame has the modality in its column names.
        """
        X = self._resolve(X)
        return self._join(
            len(X), [self._fit_block(name, X, y, transform=True) for name in self.modalities_]
        )

    def transform(self, X):
        """Transform each modality.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            All modalities side by side.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features_out)
            As `set_output` says.
        """
        check_is_fitted(self, "transformers_")
        refuse_lazy(X, "transform")
        X = self._check(X, reset=False)
        return self._join(len(X), [self._transform_block(name, X) for name in self.modalities_])

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the transformed columns: ``<modality>__<name>``.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of ``X``; None takes those of the fit.

        Returns
        -------
        ndarray of str of shape (n_features_out,)
            A name that tells its modality by itself is kept as it is.
        """
        check_is_fitted(self, "transformers_")
        names_in = _check_feature_names_in(self, input_features)
        names: list[str] = []
        for modality, positions in self.modalities_.items():
            transformer = self.transformers_[modality]
            block = names_in[positions]
            if transformer != "passthrough":
                block = transformer.get_feature_names_out(block)
            names += [
                name if modality_of(name) == modality else f"{modality}__{name}" for name in block
            ]
        return np.asarray(names, dtype=object)

    def _resolve(self, X: Any) -> np.ndarray:
        """Check the rows of a fit, and find modalities and their transformers."""
        self._check_transformers()
        names_from = X
        X = self._check(X, reset=True)
        source = names_from if hasattr(names_from, "columns") else X
        self.modalities_ = resolve_modalities(source, self.modalities)
        chosen = dict(self.transformers)
        self.transformers_ = {
            name: _copy_of(chosen.get(name, self.default)) for name in self.modalities_
        }
        return X

    def _check_transformers(self) -> None:
        self._validate_names([name for name, _ in self.transformers])
        for name, transformer in self.transformers:
            if isinstance(transformer, str) and transformer == "passthrough":
                continue
            if isinstance(transformer, type) or not hasattr(transformer, "transform"):
                raise TypeError(
                    f"The transformer of modality '{name}' must be an instance with fit and "
                    f"transform, or 'passthrough'; got {transformer!r}."
                )

    def _check(self, X: Any, reset: bool) -> np.ndarray:
        return validate_data(
            self, X, dtype=[np.float32, np.float64], ensure_all_finite=False, reset=reset
        )

    def _fit_block(self, name: str, X: np.ndarray, y: Any, transform: bool) -> np.ndarray | None:
        block, missing = self._block(name, X)
        if missing.all():
            raise ValueError(f"Modality '{name}' is missing in all {len(X)} rows of the fit.")
        transformer = self.transformers_[name]
        if transformer == "passthrough":
            return block
        present = ~missing
        y = y if y is None or present.all() else np.asarray(y)[present]
        rows = block if present.all() else block[present]
        with self._names_modality(name, X):
            if not transform:
                transformer.fit(rows, y)
                return None
            return _with_missing(transformer.fit_transform(rows, y), missing)

    def _transform_block(self, name: str, X: np.ndarray) -> np.ndarray:
        block, missing = self._block(name, X)
        transformer = self.transformers_[name]
        if transformer == "passthrough":
            return block
        if missing.all():
            width = len(transformer.get_feature_names_out(self._names_of(name)))
            return np.full((len(X), width), np.nan, dtype=X.dtype)
        rows = block[~missing] if missing.any() else block
        with self._names_modality(name, X):
            return _with_missing(transformer.transform(rows), missing)

    @contextmanager
    def _names_modality(self, name: str, X: np.ndarray) -> Iterator[None]:
        """Say which modality it is whose single NaN a transformer does not take."""
        try:
            yield
        except ValueError as error:
            if "NaN" in str(error):
                check_finite_or_missing(X, name, self.modalities_[name], partly=False)
            raise

    def _names_of(self, name: str) -> np.ndarray:
        return _check_feature_names_in(self)[self.modalities_[name]]

    def _block(self, name: str, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return one modality's columns, and the rows where it is missing."""
        positions = self.modalities_[name]
        missing = check_finite_or_missing(X, name, positions)
        return in_enough_digits(X[:, as_slice(positions)]), missing

    def _join(self, n_samples: int, blocks: list[np.ndarray]) -> np.ndarray:
        """Lay the blocks side by side, and empty the list: one block is held twice at a time."""
        width = sum(block.shape[1] for block in blocks)
        joined = np.empty((n_samples, width), dtype=np.result_type(*blocks))
        end = width
        while blocks:
            block = blocks.pop()
            joined[:, end - block.shape[1] : end] = block
            end -= block.shape[1]
        return joined

    def _sk_visual_block_(self):
        named = dict(self.transformers)
        if hasattr(self, "transformers_"):
            fitted = self.transformers_
            named = {name: fitted[name] for name in named if name in fitted}
        return preprocessor_block(self.default, named, widths_of(self))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        # Blocks that are NaN throughout are always allowed, single NaN if all steps take them.
        steps = [self.default, *(transformer for _, transformer in self.transformers)]
        tags.input_tags.allow_nan = all(
            isinstance(step, str) or get_tags(step).input_tags.allow_nan for step in steps
        )
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _copy_of(transformer: Any) -> Any:
    """Clone a transformer, and let it give arrays whatever the global output is."""
    if isinstance(transformer, str):
        return transformer
    copy: BaseEstimator = clone(transformer)
    return copy.set_output(transform="default") if hasattr(copy, "set_output") else copy


def _with_missing(transformed: Any, missing: np.ndarray) -> np.ndarray:
    """Put rows of NaN where the modality is missing."""
    transformed = np.asarray(transformed)
    if not missing.any():
        return transformed
    shape = (len(missing), transformed.shape[1])
    complete = np.full(shape, np.nan, dtype=transformed.dtype)
    complete[~missing] = transformed
    return complete

"""A transformer for each modality of one matrix."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import check_array, get_tags
from sklearn.utils.metadata_routing import MetadataRequest
from sklearn.utils.validation import check_is_fitted

from .._lengths import check_one_for_each_row
from .._older_states import ReadsOlderStates
from .._repr._html import preprocessor_block, widths_of
from .._requests import RequestsItsArguments, handed_over, takers
from .._sklearn_private import (
    HasMethods,
    StrOptions,
    _BaseComposition,
    _check_feature_names_in,
    _fit_context,
    _safe_indexing,
)
from .._validation import validate_data
from ..modalities import resolve_modalities
from ..modalities._kinds import NUMERIC_KINDS, kinds_of, missing_rows
from ..modalities._lazy_input import refuse_lazy
from ..modalities._missing import Look, check_finite_or_missing
from ..modalities._names import modality_of
from ..modalities._numbers import is_plain, numbers, refuse_other_kinds
from ..modalities._positions import as_slice
from ..modalities._range import in_enough_digits
from ..modalities._tables import as_table, is_frame, take_columns, with_names
from ..modalities._tokens import resolve_tokens
from ._block_transformers import (
    dense_floats,
    explained,
    has_names_out,
    has_sparse_columns,
    is_mostly_zeros,
    joined,
    names_out,
    rows_for,
    sparse_block,
    takes_sparse,
    transformed,
    with_missing,
)
from ._per_token import PerToken
from ._unnamed import opens_tables, warn_of_columns_without_names

FLOATS = [np.float32, np.float64]


class ModalityPreprocessor(
    RequestsItsArguments, ReadsOlderStates, TransformerMixin, _BaseComposition
):
    """Transform each modality by itself, and say whose columns the results are.

    Every modality gets its own copy of a transformer. Where a row has nothing in a
    modality's columns (NaN, None, NaT, empty text in all of them), the modality is
    missing: its transformer neither learns from the row nor sees it, and the result is
    NaN throughout.

    A modality whose columns are all numbers or booleans is handed to its transformer as
    a float array. Any other is handed as the table it is, of pandas or polars, with its
    text, categories, dates or cells of vectors, objects or paths, so that
    :class:`FloatColumns`, skrub's TableVectorizer, a ColumnTransformer or an encoder can
    be its transformer. One that takes a single column, such as a TfidfVectorizer, gets
    the column where the modality has one. Sparse matrices, and sparse columns of pandas,
    stay sparse for transformers that take them; others get them dense.

    Unlike :class:`sklearn.compose.ColumnTransformer`, the modalities need not be
    known before `fit`, and the results are written into one float matrix whose column
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

    tokens : dict of str to int, default=None
        Which modalities are sequences, and of how many vectors, one after the other in
        the block and NaN throughout where a token is not there. Their transformers see
        one token a row: a scaler or a PCA is that of a token. They learn from 20,000
        tokens at most, evenly spread.

    Attributes
    ----------
    modalities_ : dict of str to ndarray of int
        Column positions of every modality.

    transformers_ : dict of str to transformer or "passthrough"
        The fitted transformer of every modality.

    tables_ : list of str
        The modalities that are handed on as tables.

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
        "tokens": [dict, None],
    }

    def __init__(self, default="passthrough", *, transformers=(), modalities=None, tokens=None):
        self.default = default
        self.transformers = transformers
        self.modalities = modalities
        self.tokens = tokens

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
    def fit(self, X, y=None, groups=None) -> ModalityPreprocessor:
        """Fit each modality's transformer on the rows that have the modality.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            All modalities side by side; a table of pandas, polars or pyarrow may have
            columns of any kind.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets, for transformers that learn from them.

        groups : array-like of shape (n_samples,), default=None
            Groups of rows, for transformers that take them, such as a RetrievalAugmenter.

        Returns
        -------
        self : ModalityPreprocessor

        Raises
        ------
        ValueError
            If blocks or `tokens` do not fit `X`, if blocks hold infinity, if no row has a
            modality, or if its transformer takes numbers only and a column holds something else.
        """
        groups = self._check_groups(groups, X)
        X = self._resolve(X)
        for name in self.modalities_:
            self._fit_block(name, X, y, groups, transform=False)
        self._names_out = self._names_where_known()
        return self

    @_fit_context(prefer_skip_nested_validation=False)
    def fit_transform(self, X, y=None, groups=None):
        """Fit, and transform the same rows, with each transformer's `fit_transform`.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            All modalities side by side; a table of pandas, polars or pyarrow may have
            columns of any kind.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets, for transformers that learn from them.

        groups : array-like of shape (n_samples,), default=None
            Groups of rows, for transformers that take them, such as a RetrievalAugmenter.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features_out)
            As `set_output` says; a DataFrame has the modality in its column names.
        """
        groups = self._check_groups(groups, X)
        X = self._resolve(X)
        blocks = [self._fit_block(name, X, y, groups, transform=True) for name in self.modalities_]
        self._names_out = self._names_where_known()
        return joined(blocks)

    def transform(self, X):
        """Transform each modality.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            All modalities side by side; a table of pandas, polars or pyarrow may have
            columns of any kind.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features_out)
            As `set_output` says.
        """
        check_is_fitted(self, "transformers_")
        refuse_lazy(X, "transform")
        X = self._check(X, reset=False)
        return joined([self._transform_block(name, X) for name in self.modalities_])

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
        # To find them takes longer than to transform a row.
        if input_features is None and self._names_out is not None:
            return self._names_out.copy()
        return self._find_names_out(input_features)

    def _names_where_known(self) -> np.ndarray | None:
        """Return the names of the transformed columns, or None where a transformer has none."""
        try:
            return self._find_names_out()
        except Exception:  # whatever it is, it is told where names are asked for
            return None

    def _find_names_out(self, input_features: Any = None) -> np.ndarray:
        names_in = _check_feature_names_in(self, input_features)
        names: list[str] = []
        for modality, positions in self.modalities_.items():
            transformer = self.transformers_[modality]
            block = names_out(transformer, names_in[positions], modality)
            names += [
                name if modality_of(name) == modality else f"{modality}__{name}" for name in block
            ]
        return np.asarray(names, dtype=object)

    def get_metadata_routing(self) -> MetadataRequest:
        """Tell which metadata is requested: groups, where a transformer takes them.

        Returns
        -------
        MetadataRequest
        """
        requests = super().get_metadata_routing()
        if requests.fit.requests.get("groups") is True and not self._hands_over("groups"):
            requests.fit.add_request(param="groups", alias=False)
        return requests

    def _newer_attributes(self) -> dict[str, Any]:
        return {"tables_": [], "_has_tables": False, "_sparse": [], "_names_out": None}

    def _resolve(self, X: Any) -> Any:
        """Check the rows of a fit, and find modalities and their transformers."""
        self._check_transformers()
        X = as_table(X)
        kinds = kinds_of(X) if is_frame(X) and not is_plain(X) else []
        others = {i for i, kind in enumerate(kinds) if kind not in NUMERIC_KINDS}
        self._has_tables = bool(others) or has_sparse_columns(X)
        table, X = X, self._check(X, reset=True)
        self.modalities_ = resolve_modalities(table if is_frame(table) else X, self.modalities)
        self.tables_ = [
            name for name, block in self.modalities_.items() if not others.isdisjoint(block)
        ]
        if self.modalities is None and opens_tables(self.default):
            warn_of_columns_without_names(table, self.n_features_in_)
        chosen = dict(self.transformers)
        self.transformers_ = {
            name: _copy_of(chosen.get(name, self.default)) for name in self.modalities_
        }
        for name, n_tokens in resolve_tokens(self.tokens, self.modalities_, self.tables_).items():
            if self.transformers_[name] != "passthrough":
                self.transformers_[name] = PerToken(self.transformers_[name], n_tokens)
        self._sparse = [
            name
            for name, positions in self.modalities_.items()
            if takes_sparse(self.transformers_[name]) and is_mostly_zeros(X, positions)
        ]
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

    def _check(self, X: Any, reset: bool) -> Any:
        """Return a float matrix, or a frame where some columns are no numbers."""
        X = as_table(X)
        if self._has_tables:
            X = X if is_frame(X) else pd.DataFrame(X)
            validate_data(self, X, skip_check_array=True, reset=reset)
            return with_names(X, getattr(self, "feature_names_in_", None))
        return validate_data(
            self,
            numbers(X),
            accept_sparse="csr",
            dtype=FLOATS,
            ensure_all_finite=False,
            reset=reset,
        )

    def _check_groups(self, groups: Any, X: Any) -> np.ndarray | None:
        if groups is None:
            return None
        if not self._hands_over("groups"):
            raise TypeError("groups were passed, but no transformer of a modality takes them.")
        check_one_for_each_row("groups", groups, X)
        return np.asarray(groups)

    def _hands_over(self, argument: str) -> bool:
        """Tell whether any of the transformers takes an argument of `fit`."""
        transformers = [self.default, *(each for _, each in self.transformers)]
        return any(any(True for _ in takers(each, argument)) for each in transformers)

    def _fit_block(
        self, name: str, X: Any, y: Any, groups: Any, transform: bool
    ) -> np.ndarray | None:
        block, (missing, has_huge) = self._block(name, X)
        if missing.all():
            raise ValueError(
                f"Modality '{name}' is missing in all {len(missing)} rows of the fit."
            )
        transformer = self.transformers_[name]
        if transformer == "passthrough":
            return block
        present = ~missing
        y = y if y is None or present.all() else _safe_indexing(y, np.flatnonzero(present))
        rows = rows_for(transformer, block, present)
        if has_huge:
            rows = in_enough_digits(rows)
        params = {} if groups is None else handed_over(transformer, "groups", groups[present])
        with explained(name, block, missing, transformer, self._n_tokens(name)):
            if not transform and has_names_out(transformer):
                transformer.fit(rows, y, **params)
                return None
            result = dense_floats(transformer.fit_transform(rows, y, **params))
        # What it returns has to be named: say so now rather than at the first prediction.
        self._names_of(name, result.shape[1])
        return with_missing(result, missing)

    def _transform_block(self, name: str, X: Any) -> np.ndarray:
        block, (missing, has_huge) = self._block(name, X)
        transformer = self.transformers_[name]
        if transformer == "passthrough":
            return block
        if missing.all():
            dtype = block.dtype if isinstance(block, np.ndarray) else np.float32
            return np.full((len(missing), len(self._names_of(name))), np.nan, dtype=dtype)
        rows = rows_for(transformer, block, ~missing)
        with explained(name, block, missing, transformer, self._n_tokens(name)):
            return with_missing(transformed(transformer, rows, has_huge), missing)

    def _n_tokens(self, name: str) -> int:
        """Return how many tokens a transformer is told to find in its block."""
        return getattr(self.transformers_[name], "n_tokens", None) or 1

    def _names_of(self, name: str, width: int | None = None) -> np.ndarray:
        names = _check_feature_names_in(self)[self.modalities_[name]]
        return names_out(self.transformers_[name], names, name, width)

    def _block(self, name: str, X: Any) -> tuple[Any, Look]:
        """Return one modality's columns, in which rows it is missing, and if any is huge."""
        positions = self.modalities_[name]
        if isinstance(X, np.ndarray):
            return X[:, as_slice(positions)], check_finite_or_missing(X, name, positions)
        if name in self.tables_:
            block = take_columns(X, positions)
            if self.transformers_[name] == "passthrough":
                refuse_other_kinds(block)
            return block, Look(missing_rows(block), has_huge=False)
        block = sparse_block(X, positions)
        if block is None:
            block = numbers(take_columns(X, positions))
        elif name in self._sparse:
            return block, Look(np.zeros(block.shape[0], dtype=bool), has_huge=False)
        else:
            block = block.toarray()
        block = check_array(block, dtype=FLOATS, ensure_all_finite=False)
        return block, check_finite_or_missing(block, name, np.arange(block.shape[1]))

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
            isinstance(step, str) or opens_tables(step) or get_tags(step).input_tags.allow_nan
            for step in steps
        )
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _copy_of(transformer: Any) -> Any:
    """Clone a transformer, and let it give arrays whatever the global output is."""
    if isinstance(transformer, str):
        return transformer
    copy: BaseEstimator = clone(transformer)
    # A vectorizer of words has no set_output, and a pipeline of one refuses it: their results
    # are sparse, whatever is set.
    with suppress(AttributeError, ValueError):
        copy.set_output(transform="default")
    return copy

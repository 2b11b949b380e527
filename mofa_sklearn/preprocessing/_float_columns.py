"""Columns of any kind, made floats: what each becomes is decided by what it holds."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import TruncatedSVD
from sklearn.utils.validation import check_is_fitted

from .._sklearn_private import HasMethods, Interval, _check_feature_names_in, _fit_context
from .._validation import validate_data
from ..modalities._kinds import (
    DATES,
    DURATIONS,
    MIXED_KINDS,
    MIXTURE,
    NUMERIC_KINDS,
    OBJECTS,
    SEQUENCES,
    VECTORS,
    cast_column,
    kinds_of,
    missing_cells,
)
from ..modalities._numbers import floats_of, is_plain, refuse_other_kinds
from ..modalities._tables import (
    as_table,
    column_of,
    is_frame,
    label_of,
    take_columns,
    with_column,
    with_names,
)
from ._block_transformers import dense_floats
from ._token_pooling import TokenPooling
from ._vector_columns import VectorColumns

# Components of a column of text. Fewer, and skrub's groups of three and four characters, lost
# several hundredths of an NMSE of 0.30 on Chinese titles.
_TEXT_COMPONENTS = 100


class FloatColumns(TransformerMixin, BaseEstimator):
    """Make float columns of columns of any kind.

    What becomes of a column is decided in `fit` by what it holds:

    - numbers and booleans stay as they are, NaN where there is none;
    - vectors in cells become a column for each of their numbers (:class:`VectorColumns`);
    - sequences of vectors in cells become their mean (:class:`TokenPooling`);
    - text, categories, dates and durations go through a table vectorizer, skrub's by
      default: less than 40 categories become columns of 0 and 1, text and more
      categories up to 100 principal components of their groups of one to three
      characters (TF-IDF), which tell words of any language apart; dates become their
      parts and the seconds since 1970.

    A matrix of floats is returned as it is, without a copy. Of a sparse one of many
    columns, such as counts of words, principal components are taken (TruncatedSVD).

    Parameters
    ----------
    mixed : transformer, default=None
        What takes the columns that are neither numbers nor vectors, all at once, as a
        DataFrame. None makes a :class:`skrub.TableVectorizer` (``pip install
        "mofa-sklearn[tables]"``).

    n_components : int, default=128
        How many components a sparse matrix of more columns is reduced to.

    random_state : int, RandomState instance or None, default=None
        Determines what is random: components of text and of sparse matrices.

    Attributes
    ----------
    kinds_ : ndarray of str of shape (n_features_in_,), or None
        What each column held; None if all were numbers.

    vectors_ : VectorColumns or None
        What makes columns of vectors; None if there were none.

    sequences_ : TokenPooling or None
        What makes one vector of each sequence; None if there were none.

    mixed_ : transformer or None
        The fitted copy of `mixed`; None if there was no column for it.

    svd_ : TruncatedSVD or None
        What reduces a sparse matrix; None if there was none.

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns of ``X``, where all of them are strings.

    See Also
    --------
    make_mofa_pipeline : Puts one before everything else in every modality.
    skrub.TableVectorizer : What takes columns that are neither numbers nor vectors.

    Notes
    -----
    Numbers come first, then vectors, then sequences, then the rest. Tables of pandas and
    polars are handed to `mixed` as they are, those of pyarrow as pandas.

    Categories and words that were not seen in `fit` are no error: they count as none of
    those that were.

    Examples
    --------
    >>> import pandas as pd
    >>> from mofa_sklearn.preprocessing import FloatColumns
    >>> frame = pd.DataFrame({"vector": [[0.5, 1.0], [2.0, 3.0]], "known": [True, None]})
    >>> FloatColumns().fit_transform(frame)
    array([[1. , 0.5, 1. ],
           [nan, 2. , 3. ]], dtype=float32)
    """

    _parameter_constraints: dict = {
        "mixed": [HasMethods(["fit_transform", "transform"]), None],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, mixed=None, *, n_components=128, random_state=None):
        self.mixed = mixed
        self.n_components = n_components
        self.random_state = random_state

    def fit(self, X, y=None) -> FloatColumns:
        """Learn what each column holds, and how it becomes numbers.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            The columns.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets, for a transformer `mixed` that learns from them.

        Returns
        -------
        self : FloatColumns

        Raises
        ------
        ValueError
            If vectors of a column have different lengths.
        TypeError
            If a column holds other objects.
        ImportError
            If skrub is needed and not installed.
        """
        self.fit_transform(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None) -> np.ndarray:
        """Fit, and transform the same rows.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            The columns.

        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets, for a transformer `mixed` that learns from them.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            A matrix of floats in its own dtype; of a table with other kinds, float32.
        """
        X = self._check(X, reset=True)
        self.kinds_: Any = None
        self.vectors_: Any = None
        self.sequences_: Any = None
        self.mixed_: Any = None
        self.svd_: Any = None
        if sparse.issparse(X):
            return self._reduce(X)
        if not is_frame(X):
            return X
        kinds = kinds_of(X)
        if all(kind in NUMERIC_KINDS for kind in kinds):
            return floats_of(X)
        self.kinds_ = np.asarray(kinds, dtype=object)
        refuse_other_kinds(take_columns(X, self._of({OBJECTS, MIXTURE})))
        parts = []
        if len(self._numbers()):
            parts.append(floats_of(take_columns(X, self._numbers())))
        if len(self._vectors()):
            self.vectors_ = VectorColumns()
            parts.append(self.vectors_.fit_transform(take_columns(X, self._vectors())))
        if len(self._sequences()):
            self.sequences_ = TokenPooling()
            parts.append(self.sequences_.fit_transform(take_columns(X, self._sequences())))
        if len(self._others()):
            self.mixed_ = self._make_mixed(len(X))
            others = take_columns(X, self._others())
            self._dtypes = [str(dtype) for dtype in others.dtypes]
            parts.append(dense_floats(self.mixed_.fit_transform(others, y)))
        return _joined(parts)

    def transform(self, X) -> np.ndarray:
        """Make the columns floats.

        Parameters
        ----------
        X : array-like, DataFrame or Table of shape (n_samples, n_features)
            The columns of the fit.

        Returns
        -------
        ndarray of shape (n_samples, n_features_out)
            As in `fit_transform`.
        """
        check_is_fitted(self, "n_features_in_")
        X = self._check(X, reset=False)
        if self.kinds_ is None:
            if self.svd_ is not None:
                return dense_floats(self.svd_.transform(X))
            if not is_frame(X):
                return X.toarray() if sparse.issparse(X) else X
            refuse_other_kinds(X)
            return floats_of(X)
        parts = []
        if len(self._numbers()):
            numbers = take_columns(X, self._numbers())
            refuse_other_kinds(numbers)
            parts.append(floats_of(numbers))
        if self.vectors_ is not None:
            parts.append(self.vectors_.transform(take_columns(X, self._vectors())))
        if self.sequences_ is not None:
            parts.append(self.sequences_.transform(take_columns(X, self._sequences())))
        if self.mixed_ is not None:
            others = self._as_in_fit(take_columns(X, self._others()))
            parts.append(dense_floats(self.mixed_.transform(others)))
        return _joined(parts)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the float columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of ``X``; None takes those of the fit.

        Returns
        -------
        ndarray of str of shape (n_features_out,)
        """
        check_is_fitted(self, "n_features_in_")
        names = _check_feature_names_in(self, input_features)
        if self.svd_ is not None:
            return np.asarray([f"svd{i}" for i in range(self.svd_.n_components)], dtype=object)
        if self.kinds_ is None:
            return names
        parts = [names[self._numbers()]]
        if self.vectors_ is not None:
            parts.append(self.vectors_.get_feature_names_out(names[self._vectors()]))
        if self.sequences_ is not None:
            parts.append(self.sequences_.get_feature_names_out(names[self._sequences()]))
        if self.mixed_ is not None:
            parts.append(np.asarray(self.mixed_.get_feature_names_out(), dtype=object))
        return np.concatenate(parts)

    def _check(self, X: Any, reset: bool) -> Any:
        """Return a float matrix, or a frame whose columns need more than a conversion."""
        X = as_table(X)
        had_kinds = not reset and self.kinds_ is not None
        if had_kinds and not is_frame(X):
            X = pd.DataFrame(X)
        if is_frame(X) and (had_kinds or not is_plain(X)):
            validate_data(self, X, skip_check_array=True, reset=reset)
            return with_names(X, getattr(self, "feature_names_in_", None))
        return validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype=[np.float32, np.float64],
            ensure_all_finite=False,
            reset=reset,
        )

    def _reduce(self, X: Any) -> np.ndarray:
        """Make a sparse matrix dense, of fewer columns where it has many."""
        if X.shape[1] <= self.n_components:
            return X.toarray()
        n_components = min(self.n_components, X.shape[0])
        self.svd_ = TruncatedSVD(n_components, random_state=self.random_state)
        return dense_floats(self.svd_.set_output(transform="default").fit_transform(X))

    def _numbers(self) -> np.ndarray:
        return self._of(NUMERIC_KINDS)

    def _vectors(self) -> np.ndarray:
        return self._of({VECTORS})

    def _sequences(self) -> np.ndarray:
        return self._of({SEQUENCES})

    def _others(self) -> np.ndarray:
        return self._of(MIXED_KINDS)

    def _of(self, wanted: Iterable[str]) -> np.ndarray:
        """Return the positions of columns that held one of these kinds in fit."""
        return np.flatnonzero(np.isin(self.kinds_, list(wanted)))

    def _make_mixed(self, n_rows: int) -> Any:
        if self.mixed is not None:
            return clone(self.mixed)
        return make_table_vectorizer(n_rows, self.random_state)

    def _as_in_fit(self, frame: Any) -> Any:
        """Give the columns for `mixed_` the kind of the fit where new rows do not show it.

        Where no new row has a value, a column may come as one of numbers, and so may text
        that reads as a number.
        """
        kinds = self.kinds_[self._others()]
        for position, (before, now) in enumerate(zip(kinds, kinds_of(frame), strict=True)):
            if now in NUMERIC_KINDS or now == MIXTURE:
                column = column_of(frame, position)
                if before in (DATES, DURATIONS) and not missing_cells(column).all():
                    raise ValueError(
                        f"Column {label_of(frame, position)!r} holds {now}, but held {before} "
                        "in fit."
                    )
                name = label_of(frame, position)
                frame = with_column(
                    frame, name, cast_column(column, before, self._dtypes[position])
                )
        return frame

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.sparse = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def make_table_vectorizer(n_rows: int, random_state: Any = None) -> Any:
    """Make skrub's TableVectorizer, to take what was not seen in fit without a warning.

    Parameters
    ----------
    n_rows : int
        How many rows it is to be fitted on: text has fewer components than that.
    random_state : int, RandomState instance or None, default=None
        Determines the components of text.

    Returns
    -------
    skrub.TableVectorizer

    Raises
    ------
    ImportError
        If skrub is not installed.
    """
    try:
        from skrub import StringEncoder, TableVectorizer
    except ImportError as error:
        raise ImportError(
            "Columns of text, categories or dates become numbers through skrub, which is not "
            'installed: pip install "mofa-sklearn[tables]". Or name another transformer: '
            "mofa_sklearn.preprocessing.FloatColumns(mixed=...)."
        ) from error
    from sklearn.preprocessing import OneHotEncoder

    return TableVectorizer(
        low_cardinality=OneHotEncoder(
            sparse_output=False, dtype=np.float32, handle_unknown="ignore"
        ),
        # Single characters and pairs are words of Chinese and Japanese.
        high_cardinality=StringEncoder(
            n_components=max(1, min(_TEXT_COMPONENTS, n_rows - 1)),
            ngram_range=(1, 3),
            analyzer="char",
            random_state=random_state,
        ),
    )


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    """Lay the parts side by side, as float32."""
    with np.errstate(over="ignore"):  # infinity is for the next step to refuse
        return np.concatenate([part.astype(np.float32, copy=False) for part in parts], axis=1)

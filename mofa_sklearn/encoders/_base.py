"""What all encoders share: from a column of raw cells to a matrix of vectors."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.decomposition import PCA
from sklearn.utils.validation import check_is_fitted, validate_data

from .._sklearn_private import Interval, StrOptions, _check_feature_names_in, _fit_context
from ..training.devices import resolve_device
from ._cells import Cells, Encoding
from ._columns import Column, column_of
from ._find_model import FoundModel, find_model
from ._functions import FunctionModel, refuse_ignored
from ._identity import identity_of
from ._loading import Model, load_once, torch_dtype
from ._vectors import fill_rows, flatten, normalized, reduced

# Part of what vectors are remembered by: a higher number makes all of them new.
_FORMAT = 1


class BaseEncoder(TransformerMixin, BaseEstimator, ABC):
    """Turns each cell of a column into a vector, and remembers the vectors."""

    #: So that skrub hands each column of a table to an encoder of its own.
    __single_column_transformer__ = True

    #: The fewest dimensions of a cell that is an array.
    _cell_ndim: ClassVar[int] = 0

    #: The organization on the hub that names without a slash belong to.
    _short_names_of: ClassVar[str | None] = None

    #: Parameters that a function in place of a model does not see, and what asks for nothing.
    _unseen_by_functions: ClassVar[dict[str, tuple]] = {
        "dtype": ("float32",),
        "device": ("auto", "cpu"),
        "cache_folder": (None,),
        "local_files_only": (False,),
    }

    #: Whether more tokens than `n_tokens` are merged; else the first ones are kept.
    _merges_tokens: ClassVar[bool] = True

    _parameter_constraints: dict = {
        "model_name": [str, os.PathLike, callable],
        "pooling": [StrOptions({"auto", "mean", "cls", "max", "none"})],
        "normalize": ["boolean"],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "device": [str],
        "dtype": [StrOptions({"auto", "float32", "bfloat16", "float16"})],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "cache_folder": [str, os.PathLike, None],
        "memory": [str, os.PathLike, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "on_error": [StrOptions({"raise", "missing"})],
        "n_tokens": [Interval(Integral, 1, None, closed="left"), None],
        "revision": [str, None],
        "local_files_only": ["boolean"],
    }

    def fit(self, X, y=None):
        """Load the model, encode the cells, and learn what depends on them.

        Parameters
        ----------
        X : Series, one-column DataFrame, ndarray or list of shape (n_samples,)
            One column of raw cells.

        y : None
            Not used.

        Returns
        -------
        self : encoder
            The fitted encoder.

        Raises
        ------
        ModelNotFoundError
            If the model is nowhere to be found.

        UnreadableCellError
            If a cell cannot be read, and `on_error` is "raise".

        ValueError
            If `X` is not one column, if all its cells are missing, if there are fewer of them
            than components, or if an argument would be ignored.
        """
        self.fit_transform(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y=None) -> np.ndarray:
        """Fit, and return the vectors of the same cells.

        Parameters
        ----------
        X : Series, one-column DataFrame, ndarray or list of shape (n_samples,)
            One column of raw cells.

        y : None
            Not used.

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_features_out)
            NaN throughout where a cell is missing.
        """
        self._check_arguments()
        column = self._column(X, reset=True)
        self._model: Model | None = None
        found = self._find_model()
        self.revision_ = found.revision
        encoding = self._encode(column, found)
        if not encoding.vectors:
            raise ValueError(
                f"{type(self).__name__}: all {len(column.cells)} cells of the column are missing."
            )
        return self._learn(encoding)

    def transform(self, X) -> np.ndarray:
        """Return the vectors of cells.

        Parameters
        ----------
        X : Series, one-column DataFrame, ndarray or list of shape (n_samples,)
            One column of raw cells.

        Returns
        -------
        ndarray of float32 of shape (n_samples, n_features_out)
            NaN throughout where a cell is missing.

        Raises
        ------
        ModelNotFoundError
            If the encoder comes from a file, and its model is nowhere to be found.

        UnreadableCellError
            If a cell cannot be read, and `on_error` is "raise".

        ValueError
            If `X` is not one column, or if the model is not that of the fit any more.
        """
        check_is_fitted(self, "n_components_")
        column = self._column(X, reset=False)
        return self._matrix(self._encode(column, self._find_model()))

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the name of the column with a number: ``plot_000``, ``plot_001``, ...

        Parameters
        ----------
        input_features : array-like of str of shape (1,), default=None
            Name of the column; None takes that of the fit, or "x0".

        Returns
        -------
        ndarray of str of shape (n_features_out,)
        """
        check_is_fitted(self, "n_components_")
        name = _check_feature_names_in(self, input_features)[0]
        n_columns = self._n_features_out
        n_digits = len(str(n_columns - 1))
        return np.asarray([f"{name}_{i:0{n_digits}}" for i in range(n_columns)], dtype=object)

    @property
    def _n_features_out(self) -> int:
        return self.n_components_ * (self.n_tokens_ or 1)

    def _check_arguments(self) -> None:
        if self.n_tokens is not None and self.pooling != "none":
            raise ValueError(
                f"n_tokens={self.n_tokens} would be ignored: tokens are kept with pooling='none' "
                f"only; got pooling={self.pooling!r}."
            )
        if callable(self.model_name):
            refuse_ignored(self, self._unseen_by_functions)

    def _column(self, X: Any, reset: bool) -> Column:
        column = column_of(X, type(self).__name__, cell_ndim=self._cell_ndim)
        validate_data(self, column.checked, skip_check_array=True, reset=reset)
        return column

    def _find_model(self) -> FoundModel:
        """Say where the model is, and which one it is, without loading it."""
        if callable(self.model_name):
            revision = self.revision
            if revision is None and self.memory is not None:
                revision = identity_of(self.model_name)
            return FoundModel(None, getattr(self.model_name, "__qualname__", "function"), revision)
        fitted = getattr(self, "revision_", None)
        found = find_model(
            self.model_name,
            # Of the hub, the very commit of the fit.
            revision=self.revision if fitted is None else fitted,
            cache_folder=self.cache_folder,
            local_files_only=self.local_files_only,
            short_names_of=self._short_names_of,
        )
        if fitted not in (None, found.revision):
            raise ValueError(
                f"{found.folder} holds another model than at the fit of this "
                f"{type(self).__name__}: its files have changed. Fit again."
            )
        return found

    def _settings(self, found: FoundModel) -> str:
        """Say all that a vector depends on besides its cell."""
        settings = {
            "format": _FORMAT,
            "encoder": type(self).__name__,
            "model": found.name,
            "revision": found.revision,
            "pooling": self.pooling,
            "dtype": self._resolved_dtype(),
            "n_tokens": self.n_tokens if self._merges_tokens else None,
            **self._own_settings(),
        }
        return json.dumps(settings, sort_keys=True)

    def _encode(self, column: Column, found: FoundModel) -> Encoding:
        cells = Cells(
            column,
            kind=type(self).__name__,
            digest=self._digest,
            read=(lambda cell: cell) if callable(self.model_name) else self._read,
            length=self._length,
            on_error=self.on_error,
            n_tokens=self.n_tokens if self._merges_tokens else None,
        )
        return cells.encode(
            lambda: self._loaded(found),
            memory=self.memory,
            settings=self._settings(found) if self.memory is not None else "",
            batch_size=self.batch_size,
            verbose=self.verbose,
        )

    def _loaded(self, found: FoundModel) -> Model:
        """Return the model, loaded when it is first needed."""
        model = getattr(self, "_model", None)
        if model is None:
            if callable(self.model_name):
                model = FunctionModel(self.model_name, self.pooling)
            else:
                key = (found.folder, self._settings(found), self.device)
                model = load_once(key, lambda: self._load(found))
            self._model = model
        return model

    def _learn(self, encoding: Encoding) -> np.ndarray:
        """Learn widths and components from the vectors of the fit, and return its matrix."""
        some = next(iter(encoding.vectors.values()))
        self.width_ = some.shape[-1]
        self.n_tokens_: int | None = None
        if some.ndim == 2:
            longest = max(len(tokens) for tokens in encoding.vectors.values())
            self.n_tokens_ = longest if self.n_tokens is None else self.n_tokens
        self.n_components_ = self.n_components or self.width_
        self.pca_: PCA | None = None
        rows = self._rows(encoding)
        if self.n_components is not None:
            self._fit_pca(flatten(rows))
        return self._finish(rows, encoding)

    def _fit_pca(self, rows: np.ndarray) -> None:
        n_rows, width = rows.shape
        if self.n_components > min(n_rows, width):
            raise ValueError(
                f"n_components={self.n_components} is more than {n_rows} vectors of width {width} "
                f"have; {min(n_rows, width)} is the most."
            )
        self.pca_ = PCA(self.n_components, random_state=self.random_state)
        with np.errstate(invalid="ignore"):  # the share of a variance that is zero
            self.pca_.set_output(transform="default").fit(rows)

    def _matrix(self, encoding: Encoding) -> np.ndarray:
        for vector in encoding.vectors.values():
            if vector.shape[-1] != self.width_:
                raise ValueError(
                    f"The model gives vectors of width {vector.shape[-1]}, but gave "
                    f"{self.width_} when this {type(self).__name__} was fitted."
                )
        return self._finish(self._rows(encoding), encoding)

    def _rows(self, encoding: Encoding) -> list[np.ndarray]:
        """Return the vectors of the cells that are there, row by row, normalized if asked for."""
        vectors = encoding.vectors
        if self.n_tokens_ is not None:
            vectors = {cell: tokens[: self.n_tokens_] for cell, tokens in vectors.items()}
        if self.normalize:
            vectors = {cell: normalized(vector) for cell, vector in vectors.items()}
        return [vectors[cell] for cell in encoding.cells if cell is not None]

    def _finish(self, rows: list[np.ndarray], encoding: Encoding) -> np.ndarray:
        if self.pca_ is not None:
            rows = reduced(rows, self.pca_)
        present = np.asarray([cell is not None for cell in encoding.cells])
        return fill_rows(rows, present, self.n_tokens_, self.n_components_)

    @abstractmethod
    def _digest(self, cell: Any, of_file: Any) -> bytes:
        """Return a digest of a cell's content; raise what reading it raises."""

    @abstractmethod
    def _read(self, cell: Any) -> Any:
        """Return what the model takes of a cell."""

    @abstractmethod
    def _load(self, found: FoundModel) -> Model:
        """Load the model."""

    def _length(self, cell: Any) -> int:
        """Return how long a cell is: those of about the same length go together."""
        return 0

    def _own_settings(self) -> dict[str, Any]:
        """Return what else determines a vector of this kind of encoder."""
        return {}

    def _resolved_dtype(self) -> str:
        return str(torch_dtype(self.dtype, resolve_device(self.device))).removeprefix("torch.")

    def __getstate__(self):
        """Leave the model's weights out of copies and files."""
        state = super().__getstate__().copy()
        state.pop("_model", None)
        if isinstance(self.model_name, os.PathLike):  # which files without pickles do not hold
            state["model_name"] = os.fspath(self.model_name)
        return state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.string = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = []
        return tags

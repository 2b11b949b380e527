"""A transformer of one token, for blocks of many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from ._block_transformers import dense_floats, names_out
from ._token_cells import cells_of
from ._token_pooling import TokenPooling

# Tokens that a transformer learns from, at most: more would not change a scale or a component,
# and all tokens of 600 videos of 1,568 are 3 GB, of which steps make copies.
_MAX_FIT_TOKENS = 20_000
# Values that are transformed at a time.
_CHUNK_VALUES = 2**24


class PerToken(TransformerMixin, BaseEstimator):
    """Let a transformer see one token a row.

    A block is `n_tokens` vectors one after the other, NaN throughout where a token is not
    there. The transformer learns from the tokens that are there, 20,000 of them at most,
    evenly spread, and transforms each by itself; tokens that are not there stay NaN.

    Parameters
    ----------
    transformer : transformer
        Copied.
    n_tokens : int
        Number of tokens of a block.

    Attributes
    ----------
    transformer_ : transformer
        The fitted one.
    """

    def __init__(self, transformer, n_tokens):
        self.transformer = transformer
        self.n_tokens = n_tokens

    def fit(self, X, y=None) -> PerToken:
        """Fit the transformer.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_tokens * width), or one column of cells
            The block; cells hold a sequence of vectors each.
        y : array-like of shape (n_samples,) or (n_samples, n_targets), default=None
            Targets: a token's are those of its row.

        Returns
        -------
        self : PerToken
        """
        X = self._check(X, reset=True)
        rows, tokens = self._sample(X)
        self.transformer_ = clone(self.transformer)
        self.transformer_.fit(tokens, None if y is None else np.asarray(y)[rows])
        self._width_out = dense_floats(self.transformer_.transform(tokens[:1])).shape[1]
        self._names_of_a_token()  # an error now rather than at the first prediction
        return self

    def transform(self, X) -> np.ndarray:
        """Transform every token.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_tokens * width), or one column of cells
            The block.

        Returns
        -------
        ndarray of shape (n_samples, n_tokens * width_out)
        """
        check_is_fitted(self, "transformer_")
        X = self._check(X, reset=False)
        result = np.full((len(X) * self.n_tokens, self._width_out), np.nan, dtype=X.dtype)
        for start, tokens, present in self._chunks(X):
            if present.any():
                first = start * self.n_tokens
                transformed = dense_floats(self.transformer_.transform(tokens[present]))
                result[first : first + len(tokens)][present] = transformed
        return result.reshape(len(X), -1)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return ``t<token>__<name>``, with the names that the transformer gives.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Not used: the columns of a token are counted.

        Returns
        -------
        ndarray of str of shape (n_tokens * width_out,)
        """
        check_is_fitted(self, "transformer_")
        digits = len(str(self.n_tokens - 1))
        names = [
            f"t{token:0{digits}}__{name}"
            for token in range(self.n_tokens)
            for name in self._names_of_a_token()
        ]
        return np.asarray(names, dtype=object)

    def _names_of_a_token(self) -> list[str]:
        counted = np.asarray([str(i) for i in range(self._width)], dtype=object)
        return list(names_out(self.transformer_, counted, "of a token", self._width_out))

    def _check(self, X: Any, reset: bool) -> np.ndarray:
        """Return a float block; sequences in cells are padded to one."""
        cells = cells_of(X)
        if cells is None:
            dtypes = [np.float32, np.float64]
            X = validate_data(self, X, dtype=dtypes, ensure_all_finite="allow-nan", reset=reset)
        else:
            validate_data(self, cells, skip_check_array=True, reset=reset)
            if reset:
                self._padding = TokenPooling("none", n_tokens=self.n_tokens).fit(cells)
            X = self._padding.transform(cells)
        if reset:
            self._width = X.shape[1] // self.n_tokens
        return X

    def _chunks(self, X: np.ndarray) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield the first row, the tokens, and which are there, of some rows at a time."""
        n_rows = max(1, _CHUNK_VALUES // X.shape[1])
        for start in range(0, len(X), n_rows):
            tokens = X[start : start + n_rows].reshape(-1, self._width)
            yield start, tokens, ~np.isnan(tokens).all(axis=1)

    def _sample(self, X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return tokens to learn from, and their rows."""
        present = np.concatenate([there for _, _, there in self._chunks(X)])
        chosen = np.flatnonzero(present)
        if len(chosen) > _MAX_FIT_TOKENS:
            chosen = chosen[np.linspace(0, len(chosen) - 1, _MAX_FIT_TOKENS).astype(int)]
        is_chosen = np.zeros(len(present), dtype=bool)
        is_chosen[chosen] = True
        parts = []
        for start, tokens, _ in self._chunks(X):
            first = start * self.n_tokens
            parts.append(tokens[is_chosen[first : first + len(tokens)]])
        return chosen // self.n_tokens, np.concatenate(parts)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

"""What retrieval of similar training rows is, whatever is predicted from them."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state

from .._repr._html import ShowsModalities
from .._requests import RequestsItsArguments
from .._sklearn_private import Interval
from .._validation import validate_data
from ..modalities import resolve_modalities
from ..modalities._missing import check_blocks
from ..modalities._numbers import numbers
from ..modalities._range import in_enough_digits, is_huge, quiet_range
from ..preprocessing import RetrievalAugmenter
from ..preprocessing._cross_fitting import cross_fitting_folds
from ._columns import components, filled, mean_and_scale, project

_MAX_SEED = np.iinfo(np.int32).max
_N_FOLDS = 5
# With fewer rows there is nobody to learn from.
_MIN_ROWS = 10


class BaseRetrieval(ShowsModalities, RequestsItsArguments, BaseEstimator):
    """Base class of what predicts from the targets of the most similar training rows."""

    # An ensemble may fit several at a time, in threads, with one BLAS thread each.
    _fits_well_on_one_thread = True

    _parameter_constraints: dict = {
        "modalities": [dict, callable, None],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "standardize": ["boolean"],
        "max_samples": [Interval(Integral, _MIN_ROWS, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        modalities=None,
        *,
        n_neighbors=20,
        n_components=32,
        temperature=1.0,
        standardize=True,
        max_samples=20_000,
        random_state=None,
    ):
        self.modalities = modalities
        self.n_neighbors = n_neighbors
        self.n_components = n_components
        self.temperature = temperature
        self.standardize = standardize
        self.max_samples = max_samples
        self.random_state = random_state

    def _remember(
        self, X: np.ndarray, columns: Any, targets: np.ndarray, groups: Any
    ) -> tuple[np.ndarray, np.ndarray, Any, int]:
        """Remember the rows, and retrieve for each of them from rows of other folds.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_features)
            Checked rows.
        columns : ndarray or DataFrame
            The same, with the columns' names if they have any.
        targets : ndarray of shape (n_samples, n_targets)
            What is retrieved.
        groups : array-like of shape (n_samples,) or None
            Each row's group.

        Returns
        -------
        evidence : ndarray of shape (n_kept, n_evidence)
            What each row's neighbours tell.
        kept : ndarray of int of shape (n_kept,)
            The rows that are remembered.
        groups : ndarray of shape (n_kept,) or None
            Their groups.
        seed : int
            For what learns from it.
        """
        blocks = resolve_modalities(columns, self.modalities)
        check_blocks(X, blocks)
        self.modalities_ = blocks
        random_state = check_random_state(self.random_state)
        self._learn_columns(X, int(random_state.randint(_MAX_SEED)))
        seed = int(random_state.randint(_MAX_SEED))
        kept = np.arange(len(X))
        if len(X) > self.max_samples:
            kept = np.sort(random_state.permutation(len(X))[: self.max_samples])
            X, targets = X[kept], targets[kept]
            groups = None if groups is None else np.asarray(groups)[kept]
        self.augmenter_ = self._make_augmenter(X, groups, seed)
        if self.augmenter_ is None:
            return np.zeros((len(X), 1)), kept, groups, seed
        evidence = self.augmenter_.fit_transform(self._reduced(X), targets, groups=groups)
        self.augmenter_.cv = len(self.augmenter_.cv)  # the rows of the folds are of no use now
        return evidence, kept, groups, seed

    def _retrieve(self, X: Any) -> np.ndarray:
        """Return what the neighbours of new rows tell, (n_samples, n_evidence)."""
        return self._retrieve_together([self], X)[0]

    @staticmethod
    def _retrieve_together(estimators: Sequence[BaseRetrieval], X: Any) -> list[np.ndarray]:
        """Retrieve with clones fitted on other rows; the new ones are checked once for all."""
        first = estimators[0]
        with quiet_range():
            X = validate_data(
                first, numbers(X), reset=False, dtype=np.float32, ensure_all_finite=False
            )
        check_blocks(X, first.modalities_)
        known = [(each.augmenter_, each) for each in estimators if each.augmenter_ is not None]
        evidence = iter(
            RetrievalAugmenter._transform_together(
                [augmenter for augmenter, _ in known], [each._reduced(X) for _, each in known]
            )
        )
        nothing = np.zeros((len(X), 1))
        return [nothing if each.augmenter_ is None else next(evidence) for each in estimators]

    def _learn_columns(self, X: np.ndarray, seed: int) -> None:
        """Learn means, scales and components."""
        blocks = list(self.modalities_.values())
        self._mean, self._scale = mean_and_scale(X, np.ones(len(X)))
        if not self.standardize:
            self._scale = np.ones_like(self._scale)
        self._directions, _ = components(
            in_enough_digits(filled(X, self._mean)),
            blocks,
            self.n_components,
            self._mean,
            self._scale,
            seed,
        )
        self._widths = [min(len(block), self.n_components) for block in blocks]

    def _reduced(self, X: np.ndarray) -> np.ndarray:
        """Return the components of rows, in the order of the modalities."""
        # What lacks counts as its mean. Left out, it would be evidence of its own, as far
        # away as can be, which a fit on complete rows has never met.
        reduced = project(filled(X, self._mean), self._directions, self._mean, self._scale)
        # A retrieval of huge values takes float64.
        return reduced if is_huge(reduced) else reduced.astype(np.float32)

    def _make_augmenter(self, X: np.ndarray, groups: Any, seed: int) -> RetrievalAugmenter | None:
        """Ask for no more neighbours than there are in the folds of the cross-fitting."""
        n_folds = _N_FOLDS if groups is None else min(_N_FOLDS, len(np.unique(groups)))
        if n_folds < 2 or len(X) < _MIN_ROWS:
            return None
        splits = list(cross_fitting_folds(n_folds, len(X), groups, seed))
        return RetrievalAugmenter(
            dict(zip(self.modalities_, self._widths, strict=True)),
            n_neighbors=min(self.n_neighbors, *(len(train) for train, _ in splits)),
            temperature=self.temperature,
            joint=len(self.modalities_) > 1,
            passthrough=False,
            cv=splits,
            random_state=seed,
        )

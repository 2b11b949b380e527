"""Evidence from the most similar training rows, cross-fitted."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from .._lengths import check_one_for_each_row
from .._repr._html import ShowsModalities
from .._requests import RequestsItsArguments
from .._sklearn_private import Interval, StrOptions, _check_feature_names_in, _fit_context
from .._validation import validate_data
from ..modalities import resolve_modalities
from ..modalities._missing import check_blocks
from ..modalities._names import modality_of
from ..modalities._numbers import numbers
from ..modalities._positions import as_slice, first_few
from ..modalities._range import is_huge
from ..modalities._tables import column_names
from ._cross_fitting import cross_fitting_folds
from ._memory import DISTANCES, JOINT, Memory, Targets, is_missing, retrieve_few

#: The modality that the retrieved columns form.
RETRIEVAL = "retrieval"
# Up to so many rows, several augmenters take less time together than one by one.
_FEW_ROWS = 8
_MAX_SEED = np.iinfo(np.int32).max


class RetrievalAugmenter(TransformerMixin, ShowsModalities, RequestsItsArguments, BaseEstimator):
    """Add what the most similar training rows tell about the targets.

    For each modality, and by all of them at once, the `n_neighbors` most similar training
    rows are retrieved. They are attended over, the nearer the more, and their targets are
    the evidence ([1]_): a column for each target, and two that tell how far the neighbours
    are. The new columns form one modality more, ``"retrieval"``.

    ``fit_transform(X, y)`` does not equal ``fit(X, y).transform(X)``: it is cross-fitted
    as :class:`sklearn.preprocessing.TargetEncoder` is. A training row's neighbours are
    looked for among the rows of other folds, so that no row sees its own target, nor, if
    `groups` are passed, those of its group. `transform` uses all training rows, and is for
    new ones.

    Distances are taken as they are: standardise the columns first.

    Parameters
    ----------
    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`.

    n_neighbors : int, default=20
        Number of rows to retrieve, for each modality.

    metric : {"euclidean", "cosine"}, default="euclidean"
        With ``"cosine"``, blocks are scaled to norm one in every row: two rows are
        ``sqrt(2 - 2 * cosine)`` apart.

    temperature : float, default=1.0
        How evenly to attend. A neighbour's weight is its distance to the power
        ``-1 / temperature``: 1 is the inverse distance, 0.5 the inverse square; a large
        temperature weights all neighbours the same.

    joint : bool, default=True
        Whether to retrieve also by all modalities at once, where there are several, under
        the name ``"joint"``. Each counts the same there, whatever its width.

    include_distances : bool, default=True
        Whether to add the distances. They help trees and linear models; a network that
        has few rows does better without.

    passthrough : bool, default=True
        Whether to keep the columns of ``X``, before the new ones. With False, only the
        new ones are returned.

    cv : int, splitter or iterable, default=5
        Folds of the cross-fitting. An int makes shuffled folds, which keep groups
        together if `groups` are passed. Every row has to be held out once.

    algorithm : {"brute", "approximate"}, default="brute"
        ``"brute"`` compares with every training row, a chunk of rows at a time.
        ``"approximate"`` searches an HNSW graph ([2]_), for some hundred thousand rows
        and more; it needs the package `voyager`.

    n_jobs : int or None, default=None
        Number of threads of the search. The result does not depend on it.

    random_state : int, RandomState instance or None, default=None
        Shuffles the folds, and seeds the approximate search.

    Attributes
    ----------
    modalities_ : dict of str to ndarray of int
        Column positions of every modality.

    memories_ : dict of str to object
        For each modality, and ``"joint"``, its training rows in float32 (huge values in
        float64), and their index.

    targets_ : ndarray of shape (n_samples, n_targets)
        The training targets.

    target_names_ : list of str of length n_targets
        Their names in the new columns: those of a DataFrame or Series, else
        ``target0``, ``target1``, ...

    n_features_in_ : int
        Number of columns of ``X``.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, where all of them are strings.

    See Also
    --------
    sklearn.preprocessing.TargetEncoder : Does this for categories.
    sklearn.neighbors.KNeighborsRegressor : Predicts from neighbours alone.

    Notes
    -----
    The weights are a softmax of ``-log(distance / typical distance + 0.001) / temperature``,
    where the typical distance is learned in `fit`, so that they do not depend on the
    data's units. Retrieved targets are in standard deviations from the mean of the
    training targets, and a distance d is given as ``log(1 + d / typical distance)``: 0 is
    an equal row, 0.7 a usual one.

    Where a row's block is NaN throughout, the modality is missing. Such training rows are
    no neighbours in this modality, and neither jointly; such new ones get the targets'
    mean, which is 0, and the largest distance met in `fit`.

    A fitted augmenter necessarily holds the training rows (in float32) and targets. Whoever
    gets it, gets them.

    References
    ----------
    .. [1] Zhong, T., Lang, J., Zhang, Y., Cheng, Z., Zhang, K., Zhou, F. (2024).
       Predicting micro-video popularity via multi-modal retrieval augmentation. SIGIR.
    .. [2] Malkov, Y., Yashunin, D. (2020). Efficient and robust approximate nearest
       neighbor search using hierarchical navigable small world graphs. IEEE TPAMI 42(4).

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.preprocessing import RetrievalAugmenter
    >>> widths = {"image": 4, "text": 3}
    >>> X, y = make_micro_videos(200, modalities=widths, n_targets=2, random_state=0)
    >>> augment = RetrievalAugmenter(widths, random_state=0)
    >>> augment.fit_transform(X, y).shape  # 7, and (2 modalities + joint) x (2 targets + 2)
    (200, 19)
    >>> augment.get_feature_names_out()[7:11].tolist()
    ['retrieval__image_target0', 'retrieval__image_target1',
     'retrieval__image_nearest_distance', 'retrieval__image_mean_distance']
    >>> neighbours = RetrievalAugmenter(widths, passthrough=False, random_state=0)
    >>> make_pipeline(neighbours, Ridge()).fit(X[:150], y[:150]).predict(X[150:]).shape
    (50, 2)
    """

    # Files of version 0.1 have none.
    _target_mean: np.ndarray | None = None
    _target_std: np.ndarray | None = None

    _parameter_constraints: dict = {
        "modalities": [dict, callable, None],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "metric": [StrOptions({"euclidean", "cosine"})],
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "joint": ["boolean"],
        "include_distances": ["boolean"],
        "passthrough": ["boolean"],
        "cv": ["cv_object"],
        "algorithm": [StrOptions({"brute", "approximate"})],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        modalities=None,
        *,
        n_neighbors=20,
        metric="euclidean",
        temperature=1.0,
        joint=True,
        include_distances=True,
        passthrough=True,
        cv=5,
        algorithm="brute",
        n_jobs=None,
        random_state=None,
    ):
        self.modalities = modalities
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.temperature = temperature
        self.joint = joint
        self.include_distances = include_distances
        self.passthrough = passthrough
        self.cv = cv
        self.algorithm = algorithm
        self.n_jobs = n_jobs
        self.random_state = random_state

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, groups=None) -> RetrievalAugmenter:
        """Remember the training rows and their targets.

        To transform the training rows as well, take `fit_transform`: `transform` would
        retrieve every row itself, and with it its own target.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            All modalities side by side.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets: numbers.

        groups : array-like of shape (n_samples,), default=None
            Used by `fit_transform` only.

        Returns
        -------
        self : RetrievalAugmenter

        Raises
        ------
        ValueError
            If blocks do not fit `X`, hold infinity, or are NaN in part, or if fewer than
            `n_neighbors` rows have a modality.
        """
        check_consistent_length(X, y)
        check_one_for_each_row("groups", groups, X)
        self._remember_all(X, y)
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit_transform(self, X, y, groups=None):
        """Fit, and transform the same rows without their own targets.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            All modalities side by side.

        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Targets: numbers.

        groups : array-like of shape (n_samples,), default=None
            Rows of a group, of one creator say, are not retrieved for each other.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features_out)
            As `set_output` says.

        Raises
        ------
        ValueError
            As `fit` does, and if the folds do not hold out every row once, if they have
            rows of a group on both sides, or if less than `n_neighbors` rows of the other
            folds have a modality.
        """
        check_consistent_length(X, y)
        check_one_for_each_row("groups", groups, X)
        X, spaces, seed = self._remember_all(X, y)
        splits = list(cross_fitting_folds(self.cv, len(X), groups, seed))
        blocks = []
        for name, space in spaces.items():
            block = np.empty((len(X), self.targets_.shape[1] + len(DISTANCES)))
            for train, test in splits:
                memory = self._remember(name, space[train], seed, " of the other folds")
                memory.calibrate_as(self.memories_[name])
                block[test] = memory.retrieve(space[test], Targets(self.targets_[train]))
            blocks.append(block)
        return self._join(X, blocks)

    def transform(self, X):
        """Retrieve from all training rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_samples, n_features)
            New rows, all modalities side by side.

        Returns
        -------
        ndarray or DataFrame of shape (n_samples, n_features_out)
            As `set_output` says.
        """
        check_is_fitted(self)
        X = self._check(X, reset=False)
        check_blocks(X, self.modalities_)
        return self._transform_checked(X)

    def _transform_checked(self, X: np.ndarray) -> np.ndarray:
        """Retrieve for rows that need no check, as an array."""
        targets = self._targets()
        blocks = [
            self.memories_[name].retrieve(space, targets)
            for name, space in self._all_spaces(X).items()
        ]
        return self._join(X, blocks)

    @staticmethod
    def _transform_together(
        augmenters: Sequence[RetrievalAugmenter], rows: Sequence[np.ndarray]
    ) -> list[np.ndarray]:
        """Let clones fitted on other rows retrieve for the same new rows, each in its columns."""
        pairs = list(zip(augmenters, rows, strict=True))
        if len(pairs) < 2:
            return [augmenter._transform_checked(X) for augmenter, X in pairs]
        alike = len({tuple(X.shape) for X in rows}) == 1
        if not alike or len(rows[0]) > _FEW_ROWS or np.isnan(rows).any():
            return [augmenter._transform_checked(X) for augmenter, X in pairs]
        spaces = [augmenter._all_spaces(X) for augmenter, X in pairs]
        targets = [augmenter._targets() for augmenter in augmenters]
        memories = [augmenter.memories_ for augmenter in augmenters]
        blocks = retrieve_few(memories, spaces, targets).values()
        return [
            augmenter._join(X, [block[i] for block in blocks])
            for i, (augmenter, X) in enumerate(pairs)
        ]

    def _all_spaces(self, X: np.ndarray) -> dict[str, np.ndarray]:
        spaces = self._spaces(X)
        if JOINT in self.memories_:
            spaces[JOINT] = self._joint_space(spaces)
        return spaces

    def _targets(self) -> Targets:
        return Targets(self.targets_, self._target_mean, self._target_std)

    def get_feature_names_out(self, input_features=None) -> np.ndarray:
        """Return the names of the columns: those of `X`, then the retrieved ones.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the columns of ``X``; None takes those of the fit.

        Returns
        -------
        ndarray of str of shape (n_features_out,)
            A column of `X` that does not tell its modality is called
            ``<modality>__<name>``; the others are ``retrieval__<modality>_<target>``.
        """
        check_is_fitted(self)
        names = _check_feature_names_in(self, input_features).astype(object)
        for modality, positions in self.modalities_.items():
            for i in positions:
                if modality_of(names[i]) != modality:
                    names[i] = f"{modality}__{names[i]}"
        columns = [*self.target_names_, *(DISTANCES if self.include_distances else ())]
        retrieved = [
            f"{RETRIEVAL}__{modality}_{column}"
            for modality in self.memories_
            for column in columns
        ]
        return np.asarray([*(names if self.passthrough else ()), *retrieved], dtype=object)

    def _remember_all(self, X: Any, y: Any) -> tuple[np.ndarray, dict[str, np.ndarray], int]:
        """Fit; return the checked rows, every modality's space, and a seed."""
        self.target_names_ = _target_names(y)
        names_from = X = numbers(X)
        X, y = self._check(X, y, reset=True)
        self.targets_ = y.reshape(len(y), -1).astype(np.float64)
        targets = Targets(self.targets_)
        self._target_mean, self._target_std = targets.mean, targets.scale
        if not self.target_names_:
            self.target_names_ = [f"target{i}" for i in range(self.targets_.shape[1])]
        source = names_from if hasattr(names_from, "columns") else X
        self.modalities_ = resolve_modalities(source, self.modalities)
        self._check_names()
        check_blocks(X, self.modalities_)
        seed = int(check_random_state(self.random_state).randint(_MAX_SEED))
        spaces = self._spaces(X)
        self.memories_ = {
            name: self._remember(name, space, seed).calibrate(space)
            for name, space in spaces.items()
        }
        if self.joint and len(spaces) > 1:
            spaces[JOINT] = joint = self._joint_space(spaces)
            self.memories_[JOINT] = self._remember(JOINT, joint, seed).calibrate(joint)
        return X, spaces, seed

    def _check(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
        target = {} if isinstance(y, str) else {"multi_output": True, "y_numeric": True}
        return validate_data(
            self,
            numbers(X),
            y,
            dtype=[np.float32, np.float64],
            ensure_all_finite=False,
            reset=reset,
            **target,
        )

    def _check_names(self) -> None:
        for name, option in ((RETRIEVAL, "passthrough"), (JOINT, "joint")):
            if getattr(self, option) and name in self.modalities_:
                raise ValueError(
                    f"X has a modality called '{name}', the name of what is added to it: give "
                    f"it another name in modalities=, or pass {option}=False."
                )

    def _spaces(self, X: np.ndarray) -> dict[str, np.ndarray]:
        """Return every modality's block as points to measure distances between."""
        return {name: self._space(name, X[:, as_slice(i)]) for name, i in self.modalities_.items()}

    def _space(self, name: str, block: np.ndarray) -> np.ndarray:
        # float32 is the only type of the approximate search's graph.
        in_float64 = self.algorithm == "brute" and is_huge(block)
        dtype: Any = np.float64 if in_float64 else np.float32
        with np.errstate(over="ignore"):
            space = np.ascontiguousarray(block, dtype=dtype)
            squares = np.einsum("ij,ij->i", space, space)
            overflow = np.isinf(8 * squares)  # of two rows' squared distance, with a margin
        if overflow.any():
            raise ValueError(
                f"Modality '{name}' holds values too large to measure distances in "
                f"{dtype.__name__} (rows {first_few(np.flatnonzero(overflow).tolist())}): "
                "standardise it first (sklearn.preprocessing.StandardScaler)."
            )
        if self.metric == "cosine":
            norms = np.sqrt(squares)
            norms[norms == 0] = 1
            space = np.divide(space, norms[:, np.newaxis], dtype=np.float32)
        return space

    def _joint_space(self, spaces: dict[str, np.ndarray]) -> np.ndarray:
        """Lay the blocks side by side, in units of their typical distances."""
        return np.hstack(
            [
                space / np.float32(self.memories_[name].typical_distance)
                for name, space in spaces.items()
            ]
        )

    def _remember(self, name: str, space: np.ndarray, seed: int, where: str = "") -> Memory:
        n_present = int((~is_missing(space)).sum())
        if n_present < self.n_neighbors:
            what = "all modalities: pass joint=False," if name == JOINT else f"modality '{name}':"
            raise ValueError(
                f"n_neighbors={self.n_neighbors}, but only {n_present} training rows{where} "
                f"(n_samples={len(space)}) have {what} take fewer neighbours, or more rows."
            )
        return Memory(space, self.n_neighbors, self.temperature, self.algorithm, seed, self.n_jobs)

    def _join(self, X: np.ndarray, blocks: list[np.ndarray]) -> np.ndarray:
        n_kept = self.targets_.shape[1] + len(DISTANCES) * self.include_distances
        retrieved = [block[:, :n_kept].astype(X.dtype, copy=False) for block in blocks]
        return np.hstack([X, *retrieved] if self.passthrough else retrieved)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _target_names(y: Any) -> list[str]:
    """Return the names of the targets, none where there are none."""
    names = column_names(y)
    if names is None and isinstance(getattr(y, "name", None), str):
        names = [y.name]
    return names or []

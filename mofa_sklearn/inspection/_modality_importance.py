"""How much an estimator's predictions owe to each modality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.metrics import check_scoring
from sklearn.utils import Bunch, check_consistent_length, check_random_state
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from .._lengths import check_one_for_each_row
from .._sklearn_private import HasMethods, Interval, _check_sample_weight, validate_params
from .._validation import check_array
from ..ensemble._target_names import target_names_of
from ..metrics import normalized_mean_squared_error
from ..modalities import resolve_modalities
from ..modalities._resolve import Modalities
from ..modalities._tables import as_table, is_frame
from ._held_out import check_same_rows
from ._permutation import missing_blocks, take
from ._permuted_prediction import (
    Part,
    exchange,
    exchanged_rows,
    parts_of,
    predict_parts,
    that_count,
)
from ._targets import check_names
from ._unwrap import as_learned, modalities_of, refuse_class


@validate_params(
    {
        "estimator": [HasMethods(["predict"])],
        "modalities": [dict, callable, None],
        "scoring": [str, callable, None],
        "n_repeats": [Interval(Integral, 1, None, closed="left")],
        "groups": ["array-like", None],
        "held_out": ["boolean"],
        "sample_weight": ["array-like", None],
        "target_names": [list, tuple, None],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def modality_importance(
    estimator: BaseEstimator,
    X: Any,
    y: Any,
    *,
    modalities: Modalities = None,
    scoring: Any = None,
    n_repeats: int = 5,
    groups: Any = None,
    held_out: bool = False,
    sample_weight: Any = None,
    target_names: Sequence[str] | None = None,
    n_jobs: int | None = None,
    random_state: Any = None,
) -> Bunch:
    """Measure how much worse the predictions become without what a modality tells.

    The rows exchange their blocks of one modality at random, all columns together, and are
    predicted again: the rise of the normalised mean squared error (NMSE) is the modality's
    importance ([1]_). 0 means that the predictions are as good without it. Nothing is fitted
    again.

    Parameters
    ----------
    estimator : regressor or classifier
        A fitted estimator or pipeline of any kind; what it takes as input is permuted.

    X : array-like or DataFrame of shape (n_samples, n_features)
        Rows that the estimator did not learn from. On rows that it learned from, a modality
        that is nothing but noise has an importance, too: that of being memorised.

    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Their true targets. The errors of a pipeline with a `target_transform` are those on
        the scale that it learned.

    modalities : dict, callable or None, default=None
        Which columns of ``X`` form which modality, see
        :func:`mofa_sklearn.modalities.resolve_modalities`. None: the estimator's own
        ``modalities_``, else the column names tell.

    scoring : str, callable or None, default=None
        What the importance is a fall of: the name of a scorer, or a scorer. None: the NMSE
        (which rises) for regressors, the accuracy for classifiers.

    n_repeats : int, default=5
        How often the blocks of each modality are exchanged.

    groups : array-like of shape (n_samples,), default=None
        Groups of rows whose blocks resemble each other: the creator of each video. Every row
        then gets the block of a row of another group, see Notes.

    held_out : bool, default=False
        Whether the members of a :class:`mofa_sklearn.KFoldEnsembleRegressor` (the estimator,
        or what it ends in) predict only rows that they did not learn from. `X` and `y` are
        then the rows of the fit, in their order. Blocks are exchanged within each fold.

    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the rows in the score. Rows of weight zero are left out: no other row gets
        their blocks.

    target_names : list of str, default=None
        One name per target. None: the column names of ``y``, where it has some, else
        ``target 0`` and so on.

    n_jobs : int or None, default=None
        Number of predictions that are made at a time. The result does not depend on it.

    random_state : int, RandomState instance or None, default=None
        Determines the exchanges.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes:

        modalities : list of str, of length n_modalities
            Names of the modalities, in the order of the arrays.
        importances : ndarray of shape (n_modalities, n_repeats)
            The rise of the NMSE (mean over targets), or the fall of the score.
        importances_mean, importances_std : ndarray of shape (n_modalities,)
            Mean and standard deviation over the repeats.
        baseline : float
            The NMSE (mean over targets), or the score, with all blocks in place.
        metric : str
            What was measured: ``"NMSE"``, or the name of the scorer.
        target_names : list of str, of length n_targets
            Empty with a `scoring`, which gives one value for all targets.
        target_importances : ndarray of shape (n_targets, n_modalities, n_repeats)
            The rise of each target's NMSE.
        target_baselines : ndarray of shape (n_targets,)
            The NMSE of each target with all blocks in place.
        frame : DataFrame of shape (n_modalities, 2) or (n_modalities, 2 + 2 * n_targets)
            A row for each modality: ``importance`` and ``std``, and with several targets
            ``importance_<target>`` and ``std_<target>`` for each.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    TypeError
        If ``held_out=True`` and there is no K-fold ensemble of regressors.
    ValueError
        If nothing tells the modalities, there are fewer than two rows or groups, or
        ``held_out=True`` meets other rows than those of the fit, or a `scoring`.

    See Also
    --------
    ModalityImportanceDisplay : A picture of it.
    sklearn.inspection.permutation_importance : The same for single columns.

    Notes
    -----
    **Size.** A block that adds a part of its own to the predictions, well fitted, has
    twice the share of the target's variance that this part explains: once for the part that is
    missing, once for that of another row in its place. So values above 1 are possible.

    **What it tells.** What these predictions lose, not what a model without the modality
    would: that one would learn to use the others instead. Two modalities that tell the same
    share their importance. An exchanged row is a combination of blocks that may not occur.

    **Error bars.** The standard deviation over repeats says how much the exchange matters, not
    how much the rows do: other rows give other values. A modality that tells nothing comes out
    at 0 up to a few of these standard deviations, on either side.

    **Missing modalities.** A block that is missing (NaN throughout) is exchanged like any
    other. A row with no other modality gets, in place of a missing block, one drawn at random
    from the rows that have it.

    **Groups.** Videos of one creator resemble each other, so that an exchange between them
    changes little, and understates what a modality tells. With `groups` in random order round
    a circle, blocks move on by a random number of rows that is at least the size of the
    largest group. So all blocks are used once, none stays in its group, and the rows of a
    group mostly get blocks of one other group: repeats differ as much as groups do. Rows of a
    group that is more than half of all get blocks drawn at random from the others where need
    be.

    References
    ----------
    .. [1] Breiman, "Random Forests", Machine Learning 45(1), 2001. Of blocks of columns:
       Gregorutti, Michel and Saint-Pierre, "Grouped variable importance with random forests
       and application to multiple functional data analysis", Computational Statistics & Data
       Analysis 90, 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from mofa_sklearn.inspection import modality_importance
    >>> X = np.random.default_rng(0).normal(size=(300, 6))
    >>> y = X[:, 0] + 0.5 * X[:, 2]
    >>> model = Ridge().fit(X[:200], y[:200])
    >>> widths = {"image": 2, "text": 2, "sound": 2}
    >>> result = modality_importance(
    ...     model, X[200:], y[200:], modalities=widths, random_state=0
    ... )
    >>> result.frame["importance"].sort_values(ascending=False).index.tolist()
    ['image', 'text', 'sound']
    """
    refuse_class(estimator)
    check_is_fitted(estimator)
    names = target_names_of(y) if target_names is None else target_names
    estimator, y = as_learned(estimator, y)
    check_one_for_each_row("sample_weight", sample_weight, X)
    X, y, sample_weight = _check_rows(X, y, sample_weight)
    check_one_for_each_row("groups", groups, X)
    counted = np.ones(len(X), bool) if sample_weight is None else sample_weight != 0
    if sample_weight is not None and not held_out and 0 < counted.sum() < len(X):
        # Nor may a row that counts get their blocks.
        X = take(X, rows=np.flatnonzero(counted))
        y, sample_weight = y[counted], sample_weight[counted]
        groups = None if groups is None else np.asarray(groups)[counted]
    codes = _check_groups(groups, X)
    blocks = _find_blocks(estimator, X, modalities)
    measure = _choose_measure(estimator, scoring, held_out, names, np.shape(y))
    parts = parts_of(estimator, len(X), held_out)
    if held_out:
        check_same_rows(estimator, predict_parts(estimator, X, parts))
        parts = that_count(parts, counted)
    rng = check_random_state(random_state)
    missing = missing_blocks(X, blocks)
    # Drawn before anything runs, so that n_jobs does not matter.
    exchanges = [
        (exchange(parts, rng, missing, modality, codes), positions)
        for modality, positions in enumerate(blocks.values())
        for _ in range(n_repeats)
    ]
    scores = np.array(
        Parallel(n_jobs=n_jobs)(
            delayed(_measure)(measure, estimator, X, y, sample_weight, *exchanged)
            for exchanged in [(parts, None), *exchanges]
        )
    )  # (1 + n_modalities * n_repeats, n_values)
    return _result(list(blocks), measure, scores[0], scores[1:], n_repeats)


@dataclass(frozen=True)
class _Measure:
    """What is measured: the NMSE of named targets, or a scorer's value."""

    name: str
    target_names: list[str]
    scorer: Any = None


def _check_rows(X: Any, y: Any, sample_weight: Any) -> tuple[Any, np.ndarray, np.ndarray | None]:
    """Check the shapes; what values are allowed is for the estimator to say."""
    X = as_table(X)
    if not is_frame(X):
        X = check_array(X, dtype=None, ensure_all_finite=False)
    y = np.asarray(y)
    check_consistent_length(X, y, sample_weight)
    if len(X) < 2:
        raise ValueError(f"Blocks are exchanged between rows, but X has {len(X)} row(s).")
    if sample_weight is not None:
        sample_weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
    return X, y, sample_weight


def _check_groups(groups: Any, X: Any) -> np.ndarray | None:
    """Return the number of each row's group."""
    if groups is None:
        return None
    names, codes = np.unique(np.asarray(groups), return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            "Blocks are exchanged between groups, but groups holds one group only; pass "
            "groups=None to exchange them between all rows."
        )
    return codes


def _find_blocks(
    estimator: BaseEstimator, X: Any, modalities: Modalities
) -> dict[str, np.ndarray]:
    if modalities is not None:
        return resolve_modalities(X, modalities)
    blocks = modalities_of(estimator, X)
    n_known = sum(map(len, blocks.values()))
    if n_known != X.shape[1]:
        raise ValueError(
            f"X has {X.shape[1]} features, but the modalities of {type(estimator).__name__} have "
            f"{n_known} columns."
        )
    return blocks


def _choose_measure(
    estimator: BaseEstimator, scoring: Any, held_out: bool, names: Any, shape: tuple[int, ...]
) -> _Measure:
    if scoring is None and not is_classifier(estimator):
        return _Measure("NMSE", check_names(names, shape))
    if held_out:
        raise ValueError(
            "held_out=True measures the NMSE of regressors alone; pass rows that the estimator "
            "did not learn from, with held_out=False."
        )
    scorer = check_scoring(estimator, scoring=scoring)
    if scoring is None:
        return _Measure("accuracy", [], scorer)
    name = scoring if isinstance(scoring, str) else getattr(scoring, "__name__", None)
    if name is None:
        function = getattr(scoring, "_score_func", None)
        name = getattr(function, "__name__", "score").replace("_", " ")
    return _Measure(name, [], scorer)


def _measure(
    measure: _Measure,
    estimator: BaseEstimator,
    X: Any,
    y: np.ndarray,
    sample_weight: np.ndarray | None,
    parts: list[Part],
    positions: np.ndarray | None = None,
) -> np.ndarray:
    """Return the NMSE of each target, or the one value of a scorer."""
    if measure.scorer is not None:
        (whole,) = parts
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        score = measure.scorer(estimator, exchanged_rows(X, whole, positions), y, **weight)
        return np.array([score])
    prediction = predict_parts(estimator, X, parts, positions)
    known = ~np.isnan(prediction).any(axis=1)  # rows that a member held out
    return np.asarray(
        normalized_mean_squared_error(
            y.reshape(len(y), -1)[known],
            prediction[known],
            sample_weight=None if sample_weight is None else sample_weight[known],
            multioutput="raw_values",
        )
    )


def _result(
    modalities: list[str],
    measure: _Measure,
    baselines: np.ndarray,
    scores: np.ndarray,
    n_repeats: int,
) -> Bunch:
    """Put together what is returned.

    `baselines` is (n_values,), `scores` (n_modalities * n_repeats, n_values): a value for each
    target, or one.
    """
    falls = (scores - baselines) if measure.scorer is None else (baselines - scores)
    by_target = np.moveaxis(falls.reshape(len(modalities), n_repeats, -1), -1, 0)
    importances = by_target.mean(axis=0)
    named = {"": importances}
    if len(measure.target_names) > 1:
        named |= dict(zip([f"_{name}" for name in measure.target_names], by_target, strict=True))
    frame = {}
    for name, values in named.items():
        frame[f"importance{name}"] = values.mean(axis=1)
        frame[f"std{name}"] = values.std(axis=1)
    is_nmse = measure.scorer is None
    return Bunch(
        modalities=modalities,
        importances=importances,
        importances_mean=importances.mean(axis=1),
        importances_std=importances.std(axis=1),
        baseline=float(baselines.mean()),
        metric=measure.name,
        target_names=measure.target_names,
        target_importances=by_target if is_nmse else by_target[:0],
        target_baselines=baselines if is_nmse else baselines[:0],
        frame=pd.DataFrame(frame, index=pd.Index(modalities, name="modality")),
    )

"""Several estimators on the same folds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from joblib import effective_n_jobs
from sklearn.base import BaseEstimator, is_classifier
from sklearn.metrics import check_scoring
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed
from tqdm.auto import tqdm

from .._lengths import check_one_for_each_row
from .._sklearn_private import StrOptions, validate_params
from ..metrics import _check_target_names
from ._columns import ERROR, KEYS, SCORER_PREFIX, SECONDS
from ._folds import FoldTask, nmse_columns
from ._report import print_report
from ._splits import split


@validate_params(
    {
        "estimators": [Mapping, list],
        "cv": ["cv_object"],
        "groups": ["array-like", None],
        "scoring": [str, callable, list, tuple, set, dict, None],
        "target_names": [list, tuple, None],
        "params": [Mapping, None],
        "pass_groups": ["boolean"],
        "reference": [str, None],
        "n_jobs": [Integral, None],
        "error_score": [StrOptions({"raise"}), Real],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def compare(
    estimators: Mapping[str, BaseEstimator] | Sequence[tuple[str, BaseEstimator]],
    X: Any,
    y: Any,
    *,
    cv: Any = 5,
    groups: Any = None,
    scoring: Any = None,
    target_names: Sequence[str] | None = None,
    params: Mapping[str, Any] | None = None,
    pass_groups: bool = True,
    reference: str | None = None,
    n_jobs: int | None = None,
    error_score: float | str = np.nan,
    verbose: int = 1,
    random_state: Any = None,
) -> pd.DataFrame:
    """Cross-validate several estimators on the same folds, and rank them.

    A clone of every estimator is fitted on the training rows of every fold and scored on
    the rows held out. An estimator that fails is a row with its error; the others go on.

    Parameters
    ----------
    estimators : dict of str to estimator, or list of (str, estimator)
        Regressors, classifiers, pipelines or searches, by a name of your choice. They
        are cloned, and stay as they are.

    X : array-like, DataFrame or sparse matrix of shape (n_samples, n_features)
        The features; estimators get rows of it as they are.

    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        The targets.

    cv : int, splitter or iterable of (train, test), default=5
        The folds, the same for all. An int shuffles the rows into that many folds; it
        keeps the rows of a group together if there are `groups`, and the shares of the
        classes alike for classifiers.

    groups : array-like of shape (n_samples,), default=None
        Groups of rows that must not be on both sides of a split: videos of one creator,
        say. For the splitter, and see `pass_groups`.

    scoring : str, callable, list, tuple, set or dict, default=None
        As :func:`~sklearn.model_selection.cross_validate` takes it. None: the normalised
        mean squared error (1 - R^2), its mean over the targets and of each target.

    target_names : list of str of length n_targets, default=None
        Names of the targets for the columns of ``scoring=None``. None: the columns of a
        DataFrame, else their positions.

    params : dict, default=None
        More arguments of the estimators' `fit`; those of n_samples rows are cut to the
        fold. In a pipeline they go to its last step, unless their name says which
        (``step__argument``). With metadata routing enabled they are handed over as they
        are.

    pass_groups : bool, default=True
        Whether estimators whose `fit` takes `groups` get those of their training rows,
        for folds of their own: K-fold ensembles and searches, and such steps of
        pipelines. With metadata routing enabled, those that request them.

    reference : str, default=None
        Name of the estimator that the printed tests compare the others with. None: the
        best one. With ``verbose=0``, which prints none, it is an error.

    n_jobs : int or None, default=None
        Number of fits at a time, in processes of their own; -1 takes all processors.
        Fits that run side by side slow each other down, which shows in their seconds.

    error_score : float or "raise", default=nan
        What stands in the metric columns where an estimator failed. ``"raise"`` raises
        its error, with the traceback.

    verbose : int, default=1
        Above 0, a progress bar is shown, and at the end the leaderboard and the tests
        are printed.

    random_state : int, RandomState instance or None, default=None
        Determines the shuffling of an int `cv`; the estimators have their own.

    Returns
    -------
    DataFrame
        A row for each estimator and fold (tidy), with the columns:

        - ``estimator``, ``fold``, ``n_train``, ``n_test``: the name, the number of the
          fold from 0 on, and the numbers of its rows;
        - the metrics: ``nmse`` and, with several targets, ``nmse_<target>``, where lower
          is better; or, with `scoring`, ``test_score`` or ``test_<name>``, where higher
          is better, as always for scorers;
        - ``fit_seconds``, ``predict_seconds``: wall-clock time of `fit` on the training
          rows and of `predict` on the test rows;
        - ``error``: type and message of an error, missing where there was none.

        :func:`leaderboard` and :func:`paired_tests` take it.

    Raises
    ------
    TypeError
        If an entry is no estimator.
    ValueError
        If a name occurs twice or `reference` is none of them; if there is no entry, or a
        classifier but no `scoring`; if there is no such `scoring`; if the lengths of `X`,
        `y` and `groups` differ.

    See Also
    --------
    sklearn.model_selection.cross_validate : One estimator.

    Notes
    -----
    An interrupt (Ctrl-C) goes up at once.

    Examples
    --------
    >>> from sklearn.dummy import DummyRegressor
    >>> from sklearn.linear_model import Ridge
    >>> from mofa_sklearn import KFoldEnsembleRegressor
    >>> from mofa_sklearn.datasets import make_micro_videos
    >>> from mofa_sklearn.evaluation import compare, leaderboard
    >>> data = make_micro_videos(
    ...     200, modalities={"image": 8}, n_creators=40, return_bunch=True, random_state=0
    ... )
    >>> models = {
    ...     "mean": DummyRegressor(),
    ...     "ridge": Ridge(),
    ...     "ridges": KFoldEnsembleRegressor(Ridge(), cv=3, random_state=0),
    ... }
    >>> scores = compare(
    ...     models, data.data, data.target, groups=data.creator_ids,
    ...     target_names=data.target_names, verbose=0, random_state=0,
    ... )
    >>> scores.shape
    (15, 11)
    >>> scores.columns[4:8].tolist()
    ['nmse', 'nmse_views', 'nmse_likes', 'nmse_comments']
    >>> leaderboard(scores)["n_folds"].tolist()
    [5, 5, 5]
    """
    entries = _check_entries(estimators, reference)
    classifier = any(is_classifier(estimator) for _, estimator in entries)
    if scoring is None and classifier:
        raise ValueError("scoring=None is the NMSE of regressors: pass scoring= for classifiers.")
    if scoring is not None:
        check_scoring(entries[0][1], scoring=scoring)
    if reference is not None and int(verbose) <= 0:
        raise ValueError(
            "reference would be ignored with verbose=0: it is for the tests that are printed. "
            "paired_tests takes one."
        )
    check_one_for_each_row("groups", groups, X, y)
    X, y, groups = indexable(X, y, groups)
    names = _check_names(y, target_names, scoring)
    splits = split(5 if cv is None else cv, X, y, groups, classifier, random_state)
    task = FoldTask(
        X,
        y,
        groups if pass_groups else None,
        params,
        scoring,
        names,
        raises=error_score == "raise",
    )
    jobs = [
        (name, estimator, fold, train, test)
        for name, estimator in entries
        for fold, (train, test) in enumerate(splits)
    ]
    rows = list(_progress(_run(task, jobs, n_jobs), jobs, verbose))
    scores = _to_table(rows, _declared_metrics(scoring, names), error_score)
    if int(verbose) > 0:
        print_report(scores, reference)
    return scores


def _check_entries(estimators: Any, reference: str | None) -> list[tuple[str, BaseEstimator]]:
    entries = list(estimators.items() if isinstance(estimators, Mapping) else estimators)
    if not entries:
        raise ValueError("estimators is empty: there is nothing to compare.")
    for entry in entries:
        if not (isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str)):
            raise TypeError(
                f"estimators must be a dict of name -> estimator or a list of (name, estimator), "
                f"got the entry {entry!r}."
            )
        name, estimator = entry
        if isinstance(estimator, type) or not all(
            hasattr(estimator, method) for method in ("fit", "predict", "get_params")
        ):
            raise TypeError(
                f"{name!r} must be an estimator with fit and predict, got {estimator!r} in "
                "estimators."
            )
    names = [name for name, _ in entries]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"The names of estimators must differ, got more than once: {repeated}.")
    if reference is not None and reference not in names:
        raise ValueError(f"reference must be one of {names}, got {reference!r}.")
    return entries


def _check_names(y: Any, target_names: Sequence[str] | None, scoring: Any) -> list[str]:
    """Return the names of the targets; none if there is only one, or scorers name them."""
    if scoring is not None:
        if target_names is not None:
            raise ValueError(
                "target_names are for scoring=None; scorers have names of their own, see "
                "mofa_sklearn.metrics.make_target_scorers."
            )
        return []
    shape = np.shape(y)
    n_targets = shape[1] if len(shape) > 1 else 1
    if target_names is None:
        target_names = [str(name) for name in getattr(y, "columns", range(n_targets))]
    target_names = _check_target_names(target_names)
    if len(target_names) != n_targets:
        raise ValueError(
            f"target_names has {len(target_names)} name(s), but y has {n_targets} target(s)."
        )
    return target_names if n_targets > 1 else []


def _run(task: FoldTask, jobs: list[tuple], n_jobs: int | None) -> Iterator[dict[str, Any]]:
    """Yield the rows in the order of the jobs, each as soon as it is there."""
    if effective_n_jobs(n_jobs) == 1:
        yield from (task(*job) for job in jobs)
    else:
        parallel = Parallel(n_jobs=n_jobs, return_as="generator")
        yield from parallel(delayed(task)(*job) for job in jobs)


def _progress(
    rows: Iterator[dict[str, Any]], jobs: list[tuple], verbose: int
) -> Iterator[dict[str, Any]]:
    with tqdm(total=len(jobs), unit="fit", desc="compare", disable=int(verbose) <= 0) as bar:
        bar.set_postfix_str(jobs[0][0])
        for done, row in enumerate(rows, start=1):
            bar.update()
            bar.set_postfix_str(jobs[done][0] if done < len(jobs) else "")
            yield row


def _declared_metrics(scoring: Any, target_names: Sequence[str]) -> list[str]:
    """Return the columns that are known without a single score."""
    if scoring is None:
        return nmse_columns(target_names)
    if isinstance(scoring, Iterable) and not isinstance(scoring, str):
        return [f"{SCORER_PREFIX}{name}" for name in scoring]
    return []


def _to_table(
    rows: list[dict[str, Any]], declared: list[str], error_score: float | str
) -> pd.DataFrame:
    found = [name for row in rows for name in row if name.startswith(SCORER_PREFIX)]
    metrics = list(dict.fromkeys([*declared, *found])) or [f"{SCORER_PREFIX}score"]
    scores = pd.DataFrame(rows, columns=[*KEYS, *metrics, *SECONDS, ERROR])
    scores[[*metrics, *SECONDS]] = scores[[*metrics, *SECONDS]].astype(float)
    scores[ERROR] = scores[ERROR].astype(object).where(scores[ERROR].notna(), None)
    if error_score != "raise":
        scores.loc[scores[ERROR].notna(), metrics] = error_score
    return scores

"""What the K-fold ensembles share: splits, metadata, members, out-of-fold rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from numbers import Integral
from os import PathLike
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted, has_fit_parameter, validate_data
from tqdm.auto import tqdm

from .._repr._completion import CompletesWhatIsThere
from .._repr._html import ensemble_block
from .._repr._short import ShortRepr
from .._requests import RequestsItsArguments
from .._sklearn_private import HasMethods, StrOptions, _check_sample_weight
from ..modalities._lazy_input import refuse_lazy
from ._attention import AveragesAttention
from ._checkpoint import Checkpoint, fingerprint_of
from ._cluster import fit_on_cluster, on_cluster
from ._members import Fold, Member, MemberTask, fit_members, trains_stacked
from ._validation_sets import last_step

_MAX_SEED = np.iinfo(np.int32).max


class BaseKFoldEnsemble(
    AveragesAttention,
    ShortRepr,
    CompletesWhatIsThere,
    RequestsItsArguments,
    MetaEstimatorMixin,
    BaseEstimator,
):
    """Base class of ensembles with one member for each split of a cross-validation."""

    _task_type = MemberTask

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "cv": ["cv_object"],
        "validation": [StrOptions({"fold", "inner"})],
        "n_jobs": [Integral, None],
        "engine": [StrOptions({"auto", "joblib", "stacked"})],
        "checkpoint": [str, PathLike, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimator=None,
        *,
        cv=10,
        validation="fold",
        n_jobs=None,
        engine="auto",
        checkpoint=None,
        verbose=0,
        random_state=None,
    ):
        self.estimator = estimator
        self.cv = cv
        self.validation = validation
        self.n_jobs = n_jobs
        self.engine = engine
        self.checkpoint = checkpoint
        self.verbose = verbose
        self.random_state = random_state

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell which metadata this ensemble and its parts ask for.

        Returns
        -------
        MetadataRouter
            `sample_weight` and `groups` are the ensemble's own; the members' `fit`
            and the splitter's `split` get what they request.
        """
        return (
            MetadataRouter(owner=self.__class__.__name__)
            .add_self_request(self)
            .add(
                estimator=self._member_template(),
                method_mapping=MethodMapping().add(caller="fit", callee="fit"),
            )
            .add(
                splitter=check_cv(self.cv),
                method_mapping=MethodMapping().add(caller="fit", callee="split"),
            )
        )

    def _fit_members(
        self, X: Any, y: np.ndarray, sample_weight: Any, groups: Any, params: dict[str, Any]
    ) -> tuple[MemberTask, list[Fold], list[Member]]:
        """Fit one member on each split; set ``estimators_``.

        What was fitted comes back with the members, for more to be fitted alike.
        """
        X, y, groups = indexable(X, y, groups)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(
                sample_weight, y, dtype=np.float64, ensure_non_negative=True
            )
        template = self._member_template()
        fit_params, split_params = self._route(template, sample_weight, groups, params)
        checkpoint = None if self.checkpoint is None else Checkpoint(self.checkpoint)
        seed = self._root_seed(checkpoint)
        folds = self._split(X, y, groups, split_params, seed)
        task = self._task_type(
            template,
            X,
            y,
            fit_params,
            sample_weight,
            hand_over=self.validation == "fold",
            method=self._prediction_method,
        )
        if checkpoint is not None:
            splits = [(fold.train, fold.test) for fold in folds]
            parts = {"X": X, "y": y, "splits": splits, "fit_params": fit_params}
            parts |= {"validation": self.validation, "engine": self.engine == "stacked"}
            checkpoint.open(seed, fingerprint_of(template, **parts))
        with self._told_as_of_a_fold(task, len(folds)):
            members = list(self._progress(self._run(task, folds, checkpoint), len(folds)))
        self.estimators_ = [member.estimator for member in members]
        return task, folds, members

    @contextmanager
    def _told_as_of_a_fold(self, task: MemberTask, n_folds: int) -> Iterator[None]:
        """Add to a member's error that the rows it counts are not those that the user passed."""
        try:
            yield
        except ValueError as error:
            in_place = task.fits_in_place() and not trains_stacked(task, self.engine)
            if "rows" in str(error) and not in_place:
                error.add_note(
                    f"(From one of {n_folds} folds: rows are counted within that fold.)"
                )
            raise

    def _run(
        self, task: MemberTask, folds: Sequence[Fold], checkpoint: Checkpoint | None
    ) -> Iterator[Member]:
        """Yield the members in the folds' order, stored ones from their files."""
        if checkpoint is None:
            yield from self._fit_missing(task, folds, None)
            return
        stored = [checkpoint.load(fold.index) for fold in folds]
        missing = [fold for fold in folds if stored[fold.index] is None]
        if missing and self.engine == "stacked":  # a smaller stack rounds otherwise
            stored, missing = [None] * len(folds), list(folds)
        fitted = self._fit_missing(task, missing, checkpoint)
        for member in stored:
            yield next(fitted) if member is None else member

    def _fit_missing(
        self, task: MemberTask, folds: Sequence[Fold], checkpoint: Checkpoint | None
    ) -> Iterator[Member]:
        """Fit members as the engine says, and store each as soon as it is there."""
        if not folds:
            return
        # Members that are stored one by one must not depend on which are still missing.
        resumes = checkpoint is not None and self.engine == "auto"
        if resumes or not trains_stacked(task, self.engine):
            if on_cluster():
                store = None if checkpoint is None else checkpoint.save
                yield from fit_on_cluster(task, folds, store)
                return
            fit = task.fit if checkpoint is None else _FitAndSave(task, checkpoint)
            yield from fit_members(fit, folds, task.estimator, self.n_jobs)
            return
        members = task.fit_stacked(folds)
        if checkpoint is not None:
            for fold, member in zip(folds, members, strict=True):
                checkpoint.save(fold.index, member)
        yield from members

    def _member_template(self) -> BaseEstimator:
        """Return what members are clones of."""
        return self._default_estimator() if self.estimator is None else self.estimator

    def _root_seed(self, checkpoint: Checkpoint | None) -> int:
        """Return the one number that splits and members are drawn from."""
        stored = None if checkpoint is None else checkpoint.stored_seed()
        if stored is not None and self.random_state is None:
            return stored
        seed = int(check_random_state(self.random_state).randint(_MAX_SEED))
        if stored is not None and seed != stored:
            raise ValueError(
                f"The checkpoint folder '{self.checkpoint}' belongs to another fit: random_state "
                "differs. Use another folder, or delete this one."
            )
        return seed

    def _split(
        self, X: Any, y: np.ndarray, groups: Any, split_params: dict[str, Any], seed: int
    ) -> list[Fold]:
        """Split the rows, and give every fold a seed."""
        random_state = np.random.RandomState(seed)
        cv = self._splitter(y, groups, int(random_state.randint(_MAX_SEED)))
        splits = list(cv.split(X, y, **split_params))
        if not splits:
            raise ValueError(f"cv={self.cv!r} has no split: an ensemble needs at least one.")
        seeds = random_state.randint(_MAX_SEED, size=len(splits)).tolist()
        return [
            Fold(index, _as_positions(train), _as_positions(test), member_seed)
            for index, ((train, test), member_seed) in enumerate(zip(splits, seeds, strict=True))
        ]

    def _splitter(self, y: np.ndarray, groups: Any, seed: int):
        """Return the splitter: an int shuffles, and keeps groups or classes together."""
        if not isinstance(self.cv, Integral):
            return check_cv(self.cv, y, classifier=is_classifier(self))
        if groups is not None:
            return GroupKFold(self.cv, shuffle=True, random_state=seed)
        kind = StratifiedKFold if is_classifier(self) else KFold
        return kind(self.cv, shuffle=True, random_state=seed)

    def _route(
        self, template: BaseEstimator, sample_weight: Any, groups: Any, params: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Divide the metadata between the members' `fit` and the splitter's `split`."""
        if get_config()["enable_metadata_routing"]:
            given = {"sample_weight": sample_weight, "groups": groups, **params}
            given = {key: value for key, value in given.items() if value is not None}
            if isinstance(self.cv, Integral):
                # The grouped splitter made from an int is the ensemble's own.
                given.pop("groups", None)
            routed = process_routing(self, "fit", **given)
            split_params = dict(routed.splitter.split)
            if isinstance(self.cv, Integral) and groups is not None:
                split_params["groups"] = groups
            return dict(routed.estimator.fit), split_params
        fit_params = dict(params)
        if sample_weight is not None:
            fit_params[_sample_weight_name(template)] = sample_weight
        return fit_params, {} if groups is None else {"groups": groups}

    def _progress(self, members: Iterator[Member], n_members: int) -> Iterator[Member]:
        if int(self.verbose) <= 0:
            return members
        return tqdm(members, total=n_members, unit="member", desc="K-fold ensemble")

    def _member_predictions(self, X: Any, method: str) -> np.ndarray:
        """Return what every member predicts, of shape (n_members, n_samples, ...)."""
        check_is_fitted(self, "estimators_")
        refuse_lazy(X, method)
        if getattr(X, "ndim", 2) == 2:  # what is no matrix is refused by the members
            validate_data(self, X=X, skip_check_array=True, reset=False)
        kinds = {type(member) for member in self.estimators_}
        together = getattr(kinds.pop(), "_predict_stacked", None) if len(kinds) == 1 else None
        if together is not None and method == "predict":
            return together(self.estimators_, X)
        return np.stack([getattr(member, method)(X) for member in self.estimators_])

    def _sk_visual_block_(self):
        if hasattr(self, "estimators_"):
            return ensemble_block(self.estimators_[0], len(self.estimators_))
        return ensemble_block(self._member_template(), None)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        template = self._member_template()
        if hasattr(template, "__sklearn_tags__"):
            inner = template.__sklearn_tags__()
            tags.input_tags.allow_nan = inner.input_tags.allow_nan
            tags.input_tags.sparse = inner.input_tags.sparse
            tags.target_tags.multi_output = inner.target_tags.multi_output
            tags.target_tags.positive_only = inner.target_tags.positive_only
        return tags


class _FitAndSave:
    """Fit a member and store it before anything else happens."""

    def __init__(self, task: MemberTask, checkpoint: Checkpoint) -> None:
        self.task = task
        self.checkpoint = checkpoint

    def __call__(self, fold: Fold) -> Member:
        member = self.task.fit(fold)
        self.checkpoint.save(fold.index, member)
        return member


def _as_positions(rows: Any) -> np.ndarray:
    """Return row positions, also of a boolean mask."""
    rows = np.asarray(rows)
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def _sample_weight_name(template: BaseEstimator) -> str:
    """Return the name under which a member's `fit` takes the rows' weights."""
    if not has_fit_parameter(last_step(template), "sample_weight"):
        raise TypeError(
            f"Underlying estimator {type(last_step(template)).__name__} does not support sample "
            "weights."
        )
    return _name_in_last_step(template, "sample_weight")


def _name_in_last_step(template: BaseEstimator, argument: str) -> str:
    """Return the name under which `fit` hands an argument to a pipeline's last step."""
    if get_config()["enable_metadata_routing"]:
        return argument  # the step has requested it
    path, step = [], template
    while isinstance(step, Pipeline):
        name, step = step.steps[-1]
        path.append(name)
    return "__".join([*path, argument])


def average_held_out(
    folds: Sequence[Fold], members: Sequence[Member], shape: tuple[int, ...]
) -> np.ndarray:
    """Average what members predict for rows they never saw.

    Parameters
    ----------
    folds : sequence of Fold
        The splits.
    members : sequence of Member
        The members, in the same order.
    shape : tuple of int
        Shape of the result: (n_samples, ...).

    Returns
    -------
    ndarray of that shape, float64
        NaN for rows that no split holds out.
    """
    total, count = np.zeros(shape), np.zeros(shape[0])
    for fold, member in zip(folds, members, strict=True):
        np.add.at(total, fold.test, member.prediction.reshape(-1, *shape[1:]))
        np.add.at(count, fold.test, 1)
    count = count.reshape(-1, *[1] * (len(shape) - 1))
    return total / np.where(count > 0, count, np.nan)

"""What the K-fold ensembles share: splits, metadata, members, out-of-fold rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from numbers import Integral
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, MetaEstimatorMixin, is_classifier
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold, check_cv
from sklearn.utils import check_array, check_random_state, indexable
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from .._older_states import ReadsOlderStates
from .._repr._completion import CompletesWhatIsThere
from .._repr._html import ensemble_block
from .._repr._short import ShortRepr
from .._requests import RequestsItsArguments
from .._sklearn_private import HasMethods, StrOptions, _check_sample_weight
from .._validation import validate_data
from ..modalities._lazy_input import refuse_lazy
from ._attention import AveragesAttention
from ._checkpoint import Checkpoint, fingerprint_of
from ._checks import check_trainable
from ._cluster import fit_on_cluster, on_cluster
from ._companions import check_companions, companion_tasks
from ._members import Fold, Member, MemberTask, fit_members, trains_stacked
from ._metadata import consumed, sample_weight_name, takers, weighs_all
from ._splits import check_counted, check_enough_rows, positions, spread_over
from ._validation_rows import ValidationRows, check_holds_back, check_used, passed_rows
from ._validation_sets import uses_validation_rows

_MAX_SEED = np.iinfo(np.int32).max


@dataclass
class Plan:
    """A fit that is about to begin, all of it checked.

    Parameters
    ----------
    task : MemberTask
        How to fit a member.
    folds : list of Fold
        The splits.
    seed : int
        What everything is drawn from.
    checkpoint : Checkpoint or None
        Where members are stored.
    companions : dict of str to MemberTask
        How to fit each of the companions.
    """

    task: MemberTask
    folds: list[Fold]
    seed: int
    checkpoint: Checkpoint | None
    companions: dict[str, MemberTask]


class BaseKFoldEnsemble(
    AveragesAttention,
    ShortRepr,
    CompletesWhatIsThere,
    RequestsItsArguments,
    ReadsOlderStates,
    MetaEstimatorMixin,
    BaseEstimator,
):
    """Base class of ensembles with one member for each split of a cross-validation."""

    _task_type = MemberTask
    # Members have folds of their own to stop early on.
    _has_folds = True

    _parameter_constraints: dict = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "cv": ["cv_object"],
        "validation": [StrOptions({"fold", "inner"})],
        "n_jobs": [Integral, None],
        "engine": [StrOptions({"auto", "joblib", "stacked"})],
        "checkpoint": [str, PathLike, None],
        "companions": [list, None],
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
        companions=None,
        verbose=0,
        random_state=None,
    ):
        self.estimator = estimator
        self.cv = cv
        self.validation = validation
        self.n_jobs = n_jobs
        self.engine = engine
        self.checkpoint = checkpoint
        self.companions = companions
        self.verbose = verbose
        self.random_state = random_state

    @property
    def blend_weights_(self) -> pd.DataFrame:
        """The weights of the members and of the companions."""
        return pd.DataFrame(
            self._blend_weights, index=self._blend_names, columns=self._target_names
        )

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

    def _plan(
        self,
        X: Any,
        y: np.ndarray,
        sample_weight: Any,
        groups: Any,
        validation: tuple[Any, Any, Any],
        params: dict[str, Any],
    ) -> Plan:
        """Check whatever can be checked before the first member is trained."""
        companions = self._checked_companions()
        X, y, groups = indexable(X, y, groups)
        sample_weight = checked_weight(sample_weight, y)
        template = self._member_template()
        rows, params = passed_rows(template, *validation, params)
        fit_params, split_params = self._route(template, sample_weight, groups, params)
        for estimator in [template, *(each for _, each in companions)]:
            check_trainable(estimator, X, self._classes_of(y, sample_weight))
        checkpoint = None if self.checkpoint is None else Checkpoint(self.checkpoint)
        seed = self._root_seed(checkpoint)
        folds = self._split(X, y, groups, split_params, seed, sample_weight)
        task = self._task_type(
            template,
            X,
            y,
            fit_params,
            sample_weight,
            hand_over=self.validation == "fold",
            method=self._prediction_method,
        )
        if not weighs_all(template):  # a step that takes no weights would learn from such rows
            folds = [task.without_uncounted(fold) for fold in folds]
        if rows is not None:
            rows = self._checked_validation_rows(rows, y, sample_weight)
            check_used([template, *(each for _, each in companions)], fit_params)
            task = replace(task, X_val=rows.X, y_val=rows.y, sample_weight_val=rows.sample_weight)
        elif self.validation == "inner":
            for estimator in [template, *(each for _, each in companions)]:
                check_holds_back(estimator, fit_params)
        beside = companion_tasks(companions, task, groups)
        if self.engine == "stacked":
            trains_stacked(task, self.engine)
        self._check_settings()
        return Plan(task, folds, seed, checkpoint, beside)

    def _checked_companions(self) -> list[tuple[str, BaseEstimator]]:
        return check_companions(
            self.companions, "classifier" if is_classifier(self) else "regressor"
        )

    def _check_settings(self) -> None:
        """Refuse what is wrong whatever the rows are."""
        self._checked_companions()
        if self.checkpoint is not None:
            Checkpoint(self.checkpoint).check()

    def _fit_members(self, plan: Plan) -> list[Member]:
        """Fit one member on each split; set ``estimators_``."""
        self._open(plan)
        with self._told_as_of_a_fold(plan.task, len(plan.folds)):
            fitted = self._run(plan.task, plan.folds, plan.checkpoint)
            members = list(self._progress(fitted, len(plan.folds)))
        self.estimators_ = [member.estimator for member in members]
        return members

    def _open(self, plan: Plan) -> None:
        """Begin the checkpoint, or go on with it, if there is one."""
        if plan.checkpoint is None:
            return
        task = plan.task
        parts = {
            "X": task.X,
            "y": task.y,
            "splits": [(fold.train, fold.test) for fold in plan.folds],
            "fit_params": dict(sorted(task.fit_params.items())),
            "validation": self.validation,
            "engine": self.engine == "stacked",
        }
        if task.X_val is not None:
            parts |= {"X_val": task.X_val, "y_val": task.y_val}
            parts["sample_weight_val"] = task.sample_weight_val
        plan.checkpoint.open(plan.seed, fingerprint_of(task.estimator, **parts))

    def _checked_validation_rows(
        self, rows: ValidationRows, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> ValidationRows:
        """Check the user's validation rows against those of the fit."""
        if getattr(rows.X, "ndim", 2) == 2:
            validate_data(self, X=rows.X, skip_check_array=True, reset=False)
        y_val = self._check_validation_targets(rows.y, y, sample_weight)
        if y_val.shape[1:] != y.shape[1:]:
            raise ValueError(
                f"y has shape {y.shape} and y_val {y_val.shape}: both need the same targets."
            )
        return replace(rows, y=y_val).weighed()

    def _check_validation_targets(
        self, y_val: Any, y: np.ndarray, sample_weight: np.ndarray | None
    ) -> np.ndarray:
        return check_array(y_val, ensure_2d=False, dtype="numeric", input_name="y_val")

    def _classes_of(self, y: np.ndarray, sample_weight: np.ndarray | None) -> np.ndarray | None:
        """Return the classes that can be learned; None for numbers and labels."""
        return None

    def _uses_validation_rows(self) -> bool:
        """Tell whether rows passed as ``X_val`` have an effect."""
        companions = [each for _, each in self.companions or []]
        return any(map(uses_validation_rows, [self._member_template(), *companions]))

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
        self,
        X: Any,
        y: np.ndarray,
        groups: Any,
        split_params: dict[str, Any],
        seed: int,
        sample_weight: np.ndarray | None = None,
    ) -> list[Fold]:
        """Split the rows, and give every fold a seed."""
        random_state = np.random.RandomState(seed)
        splitter_seed = int(random_state.randint(_MAX_SEED))
        counted = None if sample_weight is None else sample_weight > 0
        if counted is None or counted.all():
            splitter = self._splitter(y, groups, splitter_seed)
            pairs = positions(splitter.split(X, y, **split_params))
        elif isinstance(self.cv, Integral):
            rows = np.flatnonzero(counted)
            check_enough_rows(rows, int(self.cv))
            groups = None if groups is None else np.asarray(groups)[rows]
            splitter = self._splitter(y[rows], groups, splitter_seed)
            pairs = spread_over(counted, positions(splitter.split(rows, y[rows], groups)))
        else:
            splitter = self._splitter(y, groups, splitter_seed)
            # Members that weigh all they learn get the rows of the user's own splits as they are.
            pairs = positions(splitter.split(X, y, **split_params))
            check_counted(counted, pairs)
        if not pairs:
            raise ValueError(f"cv={self.cv!r} has no split: an ensemble needs at least one.")
        seeds = random_state.randint(_MAX_SEED, size=len(pairs)).tolist()
        return [
            Fold(index, train, test, member_seed)
            for index, ((train, test), member_seed) in enumerate(zip(pairs, seeds, strict=True))
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
        groups = None if groups is None else np.asarray(groups)
        if get_config()["enable_metadata_routing"]:
            given = {"sample_weight": sample_weight, "groups": groups, **params}
            given = {key: value for key, value in given.items() if value is not None}
            own_splitter = isinstance(self.cv, Integral)
            # The grouped splitter made from an int is the ensemble's own.
            if own_splitter and "groups" not in consumed(template, given):
                given.pop("groups", None)
            routed = process_routing(self, "fit", **given)
            split_params = dict(routed.splitter.split)
            if own_splitter and groups is not None:
                split_params["groups"] = groups
            return dict(routed.estimator.fit), split_params
        fit_params = dict(params)
        if sample_weight is not None:
            name = sample_weight_name(template)
            if name in fit_params:
                raise ValueError(f"Weights are passed twice, as sample_weight and as {name}.")
            fit_params[name] = sample_weight
        if groups is None:
            return fit_params, {}
        return {**dict.fromkeys(takers(template, "groups"), groups), **fit_params}, {
            "groups": groups
        }

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
        companions = self.companions or []
        if not hasattr(self, "estimators_"):
            return ensemble_block(self._member_template(), None, companions)
        shares = dict(zip(self._blend_names, self._blend_weights.mean(axis=1), strict=True))
        members = self.estimators_
        return ensemble_block(members[0], len(members), companions, shares)

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


def checked_weight(sample_weight: Any, y: np.ndarray) -> np.ndarray | None:
    """Return the rows' weights, float64; refuse negative ones, and zeros alone."""
    if sample_weight is None:
        return None
    weight = _check_sample_weight(sample_weight, y, dtype=np.float64, ensure_non_negative=True)
    if not weight.any():
        raise ValueError("sample_weight is zero for every row: nothing to learn from.")
    return weight

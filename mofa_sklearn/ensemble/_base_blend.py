"""The parts of a blend: a list of names and estimators, fitted as K-fold ensembles."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import Any

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import check_cv
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state, get_tags, indexable
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    get_routing_for_object,
    process_routing,
)
from sklearn.utils.validation import validate_data
from tqdm.auto import tqdm

from .._repr._completion import CompletesWhatIsThere
from .._repr._html import blend_block
from .._repr._short import ShortRepr
from .._requests import RequestsItsArguments
from .._sklearn_private import StrOptions, _BaseHeterogeneousEnsemble, _raise_for_params
from ._base import BaseKFoldEnsemble
from ._blend_parts import SplitsOfBlend, has_own_scale
from ._checks import check_trainable
from ._cluster import rows_sent_once
from ._kfold_regressor import KFoldEnsembleRegressor
from ._members import set_random_states
from ._metadata import sample_weight_name, takers
from ._validation_rows import check_used, passed_rows
from ._validation_sets import fit_with_validation, last_step, uses_validation_rows

_MAX_SEED = np.iinfo(np.int32).max
REPORT_ROW = "blend"
_VALIDATION = ("X_val", "y_val", "sample_weight_val")


class BaseBlend(ShortRepr, CompletesWhatIsThere, RequestsItsArguments, _BaseHeterogeneousEnsemble):
    """Base class of blends: parameters, metadata, and the fit of the parts."""

    # The parts' members have folds of their own to stop early on.
    _has_folds = True

    _parameter_constraints: dict = {
        "estimators": [list],
        "weights": [StrOptions({"fit", "uniform"}), "array-like"],
        "cv": ["cv_object", StrOptions({"prefit"})],
        "validation": [StrOptions({"fold", "inner"})],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        estimators,
        *,
        weights="fit",
        cv=10,
        validation="fold",
        n_jobs=None,
        verbose=0,
        random_state=None,
    ):
        super().__init__(estimators)
        self.weights = weights
        self.cv = cv
        self.validation = validation
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.random_state = random_state

    def get_metadata_routing(self) -> MetadataRouter:
        """Tell which metadata this blend and its parts ask for.

        Returns
        -------
        MetadataRouter
            `sample_weight` and `groups` are the blend's own; the parts' `fit` and the
            splitter's `split` get what they request.
        """
        router = MetadataRouter(owner=self.__class__.__name__).add_self_request(self)
        for name, part in self._kept_parts():
            mapping = MethodMapping().add(caller="fit", callee="fit")
            router.add(**{name: part}, method_mapping=mapping)
        if not isinstance(self.cv, (Integral, str)):
            mapping = MethodMapping().add(caller="fit", callee="split")
            router.add(cv=check_cv(self.cv), method_mapping=mapping)
        return router

    def _part_names(self) -> list[str]:
        """Check the list of parts, and return the names of those that are kept."""
        pairs = [isinstance(item, (tuple, list)) and len(item) == 2 for item in self.estimators]
        if not pairs or not all(pairs):
            raise ValueError(
                "estimators must be a non-empty list of (name, regressor) tuples, got "
                f"{self.estimators!r}."
            )
        names, _ = self._validate_estimators()
        if REPORT_ROW in names:
            raise ValueError(
                f"No part can be called '{REPORT_ROW}', which is the blend's own row of "
                "oof_report_: take another name."
            )
        return [name for name, _ in self._kept_parts()]

    def _kept_parts(self) -> list[tuple[str, BaseEstimator]]:
        return [(name, part) for name, part in self.estimators if part != "drop"]

    @rows_sent_once()
    def _fit_parts(
        self,
        X: Any,
        y: np.ndarray,
        sample_weight: np.ndarray | None,
        groups: Any,
        validation: tuple[Any, Any, Any],
        params: dict[str, Any],
    ) -> list[BaseEstimator]:
        """Fit clones of the parts, those without folds of their own on the same splits."""
        X, y, groups = indexable(X, y, groups)
        groups = None if groups is None else np.asarray(groups)
        fit_params, split_params = self._route(sample_weight, groups, params)
        random_state = check_random_state(self.random_state)
        # A seed for every entry: dropping one leaves the others as they were.
        split_seed, *seeds = random_state.randint(_MAX_SEED, size=1 + len(self.estimators))
        splitter = KFoldEnsembleRegressor(cv=self.cv)
        folds = splitter._split(X, y, groups, split_params, int(split_seed), sample_weight)
        splits = SplitsOfBlend(folds)
        entries = zip(self.estimators, seeds, strict=True)
        kept = [(name, part, int(seed)) for (name, part), seed in entries if part != "drop"]
        prepared = {name: self._prepared(part, splits, seed) for name, part, seed in kept}
        self._hand_validation_rows(prepared, validation, fit_params)
        self._check_parts(prepared, X, y, fit_params)
        bar = tqdm(prepared.items(), unit="part", desc="Blend", disable=int(self.verbose) <= 0)
        return [_fit_part(part, X, y, fit_params[name]) for name, part in bar]

    def _hand_validation_rows(
        self,
        parts: Mapping[str, BaseEstimator],
        validation: tuple[Any, Any, Any],
        fit_params: dict[str, dict[str, Any]],
    ) -> None:
        """Add the user's validation rows to the arguments of the parts that can use them."""
        given = dict(zip(("X_val", "y_val", "sample_weight_val"), validation, strict=True))
        given = {name: value for name, value in given.items() if value is not None}
        if not given:
            return
        rows, _ = passed_rows(self, *validation, {})
        assert rows is not None
        if getattr(rows.X, "ndim", 2) == 2:
            validate_data(self, X=rows.X, skip_check_array=True, reset=False)
        check_used([_member_of(part) for part in parts.values()], {})
        for name, part in parts.items():
            if uses_validation_rows(part):
                fit_params[name].update(given)

    def _check_parts(
        self,
        parts: Mapping[str, BaseEstimator],
        X: Any,
        y: np.ndarray,
        fit_params: Mapping[str, dict[str, Any]],
    ) -> None:
        """Refuse the fit of any part before the first one is trained."""
        for name, part in parts.items():
            if isinstance(part, KFoldEnsembleRegressor):
                arguments = dict(fit_params[name])
                weight, groups = (arguments.pop(key, None) for key in ("sample_weight", "groups"))
                rows = tuple(arguments.pop(key, None) for key in _VALIDATION)
                # A part is fitted on its own; what it makes of the rows' names is no other's.
                validate_data(part, X=X, skip_check_array=True)
                part._plan(X, y, weight, groups, rows, arguments)
                continue
            check_trainable(part, X)
            if isinstance(last := last_step(part), BaseKFoldEnsemble):
                last._check_settings()

    def _refuse_unused(self, arguments: dict[str, Any]) -> None:
        """Refuse what only a fit of the parts could use."""
        given = [name for name, value in arguments.items() if value is not None]
        if given:
            raise ValueError(
                f"{', '.join(given)} would be ignored: with cv='prefit' the parts are not fitted."
            )

    def _uses_validation_rows(self) -> bool:
        """Tell whether rows passed as ``X_val`` have an effect."""
        parts = [part for _, part in self._kept_parts()]
        return not isinstance(self.cv, str) and any(map(uses_validation_rows, parts))

    def _prepared(self, part: BaseEstimator, splits: SplitsOfBlend, seed: int) -> BaseEstimator:
        """Return what is fitted for a part: a K-fold ensemble, seeded."""
        part = clone(part)
        if _has_folds(part):
            return part if self.random_state is None else set_random_states(part, seed)
        return KFoldEnsembleRegressor(
            part,
            cv=splits,
            validation=self.validation,
            n_jobs=self.n_jobs,
            verbose=max(0, int(self.verbose) - 1),
            random_state=seed,
        )

    def _route(
        self, sample_weight: Any, groups: Any, params: dict[str, Any]
    ) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        """Divide the metadata between the parts' `fit` and the splitter's `split`."""
        if get_config()["enable_metadata_routing"]:
            return self._route_requested(sample_weight, groups, params)
        _raise_for_params(params, self, "fit")
        fit_params: dict[str, dict[str, Any]] = {}
        for name, part in self._kept_parts():
            has_folds = _has_folds(part)
            fit_params[name] = own = {}
            if sample_weight is not None:
                own[sample_weight_name(part) if has_folds else "sample_weight"] = sample_weight
            if groups is not None:
                own |= dict.fromkeys(takers(part, "groups") if has_folds else ["groups"], groups)
        return fit_params, {} if groups is None else {"groups": groups}

    def _route_requested(
        self, sample_weight: Any, groups: Any, params: dict[str, Any]
    ) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
        given = {"sample_weight": sample_weight, "groups": groups, **params}
        given = {key: value for key, value in given.items() if value is not None}
        # The grouped splitter made from an int is the blend's own.
        own_splitter = isinstance(self.cv, Integral)
        if own_splitter and "groups" not in get_routing_for_object(self).consumes("fit", given):
            given.pop("groups", None)
        routed = process_routing(self, "fit", **given)
        fit_params = {name: dict(routed[name].fit) for name, _ in self._kept_parts()}
        if not own_splitter:
            return fit_params, dict(routed["cv"].split)
        return fit_params, {} if groups is None else {"groups": groups}

    def _sk_visual_block_(self):
        if not hasattr(self, "weights_"):
            return blend_block(self.estimators)
        kept = self._kept_parts()
        shares = {name: w for (name, _), w in zip(kept, self.weights_.mean(axis=1), strict=True)}
        fitted = {
            name: part if _has_folds(own) or isinstance(self.cv, str) else part.estimators_[0]
            for (name, own), part in zip(kept, self.estimators_, strict=True)
        }
        parts = [(name, fitted.get(name, "drop")) for name, _ in self.estimators]
        return blend_block(parts, shares)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        try:
            parts = [get_tags(part).target_tags for _, part in self._kept_parts()]
        except (TypeError, ValueError, AttributeError):  # no list of parts: `fit` says so
            return tags
        tags.target_tags.multi_output = all(part.multi_output for part in parts)
        tags.target_tags.positive_only = any(part.positive_only for part in parts)
        return tags


def _has_folds(part: BaseEstimator) -> bool:
    """Tell whether a part makes its own out-of-fold predictions, on the scale of the targets."""
    return isinstance(last_step(part), (BaseKFoldEnsemble, BaseBlend)) and not has_own_scale(part)


def _member_of(part: BaseEstimator) -> BaseEstimator:
    """Return what the members of a wrapped part are clones of, and other parts as they are."""
    if type(part) is not KFoldEnsembleRegressor or part.estimator is None:
        return part
    return part.estimator


def _fit_part(part: BaseEstimator, X: Any, y: np.ndarray, params: dict[str, Any]) -> BaseEstimator:
    """Fit a part; in a pipeline, validation rows go through the steps before the last."""
    if "X_val" not in params or not isinstance(part, Pipeline):
        return part.fit(X, y, **params)
    others = {name: value for name, value in params.items() if name not in _VALIDATION}
    rows = [params.get(name) for name in _VALIDATION]
    return fit_with_validation(part, X, y, others, *rows)

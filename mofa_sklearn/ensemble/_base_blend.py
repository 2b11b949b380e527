"""The parts of a blend: a list of names and estimators, fitted as K-fold ensembles."""

from __future__ import annotations

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
from tqdm.auto import tqdm

from .._repr._completion import CompletesWhatIsThere
from .._repr._html import blend_block
from .._repr._short import ShortRepr
from .._requests import RequestsItsArguments
from .._sklearn_private import StrOptions, _BaseHeterogeneousEnsemble, _raise_for_params
from ._base import BaseKFoldEnsemble, _sample_weight_name
from ._blend_parts import SplitsOfBlend, has_own_scale
from ._cluster import rows_sent_once
from ._kfold_regressor import KFoldEnsembleRegressor
from ._members import set_random_states
from ._validation_sets import last_step

_MAX_SEED = np.iinfo(np.int32).max
REPORT_ROW = "blend"


class BaseBlend(ShortRepr, CompletesWhatIsThere, RequestsItsArguments, _BaseHeterogeneousEnsemble):
    """Base class of blends: parameters, metadata, and the fit of the parts."""

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
        self, X: Any, y: np.ndarray, sample_weight: Any, groups: Any, params: dict[str, Any]
    ) -> list[BaseEstimator]:
        """Fit clones of the parts, those without folds of their own on the same splits."""
        X, y, groups = indexable(X, y, groups)
        fit_params, split_params = self._route(sample_weight, groups, params)
        random_state = check_random_state(self.random_state)
        # A seed for every entry: dropping one leaves the others as they were.
        split_seed, *seeds = random_state.randint(_MAX_SEED, size=1 + len(self.estimators))
        splitter = KFoldEnsembleRegressor(cv=self.cv)
        splits = SplitsOfBlend(splitter._split(X, y, groups, split_params, int(split_seed)))
        entries = zip(self.estimators, seeds, strict=True)
        kept = [(name, part, int(seed)) for (name, part), seed in entries if part != "drop"]
        bar = tqdm(kept, unit="part", desc="Blend", disable=int(self.verbose) <= 0)
        return [
            self._prepared(part, splits, seed).fit(X, y, **fit_params[name])
            for name, part, seed in bar
        ]

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
                own[_sample_weight_name(part) if has_folds else "sample_weight"] = sample_weight
            if groups is not None and has_folds:
                own[_groups_name(part)] = groups
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


def _groups_name(part: BaseEstimator) -> str:
    """Return the name under which a part's `fit` takes groups for its last step."""
    path = []
    while isinstance(part, Pipeline):
        name, part = part.steps[-1]
        path.append(name)
    return "__".join([*path, "groups"])

"""The arguments of ensembles, blends and pipelines."""

from joblib import Memory
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from mofa_sklearn import (
    BlendRegressor,
    KFoldEnsembleClassifier,
    KFoldEnsembleRegressor,
    ModalityPipeline,
    MoFAClassifier,
    MoFARegressor,
    make_mofa_pipeline,
)

from . import _data
from ._estimators import LONGER, NOT_ALONE, TINY, VAL, VAL_LEVELS
from ._rows import Case, Changes, Elsewhere, Refused, Same

WORKERS = "the members' seeds are drawn before any of them is fitted"
PRINTS = "it prints"
QUIET = {**TINY, **LONGER, "modalities": None, "modality_dropout": 0.0}
NETWORK = MoFARegressor(**QUIET)
# Rounding grows with every step.
SHORT = {**QUIET, "max_epochs": 1}
AGREE = "both engines train the same members where nothing is dropped out"
NETWORKS = {"estimator": NETWORK}
IN_THREADS = {"engine": "joblib", **NETWORKS}


REGRESSORS = Case(KFoldEnsembleRegressor, {"estimator": Ridge(), "cv": 3, "random_state": 0})
CLASSIFIERS = Case(
    KFoldEnsembleClassifier,
    {"estimator": LogisticRegression(), "cv": 3, "random_state": 0},
    targets="levels",
)
BLEND = Case(
    BlendRegressor,
    {"estimators": [("ridge", Ridge()), ("near", KNeighborsRegressor())], "cv": 3}
    | {"random_state": 0},
)
PIPELINE = Case(ModalityPipeline, {"steps": [("scale", StandardScaler()), ("ridge", Ridge(9.0))]})
MADE = Case(
    make_mofa_pipeline,
    {"modalities": _data.WIDTHS, "estimator": Ridge(), "cv": 3, "random_state": 0},
)
OF_BOTH = {
    "cv": Changes(4),
    "n_jobs": Same(2, WORKERS, base=IN_THREADS),
    "engine": Same("joblib", AGREE, base={"estimator": MoFARegressor(**SHORT)}),
    "checkpoint": Elsewhere(
        "ensemble/test_checkpoint.py", "test_the_folder_does_not_change_the_result"
    ),
    "verbose": Same(1, PRINTS),
    "random_state": Changes(1),
}
CLASS_NETWORKS = {"estimator": MoFAClassifier(**QUIET)}

PARAMETERS = {
    "KFoldEnsembleRegressor": (
        REGRESSORS,
        OF_BOTH
        | {
            "estimator": Changes(Ridge(1000.0)),
            "validation": Changes("inner", base=NETWORKS),
            "companions": Changes([("near", KNeighborsRegressor())]),
        },
    ),
    "KFoldEnsembleClassifier": (
        CLASSIFIERS,
        OF_BOTH
        | {
            "estimator": Changes(LogisticRegression(C=0.001)),
            "validation": Changes("inner", base=CLASS_NETWORKS),
            "n_jobs": Same(2, WORKERS, base={"engine": "joblib", **CLASS_NETWORKS}),
            "engine": Same("joblib", AGREE, base={"estimator": MoFAClassifier(**SHORT)}),
            "companions": Changes([("near", KNeighborsClassifier())]),
            "calibrate": Changes("temperature"),
        },
    ),
    "BlendRegressor": (
        BLEND,
        {
            "estimators": Changes([("ridge", Ridge(1000.0)), ("near", KNeighborsRegressor())]),
            "weights": Changes("uniform"),
            "cv": Changes(4),
            "validation": Changes(
                "inner", base={"estimators": [("network", NETWORK), ("ridge", Ridge())]}
            ),
            "n_jobs": Same(2, WORKERS, base={"estimators": [("network", NETWORK)]}),
            "verbose": Same(1, PRINTS),
            "random_state": Changes(1),
        },
    ),
    "ModalityPipeline": (
        PIPELINE,
        {
            "steps": Changes([("ridge", Ridge(9.0))]),
            "transform_input": Elsewhere(
                "pipeline/test_modality_pipeline.py",
                "test_transform_input_does_not_transform_them_twice",
            ),
            "memory": Same(Memory(None), "a step is remembered, not changed"),
            "verbose": Same(True, PRINTS),
            "target_transform": Changes("log1p", targets="counts"),
        },
    ),
    "make_mofa_pipeline": (
        MADE,
        {
            "modalities": Changes({"a": 1, "b": 4}, base=NETWORKS),
            "tokens": Changes({"a": 3}, base=NETWORKS),
            "recipe": Changes("mofa-lite"),
            "estimator": Changes(Ridge(1000.0)),
            "ensemble": Changes(False, base={"cv": 10}),
            "cv": Changes(4),
            "validation": Changes("inner", base=NETWORKS),
            "encoders": Elsewhere(
                "pipeline/test_encoders.py", "test_raw_columns_become_modalities_of_vectors"
            ),
            "imputer": Changes(SimpleImputer(strategy="constant"), rows="gaps"),
            "target_transform": Changes("log1p", targets="counts"),
            "n_jobs": Same(2, WORKERS, base=NETWORKS),
            "verbose": Same(1, PRINTS),
            "random_state": Changes(1),
        },
    ),
}

OF_FIT_IN_FOLDS = {
    "sample_weight": Changes(_data.WEIGHT),
    "groups": Changes(_data.GROUPS),
}


def stopping(base, fit, targets=None):
    """Return rows for validation rows that members which stop early are given."""
    values = {"X_val": -_data.X_VAL, "y_val": fit["y_val"][::-1]}
    values["sample_weight_val"] = _data.WEIGHT_VAL
    return {
        name: Changes(value, base=base, fit=fit, targets=targets) for name, value in values.items()
    }


IN_BLEND = {"estimators": [("network", NETWORK), ("ridge", Ridge())]}
ENDS_IN_NETWORK = {"steps": [("scale", StandardScaler()), ("network", NETWORK)]}
FIT_ARGUMENTS = {
    "KFoldEnsembleRegressor": (REGRESSORS, OF_FIT_IN_FOLDS | stopping(NETWORKS, VAL)),
    "KFoldEnsembleClassifier": (
        CLASSIFIERS,
        OF_FIT_IN_FOLDS | stopping(CLASS_NETWORKS, VAL_LEVELS),
    ),
    "BlendRegressor": (
        Case(BlendRegressor, BLEND.base | {"estimators": [("a", Ridge()), ("b", Ridge(1e3))]}),
        OF_FIT_IN_FOLDS | stopping(IN_BLEND, VAL),
    ),
    "ModalityPipeline": (
        PIPELINE,
        {
            "sample_weight": Changes(_data.WEIGHT),
            "groups": Changes(_data.GROUPS, base=ENDS_IN_NETWORK),
        }
        | stopping(ENDS_IN_NETWORK, VAL),
    ),
}
ALONE = Case(make_mofa_pipeline, {**MADE.base, "ensemble": False, "cv": 10})
IGNORED_PARAMETERS = {
    "make_mofa_pipeline, no ensemble": (
        ALONE,
        {
            "cv": Refused(3, "cv would be ignored with ensemble=False"),
            "validation": Refused("inner", "validation would be ignored with ensemble=False"),
        },
    ),
}
NOBODY_STOPS = {name: Refused(value, "X_val", fit=VAL) for name, value in VAL.items()}
GROUPS_OF_NOBODY = {"groups": Refused(_data.GROUPS, "groups was passed")}
IGNORED = {
    "KFoldEnsembleRegressor": (REGRESSORS, NOBODY_STOPS),
    "KFoldEnsembleClassifier": (
        CLASSIFIERS,
        {
            "X_val": Refused(_data.X_VAL, "X_val", fit=VAL_LEVELS),
        },
    ),
    "BlendRegressor": (BLEND, NOBODY_STOPS),
    "ModalityPipeline": (
        PIPELINE,
        NOBODY_STOPS | {"groups": Refused(_data.GROUPS, "groups was passed")},
    ),
    "KFoldEnsembleRegressor, networks": (
        Case(KFoldEnsembleRegressor, {"estimator": NETWORK, "cv": 3}),
        NOT_ALONE,
    ),
    "KFoldEnsembleClassifier, networks": (
        Case(KFoldEnsembleClassifier, {**CLASS_NETWORKS, "cv": 3}, targets="levels"),
        NOT_ALONE,
    ),
    "BlendRegressor, networks": (Case(BlendRegressor, {**IN_BLEND, "cv": 3}), NOT_ALONE),
    "ModalityPipeline, networks": (Case(ModalityPipeline, ENDS_IN_NETWORK), NOT_ALONE),
}

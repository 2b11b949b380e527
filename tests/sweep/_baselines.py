"""The arguments of what makes other people's estimators stop early."""

from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from mofa_sklearn.baselines import (
    BoostingClassifier,
    BoostingRegressor,
    EarlyStoppingClassifier,
    EarlyStoppingLogisticRegression,
    EarlyStoppingMLPClassifier,
    EarlyStoppingMLPRegressor,
    EarlyStoppingRegressor,
)

from . import _data
from ._estimators import NOT_ALONE, VAL, VAL_LEVELS
from ._rows import Case, Changes, Refused, Same

BOOSTING = {"max_iter": 6, "early_stopping": True, "min_samples_leaf": 5, "learning_rate": 0.3}
TREES = HistGradientBoostingRegressor(**BOOSTING, n_iter_no_change=2)
CLASS_TREES = HistGradientBoostingClassifier(**BOOSTING, n_iter_no_change=2)
OTHER = {"max_leaf_nodes": 2}
PRINTS = "it prints"

WRAPPER = Case(EarlyStoppingRegressor, {"estimator": TREES, "random_state": 0})
TREES_BESIDE = Case(
    BoostingRegressor,
    {"max_iter": 30, "min_samples_leaf": 5, "learning_rate": 0.3, "random_state": 0}
    | {"n_iter_no_change": 2},
)
CLASS_TREES_BESIDE = Case(
    BoostingClassifier,
    {"max_iter": 30, "min_samples_leaf": 5, "learning_rate": 0.3, "random_state": 0}
    | {"n_iter_no_change": 2},
    targets="levels",
)
CLASS_WRAPPER = Case(
    EarlyStoppingClassifier, {"estimator": CLASS_TREES, "random_state": 0}, targets="levels"
)
NETWORK = Case(
    EarlyStoppingMLPRegressor,
    {"hidden_layer_sizes": (4,), "max_iter": 4, "early_stopping": True, "random_state": 0}
    | {"learning_rate_init": 0.05, "batch_size": 16},
    fit=VAL,
)
CLASS_NETWORK = Case(EarlyStoppingMLPClassifier, NETWORK.base, fit=VAL_LEVELS, targets="levels")
LOGISTIC = Case(
    EarlyStoppingLogisticRegression,
    {"random_state": 0, "max_iter": 10},
    fit=VAL_LEVELS,
    targets="levels",
)

OF_WRAPPERS = {
    "validation_fraction": Changes(0.5),
    "max_features": Changes(1),
    "n_jobs": Same(1, "threads share the work"),
    "random_state": Changes(1),
}
SGD = {"solver": "sgd", "max_iter": 12}
OWN_SPLIT = {"X_val": None, "y_val": None}
# The networks' parameters, beside validation rows of the user.
OF_MLPS = {
    "hidden_layer_sizes": Changes((6,)),
    "activation": Changes("tanh"),
    "solver": Changes("sgd"),
    "alpha": Changes(9.0),
    "batch_size": Changes(8),
    "learning_rate": Changes("invscaling", base=SGD),
    "learning_rate_init": Changes(0.01),
    "power_t": Changes(2.0, base=SGD | {"learning_rate": "invscaling"}),
    "max_iter": Changes(2),
    "shuffle": Changes(False),
    "random_state": Changes(1),
    "tol": Changes(9.0, base={"n_iter_no_change": 1}),
    "verbose": Same(True, PRINTS),
    "warm_start": Changes(True, fits=2),
    "momentum": Changes(0.1, base=SGD),
    "nesterovs_momentum": Changes(False, base=SGD),
    "early_stopping": Changes(False, fit=OWN_SPLIT),
    "validation_fraction": Changes(0.5, fit=OWN_SPLIT),
    "beta_1": Changes(0.1),
    "beta_2": Changes(0.1),
    "epsilon": Changes(0.5),
    "n_iter_no_change": Changes(1, base={"tol": 9.0}),
    "max_fun": Changes(3, base={"solver": "lbfgs", "early_stopping": False}, fit=OWN_SPLIT),
}
BINARY = {**VAL_LEVELS, "y_val": (VAL_LEVELS["y_val"] > 0).astype(int)}
LOOSE = {"solver": "liblinear", "tol": 0.5}
SAGA = {"solver": "saga", "max_iter": 3}
OF_TREES_BESIDE = {
    name: OF_WRAPPERS[name] for name in ("validation_fraction", "n_jobs", "random_state")
} | {
    "max_iter": Changes(2),
    "learning_rate": Changes(0.1),
    "max_leaf_nodes": Changes(2),
    "min_samples_leaf": Changes(20),
    "n_iter_no_change": Changes(9),
}
PARAMETERS = {
    "EarlyStoppingRegressor": (
        WRAPPER,
        OF_WRAPPERS
        | {
            "estimator": Changes(HistGradientBoostingRegressor(**BOOSTING, **OTHER)),
            "multi_output": Refused("native", "multi|native|1d|1D"),
        },
    ),
    "BoostingRegressor": (TREES_BESIDE, OF_TREES_BESIDE),
    "BoostingClassifier": (CLASS_TREES_BESIDE, OF_TREES_BESIDE),
    "EarlyStoppingClassifier": (
        CLASS_WRAPPER,
        OF_WRAPPERS
        | {
            "estimator": Changes(HistGradientBoostingClassifier(**BOOSTING, **OTHER)),
            "multi_output": Refused("native", "multi|native|1d|1D", targets="labels"),
        },
    ),
    "EarlyStoppingMLPRegressor": (
        NETWORK,
        OF_MLPS | {"loss": Changes("poisson", targets="counts")},
    ),
    "EarlyStoppingMLPClassifier": (CLASS_NETWORK, OF_MLPS),
    "EarlyStoppingLogisticRegression": (
        LOGISTIC,
        {
            "penalty": Same("deprecated", "scikit-learn will not have it any more"),
            "C": Changes(1e-4),
            "l1_ratio": Changes(1.0, base=SAGA),
            "dual": Changes(True, base=LOOSE, targets="binary", fit=BINARY),
            "tol": Changes(0.9),
            "fit_intercept": Changes(False),
            "intercept_scaling": Changes(
                0.01, base={"solver": "liblinear"}, targets="binary", fit=BINARY
            ),
            "class_weight": Changes("balanced"),
            "random_state": Changes(1, base=SAGA),
            "solver": Changes("saga", base={"max_iter": 3}),
            "max_iter": Changes(1),
            "verbose": Same(1, PRINTS),
            "warm_start": Changes(True, fits=2, base={"max_iter": 2}),
            "n_jobs": Same(None, "scikit-learn has no use for it any more"),
        },
    ),
}
VALUES = {
    "X_val": -_data.X_VAL,
    "y_val": -_data.Y_VAL,
    "sample_weight_val": _data.WEIGHT_VAL,
}
LEVEL_VALUES = {**VALUES, "y_val": VAL_LEVELS["y_val"][::-1]}
LONG = {"max_iter": 30, "n_iter_no_change": 3}


def of_fit(values, fit, **base):
    rows = {name: Changes(value, fit=fit, base=base) for name, value in values.items()}
    return {"sample_weight": Changes(_data.WEIGHT)} | rows


GROUPS = {"groups": Changes(_data.GROUPS)}
FIT_ARGUMENTS = {
    "EarlyStoppingRegressor": (WRAPPER, of_fit(VALUES, VAL) | GROUPS),
    "BoostingRegressor": (TREES_BESIDE, of_fit(VALUES, VAL) | GROUPS),
    "BoostingClassifier": (CLASS_TREES_BESIDE, of_fit(LEVEL_VALUES, VAL_LEVELS) | GROUPS),
    "EarlyStoppingClassifier": (CLASS_WRAPPER, of_fit(LEVEL_VALUES, VAL_LEVELS) | GROUPS),
    "EarlyStoppingMLPRegressor": (NETWORK, of_fit(VALUES, VAL, **LONG)),
    "EarlyStoppingMLPClassifier": (CLASS_NETWORK, of_fit(LEVEL_VALUES, VAL_LEVELS, **LONG)),
    "EarlyStoppingLogisticRegression": (LOGISTIC, of_fit(LEVEL_VALUES, VAL_LEVELS)),
}


def alone(case):
    return Case(case.make, case.base, targets=case.targets)


UNUSED = {"early_stopping": False}
LBFGS = {"solver": "lbfgs"}
IGNORED = {
    "EarlyStoppingRegressor": (WRAPPER, NOT_ALONE),
    "BoostingRegressor": (TREES_BESIDE, NOT_ALONE),
    "BoostingClassifier": (CLASS_TREES_BESIDE, NOT_ALONE),
    "EarlyStoppingClassifier": (CLASS_WRAPPER, NOT_ALONE),
    "EarlyStoppingMLPRegressor": (alone(NETWORK), NOT_ALONE),
    "EarlyStoppingMLPClassifier": (alone(CLASS_NETWORK), NOT_ALONE),
    "EarlyStoppingLogisticRegression": (alone(LOGISTIC), NOT_ALONE),
    **{
        f"{name}, {what}": (
            Case(case.make, case.base | base, targets=case.targets),
            {"X_val": Refused(_data.X_VAL, message, fit=case.fit)},
        )
        for name, case in [("MLPRegressor", NETWORK), ("MLPClassifier", CLASS_NETWORK)]
        for what, base, message in [
            ("without early stopping", UNUSED, "early_stopping"),
            ("lbfgs", LBFGS, "lbfgs"),
        ]
    },
}

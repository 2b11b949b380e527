"""The arguments of networks and of their quick companions."""

import torch
from skorch.callbacks import Callback

from mofa_sklearn import MoFAClassifier, MoFARegressor
from mofa_sklearn.estimators import (
    KernelPathRegressor,
    LogisticPathClassifier,
    RetrievalClassifier,
    RetrievalRegressor,
    RidgePathRegressor,
)

from . import _data
from ._rows import Case, Changes, Refused, Same

TINY = {
    "modalities": _data.WIDTHS,
    "hidden_dim": 8,
    "max_epochs": 2,
    "batch_size": 16,
    "learning_rate": 0.05,
    "precision": "float32",
    "random_state": 0,
}
LONGER = {"max_epochs": 8, "average_epochs": 1, "dropout": 0.0}


class NoGradient(Callback):
    """Keeps the weights what they are."""

    def on_grad_computed(self, net, named_parameters, **kwargs):
        for _, parameter in named_parameters:
            if parameter.grad is not None:
                parameter.grad.zero_()


CALLBACKS = [NoGradient()]
ON_CPU = "cpu" if not torch.cuda.is_available() else "auto"
VAL = _data.VALIDATION
VAL_LEVELS = _data.VALIDATION_LEVELS

OF_NETWORKS = {
    "modalities": Changes(None),
    "tokens": Changes({"a": 3}),
    "fusion": Changes("late"),
    "hidden_dim": Changes(6),
    "encoding_dim": Changes(3),
    "dropout": Changes(0.0),
    "modality_dropout": Changes(0.6),
    "anneal_dropout": Changes(False),
    "alternate_modalities": Changes(True),
    "residual_features": Changes(True),
    "numeric_embedding": Changes("piecewise_linear"),
    "batch_size": Changes(8),
    "learning_rate": Changes(0.01),
    "weight_decay": Changes(0.9),
    "schedule": Changes("constant"),
    "max_epochs": Changes(3),
    "early_stopping": Changes(False),
    "validation_fraction": Changes(0.3),
    "n_iter_no_change": Changes(1, base=LONGER),
    "average_epochs": Changes(1),
    "precision": Changes("bfloat16"),
    "device": Same(ON_CPU, "where the work is done is not what is done"),
    "warm_start": Changes(True, fits=2),
    "callbacks": Changes(CALLBACKS),
    "verbose": Same(1, "it prints"),
    "random_state": Changes(1),
}
REGRESSOR = Case(MoFARegressor, TINY)
CLASSIFIER = Case(MoFAClassifier, TINY, targets="classes")
RIDGE = Case(RidgePathRegressor, {"random_state": 0})
KERNEL = Case(KernelPathRegressor, {"random_state": 0})
RETRIEVAL = Case(
    RetrievalRegressor, {"modalities": _data.WIDTHS, "n_neighbors": 5, "random_state": 0}
)
LOGISTIC = Case(LogisticPathClassifier, {"random_state": 0}, targets="classes")
CLASS_RETRIEVAL = Case(RetrievalClassifier, RETRIEVAL.base, targets="classes")

PARAMETERS = {
    "MoFARegressor": (
        REGRESSOR,
        OF_NETWORKS
        | {
            "loss": Changes("absolute_error"),
            "standardize_target": Changes(False),
            "target_weight": Changes([1.0, 9.0]),
        },
    ),
    "MoFAClassifier": (
        CLASSIFIER,
        OF_NETWORKS
        | {
            "loss": Changes("focal"),
            "label_smoothing": Changes(0.3),
            "class_weight": Changes("balanced"),
            "ordinal": Changes(True, targets="levels"),
            "tune_thresholds": Changes(False, targets="labels", base={"max_epochs": 8}),
        },
    ),
    "RidgePathRegressor": (
        RIDGE,
        {
            "n_components": Changes(1),
            "modalities": Changes(_data.WIDTHS, base={"n_components": 1}),
            "standardize": Changes(False),
            "alphas": Changes([1000.0]),
            "max_iter": Changes(1),
            "tol": Changes(0.9),
            "validation_fraction": Changes(0.6),
            "random_state": Changes(3),
        },
    ),
    "KernelPathRegressor": (
        KERNEL,
        {
            "n_landmarks": Changes(5),
            "gamma": Changes(2.0),
            "max_samples": Changes(20),
            "validation_fraction": Changes(0.6),
            "random_state": Changes(3, base={"n_landmarks": 5}),
        },
    ),
    "RetrievalRegressor": (
        RETRIEVAL,
        {
            "modalities": Changes(None),
            "n_neighbors": Changes(3),
            "n_components": Changes(1),
            "temperature": Changes(9.0),
            "standardize": Changes(False),
            "max_samples": Changes(20),
            "random_state": Changes(1),
        },
    ),
    "LogisticPathClassifier": (
        LOGISTIC,
        {
            "Cs": Changes([1e-4]),
            "standardize": Changes(False),
            "class_weight": Changes("balanced"),
            "max_iter": Changes(1),
            "tol": Changes(0.9),
            "validation_fraction": Changes(0.6),
            "random_state": Changes(3),
        },
    ),
    "RetrievalClassifier": (
        CLASS_RETRIEVAL,
        {
            "modalities": Changes(None),
            "n_neighbors": Changes(3),
            "n_components": Changes(1),
            "temperature": Changes(9.0),
            "standardize": Changes(False),
            "class_weight": Changes("balanced"),
            "max_samples": Changes(20),
            "random_state": Changes(1),
        },
    ),
}

OF_FIT = {
    "sample_weight": Changes(_data.WEIGHT),
    "groups": Changes(_data.GROUPS),
    "X_val": Changes(-_data.X_VAL, fit=VAL, base=LONGER),
    "y_val": Changes(-_data.Y_VAL, fit=VAL, base=LONGER),
    "sample_weight_val": Changes(_data.WEIGHT_VAL, fit=VAL, base=LONGER),
}
OF_FIT_LEVELS = OF_FIT | {
    name: Changes(value, fit=VAL_LEVELS, base=LONGER, targets="levels")
    for name, value in [
        ("X_val", -_data.X_VAL),
        ("y_val", 2 - VAL_LEVELS["y_val"]),
        ("sample_weight_val", _data.WEIGHT_VAL),
    ]
}
OF_RIDGE = OF_FIT | {
    name: Changes(row.value, fit=VAL) for name, row in OF_FIT.items() if name.endswith("val")
}
OF_LOGISTIC = OF_FIT | {
    name: Changes(value, fit=VAL_LEVELS, targets="levels")
    for name, value in [
        ("X_val", -_data.X_VAL),
        ("y_val", 2 - VAL_LEVELS["y_val"]),
        ("sample_weight_val", _data.WEIGHT_VAL),
    ]
}
FIT_ARGUMENTS = {
    "MoFARegressor": (REGRESSOR, OF_FIT),
    "MoFAClassifier": (CLASSIFIER, OF_FIT_LEVELS),
    "RidgePathRegressor": (RIDGE, OF_RIDGE),
    "KernelPathRegressor": (KERNEL, OF_RIDGE),
    "RetrievalRegressor": (RETRIEVAL, {"groups": Changes(_data.GROUPS)}),
    "LogisticPathClassifier": (LOGISTIC, OF_LOGISTIC),
    "RetrievalClassifier": (CLASS_RETRIEVAL, {"groups": Changes(_data.GROUPS)}),
}

NOT_ALONE = {
    "X_val": Refused(_data.X_VAL, "y_val|both"),
    "y_val": Refused(_data.Y_VAL, "X_val|both"),
    "sample_weight_val": Refused(_data.WEIGHT_VAL, "sample_weight_val"),
}
#: What would have no effect beside the other arguments.
IGNORED = {
    "MoFARegressor": (REGRESSOR, NOT_ALONE),
    "MoFAClassifier": (CLASSIFIER, NOT_ALONE),
    "RidgePathRegressor": (RIDGE, NOT_ALONE),
    "KernelPathRegressor": (KERNEL, NOT_ALONE),
    "LogisticPathClassifier": (LOGISTIC, NOT_ALONE),
}
IGNORED_PARAMETERS = {
    "RidgePathRegressor": (
        RIDGE,
        {"modalities": Refused(_data.WIDTHS, "modalities would be ignored")},
    ),
}

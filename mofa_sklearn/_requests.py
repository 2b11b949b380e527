"""What estimators of this package request where scikit-learn routes metadata."""

from __future__ import annotations

from inspect import signature

#: method -> argument -> whether it is requested, where the method takes it
DEFAULTS = {
    "fit": {
        "sample_weight": True,
        "groups": True,
        "X_val": True,
        "y_val": True,
        "sample_weight_val": True,
    },
    # As without metadata routing: weights of the rows count in what is learned.
    "score": {"sample_weight": False},
    "predict": {"return_std": True},
}


class RequestsItsArguments:
    """Mixin of estimators whose methods request what they take, unless told otherwise.

    scikit-learn leaves that open by default, so that each estimator inside others has to be
    told by ``set_fit_request``. What is set so has precedence here, too. Put it to the left
    of ``BaseEstimator``.

    Examples
    --------
    >>> from sklearn import config_context
    >>> from mofa_sklearn import MoFARegressor
    >>> model = MoFARegressor()
    >>> model.get_metadata_routing().fit.requests["sample_weight"]
    True
    >>> with config_context(enable_metadata_routing=True):
    ...     model = model.set_fit_request(sample_weight=False)
    >>> model.get_metadata_routing().fit.requests["sample_weight"]
    False
    """

    def __init_subclass__(cls, **kwargs) -> None:
        for method, requests in DEFAULTS.items():
            taken = signature(getattr(cls, method)).parameters if hasattr(cls, method) else {}
            own = {name: value for name, value in requests.items() if name in taken}
            if own:
                setattr(cls, f"__metadata_request__{method}", own)
        super().__init_subclass__(**kwargs)

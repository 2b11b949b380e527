"""scikit-learn's private names that the package uses, all brought through this file.

A release of scikit-learn that moves one of them breaks this file alone.
"""

from sklearn.base import _fit_context
from sklearn.ensemble._base import _BaseHeterogeneousEnsemble
from sklearn.utils import _safe_indexing
from sklearn.utils._metadata_requests import MetadataRequest, MethodMetadataRequest
from sklearn.utils._openmp_helpers import _openmp_effective_n_threads
from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    InvalidParameterError,
    StrOptions,
    validate_params,
)
from sklearn.utils._pprint import _EstimatorPrettyPrinter
from sklearn.utils.metadata_routing import _raise_for_params
from sklearn.utils.metaestimators import _BaseComposition
from sklearn.utils.validation import (
    _check_feature_names_in,
    _check_sample_weight,
    _check_y,
    _num_features,
    _num_samples,
)

try:
    from sklearn.utils._repr_html.estimator import _VisualBlock
except ImportError:  # scikit-learn 1.6
    from sklearn.utils._estimator_html_repr import _VisualBlock

__all__ = [
    "HasMethods",
    "Interval",
    "InvalidParameterError",
    "MetadataRequest",
    "MethodMetadataRequest",
    "StrOptions",
    "_BaseComposition",
    "_BaseHeterogeneousEnsemble",
    "_EstimatorPrettyPrinter",
    "_VisualBlock",
    "_check_feature_names_in",
    "_check_sample_weight",
    "_check_y",
    "_fit_context",
    "_num_features",
    "_num_samples",
    "_openmp_effective_n_threads",
    "_raise_for_params",
    "_safe_indexing",
    "validate_params",
]

"""Find the estimator to be looked at inside pipelines, searches and ensembles."""

from sklearn.base import OneToOneFeatureMixin
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._sklearn_private import HasMethods
from ..modalities import resolve_modalities
from ..modalities._tables import column_names
from ..pipeline._target_transform import on_learned_scale

#: What predicts, for `validate_params`.
PREDICTOR = [HasMethods(["get_params", "predict"])]


def unwrap(estimator, X=None):
    """Go through fitted pipelines and searches to the estimator that they end in.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator, Pipeline, or search with a ``best_estimator_``.
    X : array-like of shape (n_samples, n_features), default=None
        Input of ``estimator``; it is transformed by the steps before a pipeline's last one.

    Returns
    -------
    estimator : estimator
        The innermost one that is neither a pipeline nor a search.
    X : array-like of shape (n_samples, n_features_out) or None
        The input of that estimator.
    """
    while True:
        if isinstance(estimator, Pipeline):
            if X is not None and len(estimator.steps) > 1:
                X = estimator[:-1].transform(X)
            estimator = estimator[-1]
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            return estimator, X


def refuse_class(estimator):
    """Say by the argument's name that a class is not fitted."""
    if isinstance(estimator, type):
        raise TypeError(f"estimator must be fitted, got the class {estimator.__name__}.")


def as_learned(estimator, y):
    """Take a model and targets to the scale on which the model learned.

    Parameters
    ----------
    estimator : estimator
        Fitted estimator, Pipeline, or search with a ``best_estimator_``.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        Targets on the scale of those of the fit.

    Returns
    -------
    estimator : estimator
        For a ModalityPipeline with a `target_transform`, its steps without it; any other is
        returned as it is.
    y : array-like
        The targets that this one is to be compared with.
    """
    refuse_class(estimator)
    inner = estimator
    while hasattr(inner, "best_estimator_"):
        inner = inner.best_estimator_
    transformer = getattr(inner, "target_transformer_", None)
    if transformer is None:
        return estimator, y
    return Pipeline(inner.steps), on_learned_scale(transformer, y)


def with_members(estimator, attribute, X=None):
    """Iterate over the estimators that have an attribute: this one, or its fitted members.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator; pipelines, searches and ensembles (``estimators_``) are looked into,
        to any depth.
    attribute : str
        Name of the attribute that every one found must have.
    X : array-like of shape (n_samples, n_features), default=None
        Input of ``estimator``, transformed on the way.

    Yields
    ------
    estimator : estimator
        One that has the attribute.
    X : array-like or None
        The input of that estimator.

    Raises
    ------
    NotFittedError
        If an estimator on the way is not fitted.
    TypeError
        If an estimator on the way has neither the attribute nor members.
    """
    inner, X = unwrap(estimator, X)
    if hasattr(inner, attribute):
        yield inner, X
    elif hasattr(inner, "estimators_"):
        for member in inner.estimators_:
            yield from with_members(member, attribute, X)
    else:
        check_is_fitted(inner)
        raise TypeError(
            f"Expected an estimator with `{attribute}`, such as a MoFARegressor, an ensemble of "
            f"them, or a pipeline ending in one; got {type(inner).__name__}, which has none."
        )


def modalities_of(estimator, X):
    """Find the columns of every modality in the input of a fitted estimator.

    Parameters
    ----------
    estimator : estimator
        A fitted estimator. The first with ``modalities_`` among it, its pipeline's steps (up to
        one that makes other columns), and its members tells them.
    X : ndarray or DataFrame of shape (n_samples, n_features)
        Input of ``estimator``. Where the estimator tells nothing, its column names do.

    Returns
    -------
    dict of str to ndarray of int
        Column positions of every modality.

    Raises
    ------
    ValueError
        If neither the estimator nor the column names tell the modalities.
    """
    known = _known_modalities(estimator)
    if known is not None:
        return known
    if column_names(X) is None:
        raise ValueError(
            f"{type(estimator).__name__} does not know its modalities, and X has no column names "
            "that tell them: pass modalities=, a dict of modality name -> width or columns."
        )
    return resolve_modalities(X)


def _known_modalities(estimator):
    """Return ``modalities_`` in terms of the estimator's own input, None where unknown."""
    if isinstance(estimator, str):  # "passthrough", "drop"
        return None
    if isinstance(estimator, Pipeline):
        for step in estimator:
            found = _known_modalities(step)
            if found is not None:
                return found
            if not (step == "passthrough" or isinstance(step, OneToOneFeatureMixin)):
                return None
        return None
    if hasattr(estimator, "modalities_"):
        return dict(estimator.modalities_)
    if hasattr(estimator, "best_estimator_"):
        return _known_modalities(estimator.best_estimator_)
    members = getattr(estimator, "estimators_", ())
    return next(filter(None, map(_known_modalities, members)), None)

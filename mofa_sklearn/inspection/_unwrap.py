"""Find the estimator to be looked at inside pipelines, searches and ensembles."""

from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted


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

"""Make probabilities as frequent as they say, from rows that were not learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq, minimize
from scipy.special import expit, logit, softmax
from sklearn.isotonic import isotonic_regression

# Odds beyond these are certainty.
_MIN_PROBABILITY = 1e-12
# Bounds of the inverse of a temperature.
_MIN_POWER, _MAX_POWER = 0.05, 20.0


@dataclass
class Temperature:
    """Probabilities to the power of 1 / temperature, normalised.

    Parameters
    ----------
    temperature : ndarray of shape (1,) or (n_labels,)
        Above one, probabilities become more even. For all classes, or for each label.
    """

    temperature: np.ndarray

    @classmethod
    def fit(cls, probabilities: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> Temperature:
        """Find the temperature of the least log loss; see :func:`fit_calibrator`."""
        if truth.ndim == 2:
            pairs = zip(probabilities.T, truth.T, strict=True)
            found = [_best_temperature(np.stack([1 - p, p], axis=1), y, weight) for p, y in pairs]
        else:
            found = [_best_temperature(probabilities, truth, weight)]
        return cls(np.array(found))

    def transform(self, probabilities: np.ndarray, labels: bool) -> np.ndarray:
        """Return calibrated probabilities, of the same shape."""
        powers = probabilities ** (1 / self.temperature)
        if labels:
            return powers / (powers + (1 - probabilities) ** (1 / self.temperature))
        return powers / powers.sum(axis=1, keepdims=True)


@dataclass
class Sigmoid:
    """A logistic function of each class's log-odds, normalised (Platt's method).

    Parameters
    ----------
    slope, intercept : ndarray of shape (n_classes,) or (n_labels,)
        Of the log-odds.
    """

    slope: np.ndarray
    intercept: np.ndarray

    @classmethod
    def fit(cls, probabilities: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> Sigmoid:
        """Find slopes and intercepts of the least log loss; see :func:`fit_calibrator`."""
        columns = _one_against_all(probabilities, truth)
        found = np.array([_best_line(_log_odds(p), y, weight) for p, y in columns])
        return cls(found[:, 0], found[:, 1])

    def transform(self, probabilities: np.ndarray, labels: bool) -> np.ndarray:
        """Return calibrated probabilities, of the same shape."""
        calibrated = expit(self.slope * _log_odds(probabilities) + self.intercept)
        return calibrated if labels else _normalized(calibrated)


@dataclass
class Isotonic:
    """A function of each class's probability that never falls, normalised.

    Parameters
    ----------
    before, after : list of n_classes or n_labels ndarrays
        The points between which probabilities are interpolated.
    """

    before: list[np.ndarray]
    after: list[np.ndarray]

    @classmethod
    def fit(cls, probabilities: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> Isotonic:
        """Find the functions of the least squared error; see :func:`fit_calibrator`."""
        points = [_steps(p, y, weight) for p, y in _one_against_all(probabilities, truth)]
        return cls([x for x, _ in points], [y for _, y in points])

    def transform(self, probabilities: np.ndarray, labels: bool) -> np.ndarray:
        """Return calibrated probabilities, of the same shape."""
        points = zip(probabilities.T, self.before, self.after, strict=True)
        calibrated = np.stack([np.interp(p, x, y) for p, x, y in points], axis=1)
        return calibrated if labels else _normalized(calibrated)


Calibrator = Temperature | Sigmoid | Isotonic

#: name -> class
CALIBRATORS: dict[str, type[Temperature] | type[Sigmoid] | type[Isotonic]] = {
    "temperature": Temperature,
    "sigmoid": Sigmoid,
    "isotonic": Isotonic,
}


def fit_calibrator(
    method: str,
    probabilities: np.ndarray,
    y: np.ndarray,
    classes: np.ndarray,
    sample_weight: np.ndarray,
) -> Calibrator:
    """Learn how probabilities are to be changed.

    Parameters
    ----------
    method : {"temperature", "sigmoid", "isotonic"}
        How.
    probabilities : ndarray of shape (n_samples, n_classes) or (n_samples, n_labels)
        Out-of-fold probabilities, without NaN.
    y : ndarray of shape (n_samples,) or (n_samples, n_labels)
        The classes, or an indicator of labels.
    classes : ndarray of shape (n_classes,) or (n_labels, 2)
        The classes, sorted.
    sample_weight : ndarray of shape (n_samples,)
        Positive weights of the rows.

    Returns
    -------
    Calibrator

    References
    ----------
    .. [1] Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks",
       ICML 2017 (temperature).
    .. [2] Platt, "Probabilistic Outputs for Support Vector Machines", 1999 (sigmoid).
    .. [3] Zadrozny and Elkan, "Transforming Classifier Scores into Accurate Multiclass
       Probability Estimates", KDD 2002 (isotonic, one class against all others).
    """
    truth = y if y.ndim == 2 else np.searchsorted(classes, y)
    return CALIBRATORS[method].fit(probabilities, truth, sample_weight)


def _one_against_all(probabilities: np.ndarray, truth: np.ndarray):
    """Yield each class's probabilities, and whether it is the true one."""
    for k, column in enumerate(probabilities.T):
        yield column, (truth[:, k] if truth.ndim == 2 else truth == k).astype(float)


def _best_temperature(probabilities: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> float:
    logs = np.log(np.maximum(probabilities, _MIN_PROBABILITY))
    of_truth = weight @ logs[np.arange(len(truth)), truth]

    def slope(power):
        # Of the log loss, which is convex in the power, and of a normal prior that is worth a
        # row of weight one: certainty takes more than a few rows without a mistake.
        return weight @ (softmax(power * logs, axis=1) * logs).sum(axis=1) - of_truth + power - 1

    if slope(_MIN_POWER) >= 0:
        return 1 / _MIN_POWER
    if slope(_MAX_POWER) <= 0:
        return 1 / _MAX_POWER
    return 1 / brentq(slope, _MIN_POWER, _MAX_POWER, xtol=1e-12)


def _best_line(odds: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return slope and intercept of a logistic regression on log-odds."""
    n_true, n_false = weight @ truth, weight @ (1 - truth)
    # Platt's targets: as if there were a row more of each kind.
    goal = np.where(truth > 0, (n_true + 1) / (n_true + 2), 1 / (n_false + 2))

    def loss(line):
        scores = line[0] * odds + line[1]
        residual = weight * (expit(scores) - goal)
        value = weight @ (np.logaddexp(0, scores) - goal * scores)
        return value, np.array([residual @ odds, residual.sum()])

    return minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B").x


def _steps(p: np.ndarray, truth: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners of the isotonic regression of the truth on probabilities."""
    values, position = np.unique(p, return_inverse=True)
    total = np.bincount(position, weight)
    mean = np.bincount(position, weight * truth) / total
    # Certainty would make one mistake infinitely bad.
    margin = 1 / (total.sum() + 2)
    fitted = isotonic_regression(mean, sample_weight=total, y_min=margin, y_max=1 - margin)
    is_corner = np.ones(len(fitted), dtype=bool)
    is_corner[1:-1] = (fitted[1:-1] != fitted[:-2]) | (fitted[1:-1] != fitted[2:])
    return values[is_corner], fitted[is_corner]


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    return logit(np.clip(probabilities, _MIN_PROBABILITY, 1 - _MIN_PROBABILITY))


def _normalized(calibrated: np.ndarray) -> np.ndarray:
    return calibrated / calibrated.sum(axis=1, keepdims=True)

"""Counts of synthetic micro-videos: their names and sizes, the signal in them and the noise."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from ._draws import draw_related, mix, standardise
from ._embeddings import N_READOUTS
from ._rows import CREATOR_SHARE

_TARGET_NAMES = ("views", "likes", "comments")
# Mean and standard deviation of log1p(count). A mean is at least five standard deviations, which
# is as far as the limits below let a target go, so that no count is negative.
_TARGET_SCALES = ((8.0, 1.5), (6.0, 1.2), (4.5, 0.9))
_FURTHER_TARGET_SCALE = (4.0, 0.8)
_SIGNAL_LIMIT, _NOISE_LIMIT = 3.0, 4.0  # standard deviations; sqrt(3**2 + 4**2) == 5

_N_JOINT = 2  # of the readouts that interact with another modality's
_MODALITY_WEIGHTS = (0.4, 1.6)  # lowest and highest, drawn for each modality and target
# Shares of the signal's variance, up to correlations between the parts.
_LINEAR, _CURVED, _JOINT = 0.7, 0.15, 0.15
_OF_NUMBERS = 0.75  # share of the signal that lies in raw numbers, where there are any


def target_name(index: int) -> str:
    return _TARGET_NAMES[index] if index < len(_TARGET_NAMES) else f"target_{index}"


def target_scale(index: int) -> tuple[float, float]:
    """Return mean and standard deviation of a target."""
    return _TARGET_SCALES[index] if index < len(_TARGET_SCALES) else _FURTHER_TARGET_SCALE


def compute_signal(
    rng, readouts: list[np.ndarray], of_numbers: list[np.ndarray], n_targets: int
) -> np.ndarray:
    """Compute what the features tell about each target, shape (n_samples, n_targets).

    `readouts` are of the embeddings, `of_numbers` what each block of raw numbers tells.
    """
    if not of_numbers:
        signal = _signal_of_embeddings(rng, readouts, n_targets)
    else:
        signal = standardise(np.sum(of_numbers, axis=0))
        if readouts:
            signal = mix(signal, _signal_of_embeddings(rng, readouts, n_targets), _OF_NUMBERS)
            signal = standardise(signal)
    return np.clip(signal, -_SIGNAL_LIMIT, _SIGNAL_LIMIT)


def _signal_of_embeddings(rng, readouts: list[np.ndarray], n_targets: int) -> np.ndarray:
    def draw_coefficients(n_terms: int) -> np.ndarray:
        return draw_related(rng, n_terms, n_targets)

    linear, curved, joint = np.zeros((3, len(readouts[0]), n_targets))
    for readout in readouts:
        weight = rng.uniform(*_MODALITY_WEIGHTS, size=n_targets)
        linear += weight * (readout @ draw_coefficients(N_READOUTS))
        curved += weight * (np.sqrt(1 + readout**2) @ draw_coefficients(N_READOUTS))
    for one, other in combinations(readouts, 2):
        products = np.tanh(one[:, :_N_JOINT]) * np.tanh(other[:, :_N_JOINT])
        joint += products @ draw_coefficients(_N_JOINT)

    parts = [(_LINEAR, linear), (_CURVED, curved), (_JOINT, joint)]
    return standardise(sum(np.sqrt(share) * standardise(part) for share, part in parts))


def draw_residual(
    rng, n_samples: int, n_targets: int, creator_ids: np.ndarray | None
) -> np.ndarray:
    """Draw what the features do not tell about each target, shape (n_samples, n_targets)."""
    residual = draw_related(rng, n_samples, n_targets)
    if creator_ids is not None:
        of_creator = draw_related(rng, creator_ids.max() + 1, n_targets)
        residual = mix(standardise(of_creator[creator_ids]), residual, CREATOR_SHARE)
    return np.clip(residual, -_NOISE_LIMIT, _NOISE_LIMIT)


def nmse(y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Normalised mean squared error of each target; NaN where the target is constant."""
    error = np.mean((y - prediction) ** 2, axis=0)
    variance = np.var(y, axis=0)
    return np.divide(error, variance, out=np.full_like(error, np.nan), where=variance > 0)

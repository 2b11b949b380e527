"""Losses: how far a prediction is from its target.

A loss is an ``nn.Module`` whose ``forward(prediction, target)`` gets two tensors of
shape (batch, n_targets), targets standardised, and returns the loss of each target of
each row, (batch, n_targets), or of each row, (batch,). The mean, weighted by the
rows' weights, is taken of that. Losses of torch, as ``torch.nn.SmoothL1Loss``, are
made with ``reduction="none"``.

A loss that cannot be told for a row alone, as a correlation, has ``whole_batch =
True``; its ``forward(prediction, target, weight)`` gets the rows' weights, (batch,),
too, and returns (n_targets,). Such a loss names axes from the end, and lets there be
a members axis before the others.

A loss with ``outputs_per_target`` gets as many outputs of the network for each
target: predictions are (batch, n_targets * outputs_per_target), a target's outputs
side by side.
"""

from .absolute_error import AbsoluteError
from .binary_cross_entropy import BinaryCrossEntropy
from .concordance import Concordance
from .cross_entropy import CrossEntropy
from .cumulative_link import CumulativeLink, ordered_logits
from .focal import BinaryFocal, Focal
from .huber import Huber
from .hybrid import Hybrid
from .mean_loss import make_loss, mean_loss, needs_whole_batch
from .positive_weighted import PositiveWeighted
from .quantile import Quantile
from .squared_error import SquaredError
from .target_weighted import TargetWeighted

#: The losses of numbers that can be named.
LOSSES = {
    "squared_error": SquaredError,
    "huber": Huber,
    "hybrid": Hybrid,
    "absolute_error": AbsoluteError,
    "ccc": Concordance,
    "quantile": Quantile,
}

#: The losses of one class out of several that can be named.
CLASS_LOSSES = {"cross_entropy": CrossEntropy, "focal": Focal}

#: The losses of labels that are each there or not, by the same names.
LABEL_LOSSES = {"cross_entropy": BinaryCrossEntropy, "focal": BinaryFocal}

#: The loss of ordered classes.
ORDINAL_LOSSES = {"cross_entropy": CumulativeLink}

__all__ = [
    "CLASS_LOSSES",
    "LABEL_LOSSES",
    "LOSSES",
    "ORDINAL_LOSSES",
    "AbsoluteError",
    "BinaryCrossEntropy",
    "BinaryFocal",
    "Concordance",
    "CrossEntropy",
    "CumulativeLink",
    "Focal",
    "Huber",
    "Hybrid",
    "PositiveWeighted",
    "Quantile",
    "SquaredError",
    "TargetWeighted",
    "make_loss",
    "mean_loss",
    "needs_whole_batch",
    "ordered_logits",
]

"""Which callbacks of skorch go with our training, and which cannot have an effect in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatch
from typing import Any

from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    InputShapeSetter,
    LRScheduler,
    PassthroughScoring,
)
from skorch.callbacks.training import ParamMapper
from torch import nn

from .net import MAX_GRADIENT_NORM

_SCHEDULE = (
    "the learning rate is set before every step, as schedule= says. Choose one there, or pass a "
    "class of your own (mofa_sklearn.training.schedules)"
)


def check_callbacks(callbacks: Sequence[Any], module: nn.Module, has_validation: bool) -> None:
    """Refuse callbacks that would be ignored, before the training.

    Parameters
    ----------
    callbacks : sequence
        The user's: instances, classes, or pairs of a name and one of them.
    module : torch.nn.Module
        The network to be trained.
    has_validation : bool
        Whether there are validation rows.

    Raises
    ------
    TypeError
        If one is no callback.
    ValueError
        If one cannot have an effect.
    """
    for callback in _unnamed(callbacks):
        if not hasattr(callback, "on_train_begin"):
            raise TypeError(
                "callbacks must be a list of skorch callbacks, or of pairs of a name and one of "
                f"them; got {callback!r}."
            )
        kind = callback if isinstance(callback, type) else type(callback)
        for refused, reason_of in _REASONS.items():
            if not issubclass(kind, refused):
                continue
            if isinstance(callback, type) and refused not in (LRScheduler, InputShapeSetter):
                continue  # a class is judged by its name alone: its parameters are the defaults
            reason = reason_of(callback, module, has_validation)
            if reason is not None:
                raise ValueError(f"{kind.__name__} cannot have an effect: {reason}.")


def sets_rate_in_vain() -> ValueError:
    """Make the error of a callback that sets a rate which is overruled."""
    return ValueError(
        f"A callback has set the learning rate in vain: {_SCHEDULE}. What a callback sets in "
        "on_batch_begin counts."
    )


def _unnamed(callbacks: Sequence[Any]) -> Iterator[Any]:
    for callback in callbacks:
        is_pair = isinstance(callback, tuple) and len(callback) == 2
        yield callback[1] if is_pair else callback


def _of_schedule(callback: Callback, module: nn.Module, has_validation: bool) -> str:
    return _SCHEDULE


def _of_shape(callback: Callback, module: nn.Module, has_validation: bool) -> str:
    return "the network's widths are those of the modalities; see modalities="


def _of_clipping(
    callback: GradientNormClipping, module: nn.Module, has_validation: bool
) -> str | None:
    bound = callback.gradient_clip_value
    if bound is None:
        return "its gradient_clip_value is None"
    if callback.gradient_clip_norm_type == 2 and bound >= MAX_GRADIENT_NORM:
        return (
            f"gradients are clipped to a norm of {MAX_GRADIENT_NORM:g} anyway, so that "
            f"gradient_clip_value={bound:g} never applies; take a smaller one, or none"
        )
    return None


def _of_patterns(callback: ParamMapper, module: nn.Module, has_validation: bool) -> str | None:
    patterns = callback.patterns
    patterns = list(patterns) if isinstance(patterns, (list, tuple)) else [patterns]
    names = [name for name, _ in module.named_parameters()]
    if any(_matches(pattern, name) for pattern in patterns for name in names):
        return None
    return f"no weight's name matches {patterns!r}; they are called {', '.join(names)}"


def _matches(pattern: str | Callable[[str], bool], name: str) -> bool:
    return bool(pattern(name)) if callable(pattern) else fnmatch(name, pattern)


def _of_validation(callback: Any, module: nn.Module, has_validation: bool) -> str | None:
    """Find out whether a callback looks at validation rows that are not there."""
    monitor = getattr(callback, "monitor", None)
    if has_validation:
        return None
    if isinstance(monitor, str) and monitor.startswith("valid"):
        looked_at = f"monitor={monitor!r}"
    elif getattr(callback, "on_train", True) is False:
        looked_at = "on_train=False"
    else:
        return None
    return (
        f"{looked_at} looks at validation rows, and there are none; pass X_val and y_val or "
        "early_stopping=True, or look at the training rows"
    )


_REASONS: dict[type, Callable[..., str | None]] = {
    LRScheduler: _of_schedule,
    InputShapeSetter: _of_shape,
    GradientNormClipping: _of_clipping,
    ParamMapper: _of_patterns,
    EarlyStopping: _of_validation,
    Checkpoint: _of_validation,
    EpochScoring: _of_validation,
    BatchScoring: _of_validation,
    PassthroughScoring: _of_validation,
}


def put_weights_back(callbacks: Sequence[tuple[str, Any]]) -> bool:
    """Tell whether one of the callbacks decides itself which epoch's weights are kept."""
    return any(
        isinstance(callback, EarlyStopping) and callback.load_best and callback.best_epoch_ > 0
        for _, callback in callbacks
    )


def restored_epoch(callbacks: Sequence[tuple[str, Any]], history: Any) -> int:
    """Tell which epoch's weights the last of the callbacks put back that do so.

    Parameters
    ----------
    callbacks : sequence of (name, callback)
        After the training.
    history : skorch.history.History
        Of all epochs.

    Returns
    -------
    int
        Counted from one over the history; 0 if none did.
    """
    restored = 0
    for _, callback in callbacks:
        if not getattr(callback, "load_best", False):
            continue
        if isinstance(callback, EarlyStopping):
            restored = callback.best_epoch_ or restored
        elif isinstance(callback, Checkpoint) and callback.event_name is not None:
            triggered = [epoch.get(callback.event_name, False) for epoch in history]
            stored = [position for position, it_was in enumerate(triggered, 1) if it_was]
            restored = stored[-1] if stored else restored
    return restored

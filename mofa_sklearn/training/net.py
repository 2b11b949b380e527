"""The skorch net that trains one network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from sklearn.utils import ClassifierTags, RegressorTags
from skorch import NeuralNet
from skorch.callbacks import EpochTimer
from skorch.dataset import get_len
from skorch.utils import to_numpy
from torch import Tensor

from ..networks import MoFANetwork
from ..networks.losses import mean_loss, needs_whole_batch
from .batches import Batches, Rows
from .chunks import EVALUATION_BATCH_SIZE
from .interrupts import StopTraining, interrupt_goes_up, raise_if_cancelled
from .reading import Reading, RowsAsRead

# MoFA-Lite's bound on the norm of a step's gradient.
MAX_GRADIENT_NORM = 1.0


class MoFANet(NeuralNet):
    """A skorch net for rows with weights, without per-row collation.

    Differs from :class:`skorch.NeuralNet` in what costs time or loses results:
    batches are sliced from tensors in memory, a loss is a weighted mean over rows
    (or of all validation rows together, where it needs that), gradients are clipped,
    an epoch's loss is read once instead of once a batch, and callbacks and interrupts
    that end a training are told apart.

    Parameters
    ----------
    module : torch.nn.Module
        The network, already built.
    criterion : torch.nn.Module
        A loss of :mod:`mofa_sklearn.networks.losses`.
    autocast : torch.dtype or None, default=None
        Precision of the matrix products; None computes in float32.
    reading : Reading or None, default=None
        How the user's callbacks read targets and outputs: they see rows, and the net
        predicts, in the units of the user's `y`. None where there are no such callbacks.
    **kwargs : dict
        Parameters of :class:`skorch.NeuralNet`.

    Attributes
    ----------
    interrupted_ : bool
        Whether the training was ended by an interrupt.
    """

    def __init__(
        self,
        module,
        criterion,
        *,
        autocast: torch.dtype | None = None,
        reading: Reading | None = None,
        iterator_train=Batches,
        iterator_train__shuffle: bool = True,
        iterator_valid=Batches,
        iterator_valid__batch_size: int = EVALUATION_BATCH_SIZE,
        dataset=Rows,
        **kwargs: Any,
    ) -> None:
        self.autocast = autocast
        self.reading = reading
        super().__init__(
            module,
            criterion=criterion,
            iterator_train=iterator_train,
            iterator_train__shuffle=iterator_train__shuffle,
            iterator_valid=iterator_valid,
            iterator_valid__batch_size=iterator_valid__batch_size,
            dataset=dataset,
            **kwargs,
        )

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer())]

    def check_data(self, X, y=None):
        """Accept :class:`Rows`, which hold their own targets."""

    def infer(self, x, **fit_params):
        device_type = torch.device(self.device).type
        with torch.autocast(device_type, dtype=self.autocast, enabled=self.autocast is not None):
            return super().infer(x, **fit_params)

    def get_loss(self, y_pred, y_true, X=None, training=False, penalty=None) -> Tensor:
        target, weight = y_true
        return mean_loss(self.criterion_, y_pred, target.to(y_pred.device), weight, penalty)

    def train_step(self, batch, **fit_params):
        if not self.module_.training:
            self._set_training(True)
        X, y = batch
        self.optimizer_.zero_grad()
        y_pred, penalty = self._infer_with_penalty(X, **fit_params)
        loss = self.get_loss(y_pred, y, X=X, training=True, penalty=penalty)
        if not loss.requires_grad:
            raise ValueError("All weights are frozen: nothing is left to train.")
        loss.backward()
        if self.reading is not None:  # nobody else wants to know
            named = list(self.module_.named_parameters())  # each callback goes through them
            seen = self._as_read(batch)
            self.notify("on_grad_computed", named_parameters=named, batch=seen, training=True)
        # From the optimiser: to look for them in all layers takes long for small networks.
        groups = self.optimizer_.param_groups
        parameters = [weights for group in groups for weights in group["params"]]
        torch.nn.utils.clip_grad_norm_(parameters, MAX_GRADIENT_NORM)
        self.optimizer_.step()
        return {"loss": loss, "y_pred": y_pred}

    def _infer_with_penalty(self, X, **fit_params) -> tuple[Tensor, Tensor | None]:
        if isinstance(self.module_, MoFANetwork):
            return self.infer(X, with_penalty=True, **fit_params)
        return self.infer(X, **fit_params), None

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        if iterator is None:
            return
        losses, weights, outputs = [], [], []
        together = needs_whole_batch(self.criterion_) and not training
        for batch in iterator:
            raise_if_cancelled()
            seen = self._as_read(batch)
            self.notify("on_batch_begin", batch=seen, training=training)
            step = step_fn(batch, **fit_params)
            losses.append(step["loss"].detach())
            _, (target, weight) = batch
            weights.append(losses[-1].new_tensor(len(target)) if weight is None else weight.sum())
            if together:
                outputs.append((step["y_pred"], target, weight))
            if self.reading is not None:
                # Asked for at every step only where somebody may look: a GPU has to be waited for.
                self.history.record_batch(f"{prefix}_loss", losses[-1].item())
                self.history.record_batch(f"{prefix}_batch_size", get_len(target))
                step["y_pred"] = step["y_pred"].detach().float()
            self.notify("on_batch_end", batch=seen, training=training, **step)
        if together:
            mean = self._loss_of_all(outputs)
        else:
            weight = torch.stack(weights).to(losses[0].device)
            mean = (torch.stack(losses) * weight).sum() / weight.sum()
        self.history.record(f"{prefix}_loss", mean.item())
        self.history.record(f"{prefix}_batch_count", len(losses))

    def _loss_of_all(self, outputs: list[tuple[Tensor, Tensor, Tensor | None]]) -> Tensor:
        """Compute the loss of all batches' rows together."""
        predictions, targets, weights = zip(*outputs, strict=True)
        weight = None if weights[0] is None else torch.cat(weights)
        return self.get_loss(torch.cat(predictions), (torch.cat(targets), weight))

    def _as_read(self, batch: tuple) -> tuple:
        """Return a batch as skorch's callbacks know it: ``X, y``."""
        if self.reading is None:
            return batch
        X, (target, _) = batch
        return X, self.reading.targets(target)

    def predict(self, X):
        if self.reading is None:
            return super().predict(X)
        return self.reading.predict(self._outputs(X))

    def predict_proba(self, X):
        if self.reading is None or not self.reading.is_classifier:
            return super().predict_proba(X)
        return self.reading.predict_proba(self._outputs(X))

    def score(self, X, y):
        return self.reading.score(self.predict(X), y)

    @property
    def classes_(self):
        classes = None if self.reading is None else self.reading.classes
        if classes is None:
            raise AttributeError("The net has no classes.")
        return classes

    def _outputs(self, X) -> Any:
        outputs = [to_numpy(chunk.float()) for chunk in self.forward_iter(X, training=False)]
        return np.concatenate(outputs)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        if self.reading is None:
            return tags
        if self.reading.is_classifier:
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        else:
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
        return tags

    def notify(self, method_name, **cb_kwargs):
        if self.reading is not None:
            for name in cb_kwargs.keys() & {"dataset_train", "dataset_valid"}:
                if cb_kwargs[name] is not None:
                    cb_kwargs[name] = RowsAsRead(cb_kwargs[name], self.reading)
        if method_name != "on_epoch_end":
            super().notify(method_name, **cb_kwargs)
            return
        # Every callback hears of the epoch before one of them ends the training.
        self.on_epoch_end(self, **cb_kwargs)
        stop = False
        for _, callback in self.callbacks_:
            try:
                callback.on_epoch_end(self, **cb_kwargs)
            except StopTraining:
                stop = True
            except KeyboardInterrupt:
                # skorch's callbacks, EarlyStopping for one, ask for the end like this;
                # ours do not, so in one of them it is the user's Ctrl-C.
                if type(callback).__module__.startswith("mofa_sklearn."):
                    raise
                stop = True
        if stop:
            raise StopTraining

    def partial_fit(self, X, y=None, classes=None, **fit_params):
        if not self.initialized_:
            self.initialize()
        fit_params.pop("_routing_method", None)
        self.interrupted_ = False
        self.notify("on_train_begin", X=X, y=y)
        history = self.history
        try:
            self.fit_loop(X, y, **fit_params)
        except StopTraining:
            pass
        except KeyboardInterrupt:
            if interrupt_goes_up():
                raise
            self.interrupted_ = True
        finally:
            self.notify("on_train_end", X=X, y=y)
            # A callback that loads earlier weights loads the history that they were stored with.
            self.history = history
        return self

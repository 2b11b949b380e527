"""The yardstick: MoFA-Lite as a plain PyTorch script trains it, without this package.

The original architecture, recipe and loop, with the original's faults repaired: the layers fit
together, and RankGauss and the scaling are learned from the training rows.
"""

import copy
from dataclasses import dataclass, field

import numpy as np
import torch
from sklearn.model_selection import KFold
from sklearn.preprocessing import QuantileTransformer, StandardScaler, normalize
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks._report import seconds_of

HIDDEN = 512
BATCH_SIZE = 128
LEARNING_RATE = 5e-4
WEIGHT_DECAY = 1e-3
CLIP_NORM = 1.0
PLATEAU_PATIENCE = 5
STOPPING_PATIENCE = 20


class MoFALite(nn.Module):
    """Encoders, one shared scorer, weighted concatenation, fusion layers and head."""

    def __init__(self, widths, n_targets):
        super().__init__()
        self.widths = list(widths)
        self.encoders = nn.ModuleList(_layer(width, HIDDEN, 0.2) for width in widths)
        self.scorer = nn.Sequential(nn.Linear(HIDDEN, 128), nn.GELU(), nn.Linear(128, 1))
        self.fusion = nn.Sequential(
            *_layer(len(self.widths) * HIDDEN, 512, 0.25), *_layer(512, 256, 0.2)
        )
        self.head = nn.Sequential(
            *(nn.Linear(256, 256), nn.GELU(), nn.Dropout(0.2)),
            *(nn.Linear(256, 128), nn.GELU(), nn.Dropout(0.2)),
            nn.Linear(128, n_targets),
        )

    def forward(self, x):
        blocks = x.split(self.widths, dim=1)
        encodings = [encoder(block) for encoder, block in zip(self.encoders, blocks, strict=True)]
        stacked = torch.stack(encodings, dim=1)  # (batch, n_modalities, HIDDEN)
        weights = self.scorer(stacked).softmax(dim=1)
        return self.head(self.fusion((stacked * weights).flatten(start_dim=1)))


def _layer(n_in, n_out, dropout):
    return nn.Sequential(
        nn.Linear(n_in, n_out), nn.LayerNorm(n_out), nn.GELU(), nn.Dropout(dropout)
    )


class Preprocessing:
    """RankGauss on "video", rows of norm one in every block, standardised columns."""

    def __init__(self, modalities):
        self.modalities = modalities

    def fit_transform(self, X):
        self.rank_gauss = QuantileTransformer(n_quantiles=1000, output_distribution="normal")
        self.scaler = StandardScaler()
        return self.scaler.fit_transform(self._normalize(X, self.rank_gauss.fit_transform))

    def transform(self, X):
        return self.scaler.transform(self._normalize(X, self.rank_gauss.transform))

    def _normalize(self, X, rank_gauss):
        ends = np.cumsum(list(self.modalities.values()))[:-1]
        blocks = dict(zip(self.modalities, np.split(X, ends, axis=1), strict=True))
        if "video" in blocks:
            blocks["video"] = rank_gauss(blocks["video"])
        return np.hstack([normalize(block) for block in blocks.values()]).astype(np.float32)


@dataclass
class PlainLoop:
    """Train one network on each of ten shuffled folds, one after the other; predict their mean.

    Preprocessing is learned once from all rows passed to `fit`, as our pipeline does.
    """

    modalities: dict
    n_folds: int = 10
    max_epochs: int = 300
    device: str = "cpu"
    seed: int = 0
    networks: list = field(default_factory=list, init=False)

    def fit(self, X, y):
        """Set `networks`, `n_epochs`, `preprocess_seconds` and `train_seconds`."""
        torch.manual_seed(self.seed)
        self.preprocessing, self.y_scaler = Preprocessing(self.modalities), StandardScaler()
        self.preprocess_seconds, X = seconds_of(lambda: self.preprocessing.fit_transform(X))
        y = self.y_scaler.fit_transform(y).astype(np.float32)
        self.networks, self.n_epochs = [], 0
        self.train_seconds, _ = seconds_of(lambda: self._fit_folds(X, y))
        return self

    def predict(self, X):
        """Average the networks' predictions, on the scale of the targets."""
        loader = DataLoader(TensorDataset(torch.from_numpy(self.preprocessing.transform(X))), 512)
        predictions = [predict(network, loader, self.device) for network in self.networks]
        return self.y_scaler.inverse_transform(np.mean(predictions, axis=0))

    def _fit_folds(self, X, y):
        X, y = torch.from_numpy(X), torch.from_numpy(y)
        folds = KFold(self.n_folds, shuffle=True, random_state=self.seed)
        for train_rows, valid_rows in folds.split(X):
            network = MoFALite(self.modalities.values(), y.shape[1]).to(self.device)
            train_set, valid_set = (
                TensorDataset(X[rows], y[rows]) for rows in (train_rows, valid_rows)
            )
            self.n_epochs += train(network, train_set, valid_set, self.max_epochs, self.device)
            self.networks.append(network)


def train(network, train_set, valid_set, max_epochs, device):
    """Train until the patience ends, put the best epoch's weights back; return the epochs."""
    train_loader = DataLoader(train_set, BATCH_SIZE, shuffle=True)
    valid_loader = DataLoader(valid_set, BATCH_SIZE)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY
    )
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=PLATEAU_PATIENCE
    )
    lowest, best, best_epoch = np.inf, None, 0
    for epoch in range(1, max_epochs + 1):
        train_epoch(network, train_loader, optimizer, device)
        loss = validation_loss(network, valid_loader, device)
        plateau.step(loss)
        if loss < lowest:
            lowest, best, best_epoch = loss, copy.deepcopy(network.state_dict()), epoch
        if epoch - best_epoch >= STOPPING_PATIENCE:
            break
    network.load_state_dict(best)
    return epoch


def train_epoch(network, loader, optimizer, device):
    """One pass over the training rows."""
    network.train()
    for x, y in loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(network(x.to(device)), y.to(device))
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), CLIP_NORM)
        optimizer.step()


def validation_loss(network, loader, device):
    """Mean squared error on standardised targets."""
    truth = loader.dataset.tensors[1].numpy()
    return float(np.mean((predict(network, loader, device) - truth) ** 2))


def predict(network, loader, device):
    """Outputs for all rows of a loader, shape (n_samples, n_targets)."""
    network.eval()
    with torch.no_grad():
        return torch.cat([network(batch[0].to(device)).cpu() for batch in loader]).numpy()

"""What skorch costs: epochs of MoFANet against a bare loop that takes the same steps."""

import time
from statistics import median

import torch
from torch import nn

from benchmarks._report import print_row
from mofa_sklearn.networks import MoFANetwork
from mofa_sklearn.networks.fusions import FUSIONS
from mofa_sklearn.networks.losses import LOSSES
from mofa_sklearn.training.batches import Rows
from mofa_sklearn.training.net import MAX_GRADIENT_NORM
from mofa_sklearn.training.schedules import SCHEDULES
from mofa_sklearn.training.seeding import seeded_dropout
from mofa_sklearn.training.train import TrainingPlan, train

LEARNING_RATE, WEIGHT_DECAY = 1e-3, 1e-3
WIDTHS = (24, 12, 15, 5)
# name -> widths of the blocks, hidden width, rows
SIZES = {
    "full size": ((1024, 768, 1024), 512, 8000),
    "small": ((64, 48, 64), 64, 2000),
    "tiny": ((6, 16), 16, 1000),
}


def compare_loops(n_epochs, n_repeats, batch_size=128, max_rows=None):
    """Print seconds per epoch of both loops for several sizes, the loops taking turns."""
    print(f"\nmedian of {n_repeats} times {n_epochs} epochs; batches of {batch_size}")
    print_row(["size", "bare s/epoch", "MoFANet s/epoch", "ratio"], WIDTHS)
    for name, (widths, hidden_dim, n_rows) in SIZES.items():
        n_rows = min(n_rows, max_rows or n_rows)
        rows = Rows(torch.randn(n_rows, sum(widths)), torch.randn(n_rows, 3))
        seconds = {fit_bare: [], fit_net: []}
        for _ in range(n_repeats):
            for fit in seconds:
                network = MoFANetwork(widths, 3, FUSIONS["modality_attention"], hidden_dim)
                start = time.perf_counter()
                fit(network, rows, n_epochs, batch_size)
                seconds[fit].append((time.perf_counter() - start) / n_epochs)
        bare, net = (median(values) for values in seconds.values())
        label = f"{name} ({n_rows:,} rows)"
        print_row([label, f"{bare:.4f}", f"{net:.4f}", f"{net / bare:.2f}"], WIDTHS)


def fit_bare(network, rows, n_epochs, batch_size):
    """Slices of tensors in memory, fused AdamW, clipped gradients, and nothing else."""
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY, fused=True
    )
    network.train()
    with seeded_dropout(network, 0):
        for _ in range(n_epochs):
            for batch in torch.randperm(len(rows)).split(batch_size):
                optimizer.zero_grad()
                loss = nn.functional.mse_loss(network(rows.X[batch]), rows.y[batch])
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), MAX_GRADIENT_NORM)
                optimizer.step()


def fit_net(network, rows, n_epochs, batch_size):
    """The package's way: a MoFANet with its callbacks."""
    plan = TrainingPlan(
        criterion=LOSSES["squared_error"](),
        schedule=SCHEDULES["constant"](),
        learning_rate=LEARNING_RATE,
        weight_decay=WEIGHT_DECAY,
        batch_size=batch_size,
        max_epochs=n_epochs,
        keep_best=False,
        n_iter_no_change=None,
        device=torch.device("cpu"),
        autocast=None,
        shuffle_seed=0,
        dropout_seed=0,
    )
    train(network, rows, None, plan)

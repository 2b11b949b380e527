"""How one network is trained: batches, schedule, skorch net, threads."""

from . import forks as forks  # a copy of this process must be able to compute

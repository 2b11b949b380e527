"""How one network is trained: batches, schedule, skorch net, threads."""

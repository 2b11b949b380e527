"""Settings of the whole test run."""

import os

# Small networks: more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import matplotlib
from hypothesis import settings

matplotlib.use("Agg")

# The same examples in every run, however slow the machine is.
settings.register_profile("tests", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("tests")

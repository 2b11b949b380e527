"""An ensemble whose process is ended from outside goes on with the members that are missing."""

import signal
import sys
from itertools import pairwise

import pytest
from numpy.testing import assert_array_equal

from ..helpers import make_data
from ..processes import in_fresh_process
from . import kills

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Have processes killed at every moment: their folders, and what was stored after each."""
    folder = tmp_path_factory.mktemp("killed")
    return folder, in_fresh_process(kills.main, folder)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("way", kills.WAYS)
def test_a_fit_killed_at_any_moment_ends_as_if_nothing_had_happened(way, killed):
    folder, runs = killed
    runs = [(moment, code, stored) for of, moment, code, stored in runs if of == way]
    for moment, code, _ in runs:
        assert code == -signal.SIGKILL or (code == 0 and moment == "random")

    X, y = make_data(60)
    resumed = kills.fit(way, folder / way)
    # No kill costs a member, and no member is fitted twice, unless all train together.
    storeds = [stored for *_, stored in runs] + [kills.stored(folder / way)]
    for before, after in pairwise(storeds):
        assert before.keys() <= after.keys()
        assert before.items() <= after.items() or way == "stacked"
    assert len(storeds[-1]) == kills.N_FOLDS

    whole = kills.make_ensemble(way, None)
    if way != "stacked":  # with a folder, "auto" fits members one by one
        whole.set_params(engine="joblib")
    whole.fit(X, y)
    assert_array_equal(resumed.predict(X), whole.predict(X))
    assert_array_equal(resumed.oof_prediction_, whole.oof_prediction_)

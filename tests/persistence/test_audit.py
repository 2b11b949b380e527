"""Whatever is changed in a file, nothing happens but that it is read."""

import os

import pytest

from ..processes import in_fresh_process
from ._audit import run

# A longer run: MOFA_AUDIT_SECONDS=600, or python -m tests.persistence._audit --seconds 600.
SECONDS = float(os.environ.get("MOFA_AUDIT_SECONDS", "3"))


@pytest.mark.processes
def test_forged_files_do_nothing_but_be_read():
    # In a process that has imported nothing of ours: what is imported already is no event.
    result = in_fresh_process(run, SECONDS)
    print(result)
    assert result["problems"] == []
    assert result["refused"] > result["loaded"] > 10
    assert result["refused"] + result["loaded"] == result["mutations"]

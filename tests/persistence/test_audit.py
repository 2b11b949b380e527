"""Whatever is changed in a file, nothing happens but that it is read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

# A longer run: MOFA_AUDIT_SECONDS=600, or python -m tests.persistence._audit --seconds 600.
SECONDS = os.environ.get("MOFA_AUDIT_SECONDS", "3")


@pytest.mark.processes
def test_forged_files_do_nothing_but_be_read():
    # In a process that starts from nothing: what is imported already is no event.
    result = subprocess.run(
        [sys.executable, "-m", "tests.persistence._audit", "--seconds", SECONDS],
        env={**os.environ, "PYTHONFAULTHANDLER": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    result = json.loads(result.stdout)
    print(result)
    assert result["problems"] == []
    assert result["refused"] > result["loaded"] > 10
    assert result["refused"] + result["loaded"] == result["mutations"]

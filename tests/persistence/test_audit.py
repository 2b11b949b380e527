"""Whatever is changed in a file, nothing happens but that it is read."""

import json
import os

from ..helpers import run_in_fresh_process

# A longer run: MOFA_AUDIT_SECONDS=600, or python -m tests.persistence._audit --seconds 600.
SECONDS = os.environ.get("MOFA_AUDIT_SECONDS", "15")


def test_forged_files_do_nothing_but_be_read():
    code = """
        import faulthandler
        faulthandler.enable()
        from tests.persistence._audit import main
        main()
    """
    result = json.loads(run_in_fresh_process(code, "--seconds", SECONDS))
    print(result)
    assert result["problems"] == []
    assert result["refused"] > result["loaded"] > 10
    assert result["refused"] + result["loaded"] == result["mutations"]

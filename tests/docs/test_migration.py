"""The script that the migration page takes apart is a real one."""

import re
import runpy
from pathlib import Path

import numpy as np

from mofa_sklearn.datasets import make_micro_videos

PAGE = Path(__file__).parents[2] / "docs" / "migration.md"


def test_the_script_of_the_migration_page_runs(tmp_path, monkeypatch, capsys):
    widths = {"image": 6, "video": 5, "text": 4}
    videos = make_micro_videos(60, modalities=widths, return_bunch=True, random_state=0)
    blocks = np.split(videos.data, [6, 11], axis=1)
    for name, block in zip(widths, blocks, strict=True):
        np.save(tmp_path / f"{name}_features.npy", block)
    np.save(tmp_path / "popularity_counts.npy", videos.counts)

    script = re.search(r"```python\n(import numpy.*?)```", PAGE.read_text("utf-8"), re.DOTALL)[1]
    small = script.replace("= 10, 300, 20, 512", "= 2, 3, 2, 16").replace(
        "QuantileTransformer(", "QuantileTransformer(n_quantiles=50, "
    )
    assert small != script
    (tmp_path / "script.py").write_text(small, "utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path("script.py")
    assert re.fullmatch(r"NMSE \d\.\d+\n", capsys.readouterr().out)
    assert len(list(tmp_path.glob("best_fold*.pt"))) == 2

"""The lake's own evaluation: on its own pictures, one a group, once for the same pictures."""

import io
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from assets.evaluation import evaluation, labelled
from storage import Lake, schemas


def jpeg(seed: int, quality: int = 90) -> bytes:
    """A picture of 400×300 pixels with detail of several sizes."""
    rng = np.random.default_rng(seed)
    tones = np.zeros((300, 400, 3))
    for cells in (4, 16, 64):
        noise = rng.integers(0, 256, (cells * 3 // 4, cells, 3), dtype=np.uint8)
        tones += np.asarray(Image.fromarray(noise).resize((400, 300), Image.Resampling.BICUBIC)) / 3
    data = io.BytesIO()
    Image.fromarray(tones.astype(np.uint8)).save(data, "JPEG", quality=quality)
    return data.getvalue()


def lake_of(root: Path, files: list[tuple[str, bytes]]) -> Lake:
    """A lake with the tables that the asset reads: each file with the group it stands in."""
    lake = Lake.open(root, "hand-made")
    originals, groups = [], []
    for number, (group, data) in enumerate(files):
        sha256, path = lake.images.add_bytes(data, ".jpg")
        image = f"met:{number}#0"
        originals.append(
            {
                "image_id": image,
                "artwork_id": f"met:{number}",
                "source": "met",
                "url": f"https://example.org/{number}.jpg",
                "sha256": sha256,
                "path": lake.images.relative(path),
                "bytes": len(data),
                "media_type": "image/jpeg",
            }
        )
        groups.append({"image_id": image, "group_id": group, "group_size": 1})
    lake.write("images/originals", schemas.table(schemas.ORIGINALS, originals), ["image_id"])
    lake.write("duplicates/groups", schemas.table(schemas.GROUPS, groups), ["image_id"])
    return lake


def evaluated(lake: Lake) -> tuple[pa.Table, dict]:
    done = dg.materialize([evaluation], resources={"lake": lake})
    [made] = done.get_asset_materialization_events()
    return lake.read("duplicates/evaluation"), dict(made.materialization.metadata)


@pytest.mark.slow
def test_one_base_a_group_and_the_same_answer_again(tmp_path: Path) -> None:
    files = [("a", jpeg(1)), ("a", jpeg(1, 50)), ("b", jpeg(2))]
    lake = lake_of(tmp_path, files)
    table, facts = evaluated(lake)
    assert facts["bases"].value == 2
    assert facts["variants"].value == 2 * 22
    assert table.num_rows == 22 and set(table["files"].to_pylist()) == {2}
    assert "recompress_60" in facts["by kind"].value
    assert facts["group F1"].value > 0.9
    before = lake.path("duplicates/evaluation").read_bytes()
    evaluated(lake)
    assert lake.path("duplicates/evaluation").read_bytes() == before


def test_a_lake_without_pictures(tmp_path: Path) -> None:
    table, facts = evaluated(lake_of(tmp_path, []))
    assert facts["bases"].value == 0
    assert table.num_rows == 0


def test_without_samples_nothing_is_labelled(tmp_path: Path) -> None:
    lake = Lake.open(tmp_path, "hand-made")
    assert dg.materialize([labelled], resources={"lake": lake, "samples": None}).success
    assert lake.read("duplicates/labelled").num_rows == 0


@pytest.mark.slow
@pytest.mark.samples
def test_what_people_labelled_comes_out_as_they_said(tmp_path: Path, samples: Path) -> None:
    lake = Lake.open(tmp_path, "hand-made")
    assert dg.materialize([labelled], resources={"lake": lake, "samples": samples}).success
    rows = lake.read("duplicates/labelled").to_pylist()
    found = {(row["set"], row["figure"]): row["value"] for row in rows}
    assert found["natural pairs, pixels alone", "same work found, share"] >= 0.95
    assert found["natural pairs, pixels alone", "look-alikes let through"] <= 1
    for name in ("pdq_bridge", "pdq_dih", "perception", "caltech_rand_resize"):
        assert found[name, "group f1"] >= 0.97, name
    # Its askew copies with black corners are proposed by no hash: two of eleven stay apart.
    assert found["imagededup", "group precision"] == 1.0
    assert found["imagededup", "group f1"] >= 0.8

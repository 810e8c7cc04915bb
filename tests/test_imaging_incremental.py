"""New pictures join the old: the same pairs and groups as from scratch, and only their own comparisons made."""

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from imaging.duplicates.groups import find_groups
from imaging.duplicates.pairs import find_pairs
from imaging.versions import COMPARE
from tests._paintings import painting
from tests._pictures import measured, vectors

Collection = tuple[pa.Table, pa.Table, Path]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Five paintings with copies, crops and equal files; their store; vectors that propose a little more."""
    root = tmp_path_factory.mktemp("collection")
    files: dict[str, Path] = {}

    def add(name: str, picture: Image.Image, quality: int = 88) -> None:
        files[name] = root / f"{name}.jpg"
        picture.save(files[name], quality=quality)

    for seed in range(5):
        add(f"a{seed}", painting(seed))
        add(f"{'zb'[seed % 2]}{seed}", painting(seed).resize((200, 160)), quality=60)
    add("c0", painting(0))
    add("c1", painting(1).crop((8, 6, 312, 250)))
    add("c2", ImageEnhance.Contrast(painting(2)).enhance(0.8))
    images = measured(files, root / "store")
    rng = np.random.default_rng(0)
    rows = {sha256: rng.uniform(0.4, 1.6, 32) for sha256 in images["sha256"].to_pylist()}
    return images, vectors(rows), root / "store"


def outcome(
    images: pa.Table, given_vectors: pa.Table, store: Path, memo: Path | None
) -> tuple[bytes, bytes]:
    pairs = find_pairs(images, None, store, vectors=given_vectors, memo=memo)
    return parquet(pairs), parquet(find_groups(images["image_id"].to_pylist(), pairs))


def parquet(table: pa.Table) -> bytes:
    written = io.BytesIO()
    pq.write_table(table.combine_chunks(), written)
    return written.getvalue()


def compared(memo: Path) -> list[str]:
    """The keys of all comparisons that were made, one by one."""
    shards = sorted((memo / COMPARE).glob("*.parquet"))
    return [key for shard in shards for key in pq.read_table(shard)["pair"].to_pylist()]


@settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_whatever_the_order_of_arrival_the_result_is_that_of_one_run(
    collection: Collection, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    images, given_vectors, store = collection
    memo = tmp_path_factory.mktemp("memo")
    arrival = data.draw(st.permutations(range(images.num_rows)))
    cuts = sorted(data.draw(st.sets(st.integers(1, images.num_rows - 1), max_size=3)))
    for stop in [*cuts, images.num_rows]:
        last = outcome(images.take(arrival[:stop]), given_vectors, store, memo)
    assert last == outcome(images, given_vectors, store, None)
    made = compared(memo)
    assert len(made) == len(set(made))  # nothing twice


def test_only_pairs_of_new_pictures_are_compared(collection: Collection, tmp_path: Path) -> None:
    images, given_vectors, store = collection
    images = images.sort_by("image_id")
    new = images.num_rows - 1
    outcome(images.slice(0, new), given_vectors, store, tmp_path)
    before = compared(tmp_path)
    outcome(images, given_vectors, store, tmp_path)
    made = compared(tmp_path)
    fresh = [key for key in made if key not in set(before)]
    assert before and fresh
    assert all(images["content"][new].as_py() in key for key in fresh)
    outcome(images, given_vectors, store, tmp_path)
    assert compared(tmp_path) == made

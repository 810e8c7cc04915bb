"""Derivatives to batches: the same ones whenever asked for, dealt out whole, and a bad file is named."""

import threading
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models.feed import Feed, FeedError
from models.pixels import read_square
from models.recipe import Recipe
from tests._networks import LABELS, derivative, training_set

RECIPE = Recipe(batch_size=4, image_size=32)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def table(store):
    return training_set(store, {"train": 22, "validation": 7})


def rows(feed: Feed, epoch: int = 0, start: int = 0) -> list[list[int]]:
    return [batch.rows.tolist() for batch in feed.epoch(epoch, start)]


def feed(table, store, side="train", recipe=RECIPE, **where) -> Feed:
    return Feed(table, store, LABELS, recipe, side, **where)


def test_a_batch_holds_pictures_targets_and_where_they_are_from(table, store):
    (*_, batch) = feed(table, store, "validation").epoch(0)
    assert tuple(batch.images.shape) == (3, 3, 32, 32)
    assert batch.rows.tolist() == [26, 27, 28]
    for place, row in enumerate(batch.rows.tolist()):
        of = table.slice(row, 1).to_pylist()[0]
        assert batch.sha256[place] == of["sha256"]
        square = read_square(store / of["path"], 32)
        assert np.array_equal(batch.images[place].permute(1, 2, 0).numpy(), square)
        assert LABELS["department"][batch.targets["department"][place]] == of["department"]
        style = int(batch.targets["style"][place])
        assert (LABELS["style"][style] if style >= 0 else None) == of["style"]


def test_images_lie_in_memory_as_convolutions_like_them(table, store):
    import torch

    batch = next(feed(table, store).epoch(0))
    assert batch.images.dtype == torch.uint8
    assert batch.images.is_contiguous(memory_format=torch.channels_last)


def test_training_is_shuffled_by_seed_and_epoch_alone(table, store):
    first = rows(feed(table, store))
    assert first == rows(feed(table, store))
    assert first != rows(feed(table, store), epoch=1)
    assert first != rows(feed(table, store, recipe=replace(RECIPE, seed=1)))


def test_an_epoch_goes_on_in_its_middle_without_decoding_what_went_before(table, store, tmp_path):
    whole = rows(feed(table, store))
    assert rows(feed(table, store), start=3) == whole[3:]
    there = [row for batch in whole[3:] for row in batch]  # only these files exist here
    for row in there:
        derivative(tmp_path, f"p{row}", row)
    assert rows(feed(table, tmp_path), start=3) == whole[3:]


def test_training_gives_up_its_last_partial_batch_and_other_sides_do_not(table, store):
    assert [len(batch) for batch in rows(feed(table, store))] == [4] * 5
    assert rows(feed(table, store, "validation")) == [[22, 23, 24, 25], [26, 27, 28]]
    assert len(feed(table, store)) == 5
    assert len(feed(table, store, "validation")) == 2
    assert rows(feed(table, store, "test")) == []


def test_a_single_partial_batch_of_training_is_kept(table, store):
    few = pa.concat_tables([table.slice(0, 3), table.slice(22)])
    assert [sorted(batch) for batch in rows(feed(few, store))] == [[0, 1, 2]]


@pytest.mark.parametrize("side", ["train", "validation"])
def test_processes_share_each_step_between_them(table, store, side):
    alone = rows(feed(table, store, side))
    shares = [rows(feed(table, store, side, rank=rank, world=2)) for rank in (0, 1)]
    assert len(shares[0]) == len(shares[1]) == len(feed(table, store, side, rank=1, world=2))
    assert [sorted(a + b) for a, b in zip(*shares, strict=True)] == [sorted(one) for one in alone]


def test_too_few_pictures_for_the_processes_are_refused(table, store):
    with pytest.raises(FeedError, match="2 pictures to train on .* 3 processes"):
        feed(table.slice(0, 2), store, world=3)


def test_a_label_that_the_network_has_not_is_refused(table, store):
    without = {**LABELS, "style": ("Baroque",)}
    with pytest.raises(FeedError, match="by a style that the network has not: Rococo"):
        Feed(table, store, without, RECIPE, "train")


@pytest.mark.parametrize("fault", ["vanished", "empty", "cut", "html"])
def test_a_broken_derivative_is_named(tmp_path, fault):
    table = training_set(tmp_path, {"train": 8})
    file = tmp_path / table["path"][5].as_py()
    data = file.read_bytes()
    file.unlink()
    if fault != "vanished":
        broken = {"empty": b"", "cut": data[: len(data) // 2], "html": b"<html>404</html>"}
        file.write_bytes(broken[fault])
    with pytest.raises(
        FeedError, match=r"p5\.jpg cannot be read: .+ goes on at its last checkpoint"
    ):
        rows(feed(table, tmp_path))


def test_a_trainer_that_stops_early_leaves_no_thread_behind(table, store):
    batches = feed(table, store).epoch(0)
    next(batches)
    batches.close()
    assert not [one.name for one in threading.enumerate() if one.name.startswith("feed")]

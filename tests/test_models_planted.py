"""Planted outliers: what is planted is what was asked for, and the figures are the textbook's."""

import numpy as np
import pytest
from PIL import Image

from models import planted
from models.planted import damage, filed_elsewhere, judge, strangers, swapped


def blobs(counts=(40, 40, 40), width=10, spread=3.0, seed=0):
    random = np.random.default_rng(seed)
    targets = np.repeat(np.arange(len(counts)), counts)
    centres = random.normal(size=(len(counts), width)) * spread
    vectors = centres[targets] + random.normal(size=(len(targets), width))
    groups = np.array([f"g{number // 2:03d}" for number in range(len(targets))])
    return vectors, targets, groups


def test_swaps_change_a_whole_group_and_nothing_else():
    vectors, targets, groups = blobs()
    made = swapped(vectors, targets, groups)
    assert made.odd.sum() == 6 and made.sound.all()  # 5 % of 60 groups of two
    assert np.array_equal(made.targets != targets, made.odd)
    for group in np.unique(groups[made.odd]):
        assert len(np.unique(made.targets[groups == group])) == 1
    assert np.array_equal(swapped(vectors, targets, groups).targets, made.targets)
    assert not np.array_equal(swapped(vectors, targets, groups, seed=1).targets, made.targets)
    with pytest.raises(ValueError, match="one alone"):
        swapped(vectors, np.zeros(120, int), groups)


def test_a_label_filed_elsewhere_is_no_longer_taught():
    vectors, targets, groups = blobs()
    made = filed_elsewhere(vectors, targets, groups, 1)
    assert set(made.targets) == {0, 1} and made.odd.sum() == 4 == (~made.sound).sum()
    theirs = {row.tobytes() for row in vectors[targets == 1]}
    assert {row.tobytes() for row in made.vectors[made.odd]} <= theirs
    assert not theirs & {row.tobytes() for row in made.vectors[~made.odd]}
    assert made.logits.shape == (84, 2)


def test_every_measure_is_judged_and_the_obvious_is_found():
    vectors, targets, groups = blobs()
    far = np.random.default_rng(9).normal(size=(30, 10)) * 3 - 30
    found = planted.report(strangers(vectors, targets, groups, far))
    assert found["pictures"] == 126 and found["planted"] == 6
    assert list(found["measures"])[-1] == "combined"
    for name in ("centroid_distance", "mahalanobis", "knn_distance"):
        assert found["measures"][name]["auroc"] > 0.95, name
    assert found["measures"]["combined"]["auroc"] > 0.85
    swaps = planted.report(swapped(vectors, targets, groups))["measures"]
    assert swaps["label_doubt"]["auroc"] > 0.95 and swaps["combined"]["auroc"] > 0.9
    assert swaps["knn_distance"]["auroc"] < 0.9  # it knows no labels


def test_auroc_and_false_positives_are_as_counted_by_hand():
    odd = np.array([True, True, False, False, False])
    told = judge(np.array([0.9, 0.4, 0.5, 0.3, 0.1]), odd)
    assert told["auroc"] == pytest.approx(5 / 6)
    assert told["fpr_at_95_recall"] == pytest.approx(1 / 3)
    assert 0 <= told["low"] < told["auroc"] < told["high"] <= 1
    perfect = judge(np.arange(5)[::-1], odd)
    assert perfect["auroc"] == 1 and perfect["fpr_at_95_recall"] == 0
    assert perfect["low"] < 0.9  # two of two found are no proof
    assert judge(np.zeros(5), odd)["auroc"] == 0.5
    with pytest.raises(ValueError, match="0 of 5 are odd"):
        judge(np.arange(5), np.zeros(5, bool))


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    random, hits = np.random.default_rng(0), 0
    odd = np.arange(400) < 40
    for _ in range(200):
        told = judge(random.normal(size=400) + odd, odd)
        hits += told["low"] <= 0.7602 <= told["high"]  # Φ(1/√2)
    assert 0.9 <= hits / 200 <= 0.99


def test_damages_spoil_a_picture_the_same_way_each_time():
    picture = Image.linear_gradient("L").convert("RGB")
    for kind in planted.DAMAGES:
        spoilt = damage(picture, kind, 3)
        assert spoilt.size == picture.size and spoilt.mode == "RGB"
        assert spoilt.tobytes() == damage(picture, kind, 3).tobytes() != picture.tobytes()
    assert damage(picture, "inverted").getpixel((0, 0)) == (255, 255, 255)
    with pytest.raises(ValueError, match="no damage 'rain'"):
        damage(picture, "rain")


def test_experiments_plant_all_that_a_collection_can_bear():
    vectors, targets, groups = blobs()
    asked = []

    def picture(row):
        asked.append(row)
        return Image.new("RGB", (16, 16), (row, 0, 0))

    made = planted.experiments(
        vectors,
        targets,
        groups,
        ("Armour", "Drawings", "Paintings"),
        picture,
        lambda one: np.full(10, np.asarray(one).mean()),
    )
    assert list(made) == [
        "label swapped",
        *(f"damaged: {kind}" for kind in planted.DAMAGES),
        *(f"filed elsewhere: {name}" for name in ("Armour", "Drawings", "Paintings")),
    ]
    blurred = made["damaged: blur"]
    assert set(np.flatnonzero(blurred.odd)) == set(asked)
    assert np.array_equal(blurred.vectors[~blurred.odd], vectors[~blurred.odd])

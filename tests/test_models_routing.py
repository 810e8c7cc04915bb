"""What is routed is right as often as promised, whatever the luck of the draw."""

import numpy as np
import pytest

from models.routing import (
    PRECISION,
    by_label,
    choose_threshold,
    independent,
    lower_bound,
    risk_coverage,
    routed,
    seen_threshold,
)


def drawn(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Calibrated confidences, half of them above 99.9 %, and whether each was right."""
    scores = np.where(
        random.random(count) < 0.5,
        1 - 0.001 * random.random(count),
        0.9 + 0.099 * random.random(count),
    )
    return scores, random.random(count) < scores


def test_a_chosen_threshold_keeps_its_promise_in_19_draws_of_20():
    random = np.random.default_rng(0)
    everything, _ = drawn(random, 200_000)
    everything.sort()
    true_precision = everything[::-1].cumsum()[::-1] / np.arange(len(everything), 0, -1)
    broken = chosen = 0
    for _ in range(400):
        threshold = choose_threshold(*drawn(random, 1000))
        if threshold is not None:
            chosen += 1
            broken += true_precision[np.searchsorted(everything, threshold)] < PRECISION
    assert chosen > 200, "too careful to be of use"
    assert broken <= 20 + 2.5 * np.sqrt(400 * 0.05 * 0.95)


@pytest.mark.parametrize("count", [299, 700, 2500])
def test_what_is_not_worth_99_per_cent_is_rarely_routed(count):
    """Every share of these is right in just under 99 %: whatever is chosen breaks the promise."""
    random = np.random.default_rng(1)
    chosen = sum(
        choose_threshold(random.random(count), random.random(count) < 0.9895) is not None
        for _ in range(400)
    )
    assert chosen <= 20 + 2.5 * np.sqrt(400 * 0.05 * 0.95)


def test_a_lowest_share_that_happens_to_be_right_is_not_enough():
    """What the point estimate would route to the last picture is not proven to be worth it."""
    right = np.ones(1000, bool)
    right[[*range(100, 1000, 100)]] = False  # 9 mistakes: 99.1 % are right
    threshold = choose_threshold(np.linspace(1, 0.5, 1000), right)
    assert threshold is None or threshold > 0.7


def test_all_is_routed_where_all_is_right():
    scores = np.linspace(1, 0.5, 1000)
    assert choose_threshold(scores, np.ones(1000, bool)) == pytest.approx(0.5)
    told = routed(scores, np.ones(1000, bool), 0.5)
    assert (told["share"], told["precision"], told["observations"]) == (1, 1, 1000)


def test_fewer_than_299_groups_prove_nothing():
    assert choose_threshold(np.linspace(1, 0.5, 298), np.ones(298, bool)) is None
    assert choose_threshold(np.linspace(1, 0.5, 299), np.ones(299, bool)) is not None
    groups = np.arange(1000) % 298
    assert choose_threshold(np.linspace(1, 0.5, 1000), np.ones(1000, bool), groups) is None


def test_copies_prove_nothing_more():
    scores, right = np.linspace(1, 0.5, 700), np.arange(700) % 90 > 0
    groups = np.arange(700)
    alone = choose_threshold(scores, right)
    assert (
        choose_threshold(np.repeat(scores, 5), np.repeat(right, 5), np.repeat(groups, 5)) == alone
    )
    told = routed(np.repeat(scores, 5), np.repeat(right, 5), 0.8, np.repeat(groups, 5))
    assert told["at_least"] == routed(scores, right, 0.8)["at_least"]
    assert told["routed"] == 5 * told["observations"]


def test_nothing_routed_and_the_bound():
    assert choose_threshold(np.linspace(0, 1, 400), np.zeros(400, bool)) is None
    told = routed(np.ones(10), np.zeros(10, bool), None)
    assert told["precision"] is None and told["at_least"] is None and told["share"] == 0
    # 299 right of 299 is the least that proves 99 % at 95 % confidence: 0.05 ** (1 / 299).
    assert (
        lower_bound(299, 299) == pytest.approx(0.05 ** (1 / 299)) and lower_bound(299, 299) > 0.99
    )
    assert lower_bound(298, 298) < 0.99 and lower_bound(0, 5) == 0.0


def test_equal_scores_are_routed_together():
    scores = np.full(600, 0.9)
    assert choose_threshold(scores, np.ones(600, bool)) == 0.9
    assert choose_threshold(scores, np.arange(600) % 60 > 0) is None


def test_departments_add_up_to_the_whole():
    random = np.random.default_rng(0)
    targets, guesses = random.integers(0, 3, 300), random.integers(0, 3, 300)
    scores = random.random(300)
    rows = by_label(["a", "b", "c"], targets, guesses, scores, 0.4)
    whole = routed(scores, targets == guesses, 0.4)
    assert sum(row["pictures"] for row in rows) == 300
    assert sum(row["routed"] for row in rows) == whole["routed"]
    hits = sum(row["precision"] * row["routed"] for row in rows)
    assert hits == pytest.approx(whole["precision"] * whole["routed"])
    assert rows[0]["label"] == "a"


def test_one_picture_stands_for_its_group():
    assert independent(np.array(["b", "a", "b", "c", "a"])).tolist() == [0, 1, 3]
    assert independent(3).tolist() == [0, 1, 2]


def test_risk_rises_with_coverage_where_confidence_means_something():
    random = np.random.default_rng(0)
    points = risk_coverage(*drawn(random, 3000))
    assert len(points) == 100 and points[-1]["coverage"] == 1
    assert points[10]["risk"] < points[-1]["risk"]


def test_the_precision_that_is_seen_is_that_of_the_largest_share_that_has_it():
    scores = np.linspace(1, 0.5, 400)
    right = np.ones(400, bool)
    right[[150, 250, 320]] = False
    lowest = seen_threshold(scores, right)
    # Three of 400 are fewer than one in a hundred, five are not; four of 331 are not either.
    assert (scores >= lowest).sum() == 400 and seen_threshold(scores, ~right) is None
    right[[330, 340]] = False
    assert (scores >= seen_threshold(scores, right)).sum() == 330
    ties = np.array([0.9, 0.9, 0.8])
    assert seen_threshold(ties, np.array([True, False, True])) is None
    assert seen_threshold(ties, np.array([True, True, False])) == 0.9

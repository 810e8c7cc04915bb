"""The measures of doubt and distance: invariances, order, extreme numbers, and agreement with the definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models import uncertainty
from models.uncertainty import across_folds, centroid_distance, knn_distance, mahalanobis

LOGITS = arrays(np.float64, (4, 5), elements=st.floats(-1e4, 1e4))
OF_SOFTMAX = [uncertainty.softmax_uncertainty, uncertainty.entropy, uncertainty.margin]


@settings(deadline=None, max_examples=50)
@given(LOGITS, st.floats(-1e3, 1e3))
def test_adding_a_number_to_a_row_changes_energy_alone(logits, number):
    for measure in OF_SOFTMAX:
        assert measure(logits + number) == pytest.approx(measure(logits), abs=1e-6)
    moved = uncertainty.energy(logits) - number
    assert uncertainty.energy(logits + number) == pytest.approx(moved, abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(LOGITS)
def test_every_measure_of_logits_is_finite_and_in_its_range_and_knows_no_order_of_labels(logits):
    highest = {"softmax_uncertainty": 1 - 1 / 5, "entropy": np.log(5), "margin": 1.0}
    for measure in OF_SOFTMAX:
        found = measure(logits)
        assert np.isfinite(found).all()
        assert (found >= -1e-9).all() and (found <= highest[measure.__name__] + 1e-9).all()
        assert measure(logits[:, ::-1]) == pytest.approx(found, abs=1e-9)
    assert np.isfinite(uncertainty.energy(logits)).all()


def test_a_flatter_row_is_odder_to_each_measure():
    logits = np.outer([8.0, 4.0, 2.0, 1.0, 0.0], [1, 0, 0])
    for measure in [*OF_SOFTMAX, uncertainty.energy]:
        assert (np.diff(measure(logits)) > 0).all(), measure.__name__


def test_certainty_beyond_floating_point_is_no_doubt_and_no_warning():
    sure = np.array([[1e6, -1e6, 0.0], [3e38, -3e38, 0.0]])
    with np.errstate(all="raise", under="ignore"):
        for measure in OF_SOFTMAX:
            assert measure(sure) == pytest.approx([0, 0], abs=1e-12)
    assert uncertainty.doubt_of_label(sure, np.array([0, 1])) == pytest.approx([0, 1])
    assert uncertainty.margin(np.zeros((3, 1))).tolist() == [0, 0, 0]


def cloud(counts, width=6, spread=6.0, seed=0):
    random = np.random.default_rng(seed)
    targets = np.repeat(np.arange(len(counts)), counts)
    centres = random.normal(size=(len(counts), width)) * spread
    return centres[targets] + random.normal(size=(len(targets), width)), targets


def test_mahalanobis_agrees_with_scipy_where_the_covariance_can_be_inverted():
    from scipy.spatial.distance import mahalanobis as of_scipy

    vectors, targets = cloud([4000, 4000], width=3)
    means = np.array([vectors[targets == label].mean(axis=0) for label in (0, 1)])
    tied = np.linalg.inv(np.cov((vectors - means[targets]).T))
    own = np.array([0, 1, 1])
    query = np.array([[0.0, 0, 0], [1, 2, 3], [-9, 0, 9]])
    expected = [of_scipy(query[n], means[own[n]], tied) for n in range(3)]
    assert mahalanobis(vectors, targets, query, own) == pytest.approx(expected, rel=0.01)


def test_mahalanobis_tells_directions_apart_with_fewer_pictures_than_features():
    random = np.random.default_rng(0)
    scale = np.where(np.arange(200) < 5, 10.0, 0.1)
    vectors = random.normal(size=(60, 200)) * scale
    targets = np.zeros(60, int)
    along, across = np.zeros((2, 200))
    along[0], across[100] = 8, 8  # as far from the centre, but only one way does the label vary
    near, far = mahalanobis(vectors, targets, np.array([along, across]), np.array([0, 0]))
    assert np.isfinite([near, far]).all() and far > 3 * near


def test_a_label_of_one_picture_or_none_has_a_distance_all_the_same():
    vectors, targets = cloud([20, 20, 1])
    query, own = vectors[-2:], np.array([1, 7])  # nobody bears label 7
    for measure in (centroid_distance, mahalanobis):
        assert np.isfinite(measure(vectors, targets, query, own)).all()
    alone = mahalanobis(vectors, targets, vectors[-1:], np.array([2]))
    assert alone == pytest.approx([0], abs=1e-9)  # its label's centre is itself
    found = across_folds(vectors, targets, np.arange(41))
    assert all(np.isfinite(values).all() for values in found.values())
    assert found["centroid_distance"][-1] > np.median(found["centroid_distance"])


def test_zero_vectors_and_pictures_that_are_all_alike():
    vectors, targets = cloud([10, 10])
    vectors[3] = 0
    assert np.isfinite(centroid_distance(vectors, targets, vectors, targets)).all()
    assert np.isfinite(knn_distance(vectors, vectors)).all()
    with pytest.raises(ValueError, match="10 pictures have the same features"):
        mahalanobis(np.ones((10, 3)), np.zeros(10, int), np.ones((1, 3)), np.array([0]))


def test_surprise_is_great_for_what_is_far_out_by_one_measure():
    plain = np.linspace(0, 0.5, 20)
    one, both = plain.copy(), plain.copy()
    one[3] = 9
    found = uncertainty.surprise(one, both[::-1])
    assert found.argmax() == 3 and (found >= 0).all() and found.max() <= np.log(20)
    assert uncertainty.surprise(one * 100 - 7, both[::-1]) == pytest.approx(found)


def test_the_kth_neighbour_is_the_kth_whatever_the_lengths():
    angles = np.deg2rad([0, 10, 20, 30])
    reference = np.column_stack([np.cos(angles), np.sin(angles)]) * [[1], [5], [2], [9]]
    asked = np.array([[3.0, 0.0]])
    for k, degrees in ((1, 0), (3, 20), (10, 30)):
        chord = 2 * np.sin(np.deg2rad(degrees) / 2)
        assert knn_distance(reference, asked, k) == pytest.approx([chord], abs=1e-3)


def test_a_duplicate_does_not_vouch_for_an_oddity():
    vectors, targets = cloud([40, 40])
    odd = np.vstack([[vectors.mean(axis=0) + 60] * 2])
    whole, labels = np.vstack([vectors, odd]), np.append(targets, [0, 0])
    groups = np.append(np.arange(80), [80, 80])
    together = across_folds(whole, labels, groups)
    for name, values in together.items():
        assert set(np.argsort(values)[-2:]) == {80, 81}, name
    with pytest.raises(ValueError, match="no others"):
        across_folds(whole, labels, np.zeros(82))

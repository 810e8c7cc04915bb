"""Label issues: planted swaps are named and given their right label, good labels are left alone."""

import numpy as np

from models.calibration import softmax
from models.label_errors import LABEL_ISSUES, issues, suggestions
from models.outliers import out_of_fold
from models.planted import label_issues_found, swapped

LABELS = ("Armour", "Drawings", "Paintings")


def blobs(counts=(60, 60, 60), width=12, spread=3.0, seed=0):
    random = np.random.default_rng(seed)
    targets = np.repeat(np.arange(len(counts)), counts)
    centres = random.normal(size=(len(counts), width)) * spread
    vectors = centres[targets] + random.normal(size=(len(targets), width))
    return vectors, targets, np.array([f"g{number:03d}" for number in range(len(targets))])


def likely_of(planted):
    return softmax(out_of_fold(planted.vectors, planted.targets, planted.groups, 3))


def test_swapped_labels_are_found_and_their_right_label_is_suggested():
    vectors, truth, groups = blobs()
    planted = swapped(vectors, truth, groups)
    assert planted.odd.sum() == 9 and (planted.targets[planted.odd] != truth[planted.odd]).all()
    found = label_issues_found(planted)
    assert found["recall"] >= 0.6 and found["precision"] >= 0.8
    artworks = [f"x:{number:03d}" for number in range(len(truth))]
    listed = suggestions("department", LABELS, artworks, likely_of(planted), planted.targets)
    assert listed.schema.equals(LABEL_ISSUES) and listed["rank"].to_pylist()[0] == 1
    hits = [row for row in listed.to_pylist() if planted.odd[int(row["artwork_id"][2:])]]
    right = [row["suggested_label"] == LABELS[truth[int(row["artwork_id"][2:])]] for row in hits]
    assert np.mean(right) >= 0.8
    assert all(row["label"] != row["suggested_label"] for row in listed.to_pylist())


def test_the_list_does_not_depend_on_the_order_of_rows():
    vectors, truth, groups = blobs()
    planted = swapped(vectors, truth, groups)
    likely, artworks = likely_of(planted), [f"x:{number:03d}" for number in range(len(truth))]
    one = suggestions("department", LABELS, artworks, likely, planted.targets)
    turn = np.random.default_rng(1).permutation(len(truth))
    other = suggestions(
        "department", LABELS, [artworks[row] for row in turn], likely[turn], planted.targets[turn]
    )
    assert one.equals(other) and one.num_rows


def test_labels_that_the_model_shares_are_no_issue():
    targets = np.repeat([0, 1, 2], 30)
    likely = np.full((90, 3), 0.05)
    likely[np.arange(90), targets] = 0.9
    assert not issues(likely, targets).any()


def test_one_label_alone_cannot_be_wrong_and_a_label_nobody_bears_is_no_trouble():
    assert not issues(np.ones((5, 1)), np.zeros(5, int)).any()
    likely = np.tile([0.6, 0.4, 0.0], (20, 1))
    assert issues(likely, np.repeat([0, 1], 10)).shape == (20,)

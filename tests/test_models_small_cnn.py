"""The small CNN of our own: it is small, takes every size it promises, learns, and has no weights."""

import pytest
import torch
from _squares import squares, taught

from models import weights
from models.pictures import inputs
from models.small_cnn import SmallCnn
from models.weights import WeightsError


def test_it_is_small_and_gives_a_map_a_sixteenth_of_the_picture():
    network = SmallCnn().eval()
    assert 200_000 < sum(one.numel() for one in network.parameters()) < 400_000
    for size in (32, 50, 64, 256):
        side = -(-size // 16)
        with torch.inference_mode():
            assert network.forward_features(torch.zeros(1, 3, size, size)).shape == (
                1,
                128,
                side,
                side,
            )
    assert network(torch.zeros(2, 3, 32, 32)).shape == (2, network.num_features)


@pytest.mark.parametrize("kind", [("none", "mean"), ("gru", "attention")])
def test_it_learns_a_colour_and_knows_it_on_pictures_it_has_not_seen(kind):
    network = taught(*kind)
    pictures, told, _ = squares(40, seed=1)
    with torch.inference_mode():
        rows = network(inputs(network, pictures))["colour"].argmax(dim=1)
    assert [network.labels["colour"][row] for row in rows] == told


@pytest.mark.parametrize("source", ["auto", "packaged", "hub"])
def test_it_has_no_weights_and_says_so(source):
    with pytest.raises(WeightsError, match=r"small.*(none|path:FILE)"):
        weights.load("small", source)
    assert weights.load("small", "none")[1].architecture == "small"

"""Explanations point at what decides, are drawn over the picture, and leave the network as it was."""

import numpy as np
import pytest
import torch
from _squares import SIZE, squares, taught

from models.explain import heat, overlay
from models.pictures import inputs


def _on_square(corner: tuple[int, int], places: np.ndarray) -> bool:
    """Whether the hottest place of the map reaches into the square of 20 px."""
    side = SIZE / places.shape[0]
    row, column = np.unravel_index(places.argmax(), places.shape)
    return all(
        start < (place + 1) * side and place * side < start + 20
        for place, start in zip((row, column), corner, strict=True)
    )


@pytest.mark.parametrize("kind", [("none", "mean"), ("none", "attention")])
def test_the_hottest_place_is_where_the_colour_is(kind):
    network = taught(*kind)
    pictures, told, corners = squares(30, seed=2)
    places = heat(network, inputs(network, pictures), "colour", told)
    assert places.shape == (30, 4, 4) and places.dtype == np.float32
    assert places.min() >= 0 and (places.max(axis=(1, 2)) == 1).all()
    hits = sum(_on_square(*one) for one in zip(corners, places, strict=True))
    assert hits >= 27, hits  # a square covers 4 to 9 of 16 places: by chance about 13 of 30


def test_grad_cam_asks_for_the_label_named():
    network = taught("none", "mean")
    pictures, told, corners = squares(10, seed=3)
    images = inputs(network, pictures)
    other = ["red" if label == "green" else "green" for label in told]
    hits = [
        _on_square(*one) for one in zip(corners, heat(network, images, "colour", told), strict=True)
    ]
    misses = [
        _on_square(*one)
        for one in zip(corners, heat(network, images, "colour", other), strict=True)
    ]
    assert sum(hits) == 10 > sum(misses)


def test_grad_cam_goes_through_a_recurrent_layer():
    network = taught("gru", "mean")
    pictures, told, _ = squares(4, seed=4)
    places = heat(network, inputs(network, pictures), "colour", told)
    assert places.shape == (4, 4, 4) and (places.max(axis=(1, 2)) == 1).any()


def test_attention_is_the_networks_own():
    network = taught("gru", "attention")
    images = inputs(network, squares(3)[0])
    with torch.inference_mode():
        shares = network.attention(images).numpy()
    wanted = shares / shares.max(axis=(1, 2), keepdims=True)
    assert heat(network, images, "colour", ["red"] * 3) == pytest.approx(wanted)


@pytest.mark.parametrize("training", [True, False])
def test_explaining_leaves_mode_gradients_and_statistics_alone(training):
    network = taught("none", "mean")
    network.zero_grad()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    try:
        network.train(training)
        overlay(network, squares(1)[0][0], "colour", "red")
        assert network.training is training
        assert all(one.grad is None for one in network.parameters())
        assert all(torch.equal(before[name], now) for name, now in network.state_dict().items())
    finally:
        network.eval()


def test_an_overlay_colours_the_hot_places_and_leaves_the_cold_ones(monkeypatch):
    network = taught("none", "mean")
    large = squares(1, seed=5)[0][0].resize((150, 100))
    places = np.zeros((1, 4, 4), np.float32)
    places[0, 0, 3] = 1
    monkeypatch.setattr("models.explain.heat", lambda *_: places)
    drawn = overlay(network, large, "colour", "red")
    assert drawn.size == large.size and drawn.mode == "RGB"
    changed = np.abs(np.asarray(drawn, int) - np.asarray(large, int)).max(axis=2)
    assert changed[:10, 140:].min() > 20  # the corner named by the map, upper right
    assert changed[60:].max() == changed[:, :60].max() == 0


def test_an_explanation_has_the_same_bytes_each_time():
    network = taught("none", "mean")
    (picture,), (label,), _ = squares(1, seed=5)
    drawn = [overlay(network, picture, "colour", label).tobytes() for _ in range(2)]
    assert drawn[0] == drawn[1] != picture.tobytes()


def test_nothing_that_speaks_for_a_label_is_no_heat(monkeypatch):
    network = taught("none", "mean")
    monkeypatch.setattr("models.explain._grad_cam", lambda *_: torch.zeros(1, 4, 4))
    picture = squares(1)[0][0]
    assert overlay(network, picture, "colour", "red").tobytes() == picture.tobytes()


def test_unknown_attributes_and_labels_are_named():
    network = taught("none", "mean")
    images = inputs(network, squares(1)[0])
    with pytest.raises(ValueError, match="tells colour, not 'style'"):
        heat(network, images, "style", ["red"])
    with pytest.raises(ValueError, match=r"colour 'blue' is none.*green, red"):
        heat(network, images, "colour", ["blue"])

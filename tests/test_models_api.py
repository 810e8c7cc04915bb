"""The models in a notebook: answers, weights that must fit, uncertainty, and a sheet of the oddest."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from _squares import SIZE, architecture, keep, squares, taught
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.api import CNNRNNModel, Prediction, SoftmaxUncertaintyDetector, visualize_outliers
from models.backbones import NetworkError
from models.networks import build
from models.pictures import PictureError
from models.weights import WeightsError, tensors_sha256


def small(**said):
    return CNNRNNModel(
        **{
            "num_classes": 2,
            "cnn_backbone": "small",
            "weights": "none",
            "hidden_size": 16,
            "image_size": SIZE,
            **said,
        }
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("registry")
    return keep(taught("gru", "attention"), root / "model", temperature={"colour": 2.0})


@pytest.fixture(scope="module")
def model(folder):
    return CNNRNNModel.from_folder(folder)


def test_resnet50_without_weights_is_an_error_that_names_the_ways_out():
    with pytest.raises(WeightsError, match=r"resnet50.*backbone auto.*hub.*path:FILE.*none"):
        CNNRNNModel(num_classes=3)


def test_random_weights_on_purpose_answer_and_name_their_classes():
    answer = small(num_classes=3).predict(squares(1)[0][0])
    assert list(answer.probabilities) == ["class 0", "class 1", "class 2"]
    assert math.isclose(sum(answer.probabilities.values()), 1)
    assert (
        answer.probability
        == answer.probabilities[answer.label]
        == max(answer.probabilities.values())
    )


def test_heads_never_taught_do_not_answer_until_they_are(tmp_path):
    model = small()
    file = tmp_path / "start.pth"
    torch.save(model.network.backbone.state_dict(), file)
    model = small(weights=f"path:{file}")
    with pytest.raises(NetworkError, match=r"never been taught.*load_weights"):
        model.predict(squares(1)[0])
    with torch.no_grad():
        model.network.heads["class"].bias += 1
    assert len(model.predict(squares(1)[0])) == 1


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ({"num_classes": 1}, "two labels or more"),
        ({"class_names": ["a", "b", "c"]}, "num_classes is 2, but class_names has 3"),
        ({"rnn_type": "rnn"}, "sequence is one of none, gru, lstm"),
        ({"cnn_backbone": "resnet5000"}, "timm knows no network"),
    ],
)
def test_a_model_that_cannot_be_says_why(said, wanted):
    from storage.errors import MendableError

    with pytest.raises(MendableError, match=wanted):
        small(**said)


def test_one_picture_gives_an_answer_and_many_a_list_whatever_they_come_as(model, tmp_path):
    pictures, told, _ = squares(4, seed=6)
    pictures[0].save(tmp_path / "one.png")
    as_many_kinds = [
        tmp_path / "one.png",
        str(tmp_path / "one.png"),
        pictures[0],
        np.asarray(pictures[0]),
    ]
    answers = model.predict(as_many_kinds)
    assert {one.label for one in answers} == {told[0]}
    assert all(
        one.probabilities == pytest.approx(answers[0].probabilities, abs=1e-5) for one in answers
    )
    assert model.predict(tmp_path / "one.png").label == told[0]
    assert model.predict(np.full((40, 30), 90, np.uint8)).label in model.class_names
    assert model.predict([]) == []
    assert [one.label for one in model.predict(pictures)] == told


def test_a_picture_is_seen_upright_and_over_white(model):
    picture = squares(1, seed=7)[0][0]
    wanted = model.predict(picture)
    stored = picture.transpose(Image.Transpose.ROTATE_90)
    stored.getexif()[0x0112] = 6  # to be turned clockwise to be seen
    assert model.predict(stored) == wanted
    clear, white = (
        Image.new("RGBA", (SIZE, SIZE), (9, 9, 9, 0)),
        Image.new("RGB", (SIZE, SIZE), "white"),
    )
    assert model.predict(clear) == model.predict(white)


def test_a_picture_is_the_same_square_here_as_in_training_and_in_the_engines(tmp_path):
    from _networks import LABELS, training_set

    from models.augment import prepare
    from models.feed import Feed
    from models.pictures import inputs, opened
    from models.pixels import read_square
    from models.recipe import Recipe

    store = training_set(tmp_path, {"test": 3})
    for size in (24, SIZE, 96):  # shrunk by more than two, by less, enlarged
        network = build(architecture(), LABELS, size)
        feed = Feed(store, tmp_path, LABELS, Recipe(image_size=size, batch_size=3), "test")
        (batch,) = feed.epoch(0)
        paths = [tmp_path / path for path in store["path"].to_pylist()]
        squares_of = np.stack([read_square(path, size) for path in paths])
        assert np.array_equal(batch.images.permute(0, 2, 3, 1).numpy(), squares_of)
        wanted = prepare(batch.images, network.fingerprint, augmentation="none", seed=0)
        got = inputs(network, [opened(path, 0) for path in paths])
        assert torch.equal(got, wanted)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.integers(2, 20))
def test_with_whom_a_picture_shares_a_batch_does_not_matter(model, seed, count):
    pictures = squares(count, seed=seed)[0]
    together = model.predict(pictures)
    for picture, answer in zip(pictures[:3], together, strict=False):
        assert model.predict(picture).probabilities == pytest.approx(answer.probabilities, abs=1e-5)


def test_predicting_leaves_the_networks_mode_and_statistics_alone(model):
    before = tensors_sha256(model.network)
    model.network.train()
    one = model.predict(squares(1)[0][0])
    assert model.network.training and tensors_sha256(model.network) == before
    model.network.eval()
    assert model.predict(squares(1)[0][0]) == one


def test_a_picture_that_cannot_be_read_is_named(model, tmp_path):
    page = tmp_path / "page.jpg"
    page.write_text("<html>not found</html>")
    good = squares(1)[0][0]
    for bad, said in (
        (page, r"Picture 1, .*page\.jpg, cannot be read"),
        (tmp_path / "absent.png", r"Picture 1, .*absent\.png, cannot be read"),
        (np.zeros((8, 8, 3)), r"Picture 1 is an array \(8, 8, 3\) of float64"),
        (np.zeros((8, 8, 5), np.uint8), "Picture 1 is an array"),
        (None, "Picture 1 is a NoneType"),
    ):
        with pytest.raises(PictureError, match=said):
            model.predict([good, bad])


def test_a_folder_brings_its_labels_and_calibration(folder, model):
    pictures, told, _ = squares(6, seed=8)
    plain = small(class_names=["green", "red"]).load_weights(folder)
    assert plain.attribute == "colour" and plain.class_names == ("green", "red")
    assert plain.predict(pictures) == model.predict(pictures)
    with torch.inference_mode():
        from models.pictures import inputs

        logits = taught("gru", "attention")(inputs(model.network, pictures))["colour"].double()
    wanted = (logits / 2.0).softmax(dim=1).max(dim=1).values.tolist()
    assert [one.probability for one in model.predict(pictures)] == pytest.approx(wanted, abs=1e-5)
    assert [one.label for one in model.predict(pictures)] == told


@pytest.mark.parametrize("suffix", ["pth", "safetensors"])
def test_weights_saved_in_a_notebook_come_back(tmp_path, suffix):
    from safetensors.torch import save_file

    pictures = squares(2)[0]
    one, other = small(), small()
    with torch.no_grad():
        for parameter in one.network.parameters():
            parameter.add_(0.01)
    file = tmp_path / f"mine.{suffix}"
    (torch.save if suffix == "pth" else save_file)(one.network.state_dict(), file)
    assert other.predict(pictures) != one.predict(pictures)
    assert other.load_weights(file).predict(pictures) == one.predict(pictures)


def test_weights_of_another_architecture_are_refused_and_change_nothing(folder, tmp_path):
    other = small(rnn_type="lstm", use_attention=False)
    before = tensors_sha256(other.network)
    with pytest.raises(
        NetworkError,
        match=r"keeps a model of small, gru of 16.*this one is of small, lstm.*from_folder",
    ):
        other.load_weights(folder)
    torch.save(small().network.state_dict(), tmp_path / "gru.pth")
    with pytest.raises(
        NetworkError, match=r"gru\.pth is of another network.*sequence\.weight_ih_l0 is"
    ):
        other.load_weights(tmp_path / "gru.pth")
    with pytest.raises(WeightsError, match="no weights file"):
        other.load_weights(tmp_path / "absent.pth")
    assert tensors_sha256(other.network) == before


def test_of_several_attributes_one_is_named(tmp_path):
    labels = {"style": ("Baroque", "Cubism"), "genre": ("landscape", "portrait")}
    kept = keep(build(architecture(), labels, SIZE), tmp_path / "both")
    with pytest.raises(NetworkError, match="tells genre, style: name one"):
        CNNRNNModel.from_folder(kept)
    model = CNNRNNModel.from_folder(kept, attribute="genre")
    assert model.predict(squares(1)[0][0]).label in labels["genre"]


def test_uncertainty_is_one_minus_the_highest_probability():
    detector = SoftmaxUncertaintyDetector()
    rows = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.2, 0.1, 0.7]])
    assert detector.get_uncertainty_scores(rows) == pytest.approx([0.5, 0, 0.3])
    said = [Prediction("a", 0.6, {"a": 0.6, "b": 0.4})]
    assert detector.get_uncertainty_scores(said) == pytest.approx([0.4])
    assert len(detector.get_uncertainty_scores([])) == 0
    for wrong in ([[2.0, -1.0]], [[3.0, 4.0]], [[math.nan, 1.0]]):
        with pytest.raises(ValueError, match="must be probabilities"):
            detector.get_uncertainty_scores(wrong)


def test_the_top_outliers_are_the_highest_scores_and_equal_ones_keep_their_order():
    top = SoftmaxUncertaintyDetector().get_top_outliers
    assert top([0.1, 0.9, 0.4, 0.9], k=3) == [(1, 0.9), (3, 0.9), (2, 0.4)]
    assert top([0.1], k=5) == [(0, 0.1)] and top([], k=5) == [] and top([0.1], k=0) == []


def test_the_sheet_shows_the_oddest_with_scores_and_answers(model, tmp_path):
    pictures = squares(8)[0]
    predictions = model.predict(pictures)
    scores = np.linspace(0, 0.7, 8)
    out = tmp_path / "sheet.png"
    figure = visualize_outliers(pictures, scores, k=6, predictions=predictions, out=out)
    titles = [cell.get_title() for cell in figure.axes if cell.images]
    assert (
        len(titles) == 6
        and titles[0].startswith("no. 7: 0.700\n")
        and predictions[7].label in titles[0]
    )
    assert Image.open(out).format == "PNG"
    again = tmp_path / "again.png"
    visualize_outliers(pictures, scores, k=6, predictions=predictions, out=again)
    assert again.read_bytes() == out.read_bytes()
    with pytest.raises(ValueError, match="8 pictures and 2 scores"):
        visualize_outliers(pictures, [0.1, 0.2])
    assert visualize_outliers([], [])


def test_importing_the_api_loads_nothing_heavy():
    code = (
        "import sys, models.api, models.explain; "
        "print([name for name in ('torch', 'timm', 'captum', 'matplotlib', 'scipy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

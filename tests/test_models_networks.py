"""Networks: every family gives a map, every parameter learns, and nothing but the right weights goes in."""

import json
import math

import pytest
import torch
from _squares import SIZE, architecture, keep, squares, taught
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch.nn import functional

from models import networks, weights
from models.backbones import NetworkError, trunk
from models.networks import build, loss, of_folder
from models.pictures import inputs
from models.weights import WeightsError

LABELS = {"style": ("Baroque", "Cubism", "Realism"), "genre": ("landscape", "portrait")}
torch.set_num_threads(1)


def noise(count: int, size: int = SIZE, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, 3, size, size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("backbone", "stages"),  # the stem with the first of them, a last convolution among them
    [
        ("small", 4),
        ("resnet18", 5),
        ("resnet50", 5),
        ("mobilenetv2_100", 6),
        ("efficientnet_b0", 6),
        ("tf_efficientnet_lite0", 6),
        ("convnext_tiny", 4),
        pytest.param("vgg16", 5, marks=pytest.mark.slow),
    ],
)
def test_every_parameter_of_every_family_learns_and_stands_in_one_layer(backbone, stages):
    network = build(
        architecture(backbone=backbone, sequence="gru", pooling="attention"), LABELS, SIZE
    )
    outputs = network.train()(noise(2))
    assert {name: tuple(of.shape) for name, of in outputs.items()} == {
        "genre": (2, 2),
        "style": (2, 3),
    }
    loss(outputs, {"style": torch.tensor([0, 1]), "genre": torch.tensor([1, 0])}).backward()
    assert [name for name, one in network.named_parameters() if one.grad is None] == []
    layers = network.layers()
    assert len(layers) == stages + 1
    assert sorted(id(one) for layer in layers for one in layer) == sorted(
        id(one) for one in network.parameters()
    )
    assert layers[0][0] is next(network.backbone.parameters())
    assert all(any(one is head for one in layers[-1]) for head in network.heads.parameters())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_a_network_built_where_no_gradients_are_wanted_learns_all_the_same(mode):
    said = architecture(sequence="gru", pooling="attention")
    backbone, _ = weights.load("small", "none")
    with mode():
        network = build(said, LABELS, SIZE)
        bare, places = trunk(backbone, SIZE)
        assert torch.is_grad_enabled() is False
    assert places == (128, 4, 4)
    assert weights.tensors_sha256(network) == weights.tensors_sha256(build(said, LABELS, SIZE))
    before = weights.tensors_sha256(network)
    optimiser = torch.optim.SGD([*network.train().parameters(), *bare.parameters()], lr=0.1)
    told = loss(network(noise(2)), {"style": torch.tensor([0, 1]), "genre": torch.tensor([1, 0])})
    (told + bare.forward_features(noise(2)).square().mean()).backward()
    optimiser.step()
    learned = [*network.named_parameters(), *bare.named_parameters()]
    assert [name for name, one in learned if one.grad is None] == []
    assert weights.tensors_sha256(network) != before


def test_transformers_give_their_patches_as_a_map_and_refuse_other_sizes():
    for name, side in (("vit_tiny_patch16_224", 14), ("swin_tiny_patch4_window7_224", 7)):
        network = build(architecture(backbone=name, pooling="attention"), LABELS)
        with torch.inference_mode():
            assert network.attention(noise(1, 224)).shape == (1, side, side)
    with pytest.raises(
        NetworkError, match=r"VisionTransformer takes no pictures of 64 px.*image_size"
    ):
        build(architecture(backbone="vit_tiny_patch16_224"), LABELS, SIZE)


def test_frozen_packaged_network_has_the_lakes_features():
    from models.features import Backbone

    network = build(architecture(backbone="auto", weights="auto"), LABELS)
    assert network.fingerprint == weights.packaged_fingerprint()
    # At the network's own size: the two take larger pictures to it by different filters.
    picture = squares(1)[0][0].resize((network.image_size, network.image_size))
    with torch.inference_mode():
        ours = network.features(inputs(network, [picture]))[0].numpy()
    assert ours == pytest.approx(Backbone()(picture), abs=1e-4)


def test_attention_is_a_share_of_every_place_and_mean_pooling_has_none():
    network = taught("gru", "attention")
    with torch.inference_mode():
        shares = network.attention(noise(3))
    assert shares.shape == (3, 4, 4) and (shares > 0).all()
    assert shares.sum(dim=(1, 2)) == pytest.approx(torch.ones(3), abs=1e-6)
    with pytest.raises(ValueError, match="pools by mean"):
        taught("none", "mean").attention(noise(1))


@pytest.mark.parametrize("kind", ["gru", "lstm"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_a_sequence_reads_places_in_order_and_mean_pooling_does_not(kind, bidirectional):
    torch.manual_seed(0)
    plain = build(architecture(), LABELS, SIZE)
    reading = build(architecture(sequence=kind, bidirectional=bidirectional), LABELS, SIZE)
    assert reading.features(noise(1)).shape == (1, 32 if bidirectional else 16)
    maps = torch.randn(1, 128, 4, 4)
    turned = maps.flip(3)
    for network, same in ((plain, True), (reading, False)):
        network.maps = _Instead(maps)
        one = network.features(noise(1))
        network.maps = _Instead(turned)
        assert torch.allclose(one, network.features(noise(1)), atol=1e-6) is same


class _Instead(torch.nn.Module):
    def __init__(self, maps: torch.Tensor):
        super().__init__()
        self.instead = maps

    def forward(self, _: torch.Tensor) -> torch.Tensor:
        return self.instead


@settings(max_examples=10, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(2, 9),
    st.sampled_from([("none", "mean"), ("gru", "attention")]),
)
def test_a_picture_alone_and_in_a_batch_has_the_same_logits(seed, count, kind):
    network = taught(*kind)
    images = noise(count, seed=seed) * 3
    with torch.inference_mode():
        together = network(images)["colour"]
        alone = torch.cat([network(image[None])["colour"] for image in images])
        last = network(images.flip(0))["colour"].flip(0)
    assert torch.allclose(together, alone, atol=1e-4) and torch.allclose(together, last, atol=1e-4)


def test_a_frozen_backbone_keeps_weights_and_statistics_while_the_rest_learns():
    network = build(architecture(), LABELS, SIZE).train().freeze()
    before = {name: value.clone() for name, value in network.state_dict().items()}

    def step() -> set[str]:
        wanted = [one for one in network.parameters() if one.requires_grad]
        optimiser = torch.optim.SGD(wanted, lr=0.5)
        targets = {"style": torch.tensor([0, 1]), "genre": torch.tensor([1, 0])}
        loss(network(noise(2) * 2 + 1), targets).backward()
        optimiser.step()
        now = network.state_dict()
        return {name.split(".")[0] for name in before if not torch.equal(before[name], now[name])}

    assert step() == {"heads"}
    assert network.train().training and not network.backbone.training
    network.freeze(False)
    assert network.backbone.training and step() == {"backbone", "heads"}


def test_the_first_stages_stay_as_they_are_while_the_others_learn():
    network = build(architecture(), LABELS, SIZE).train().freeze(False, 2)
    still, learning = network.layers()[:2], network.layers()[2:]
    before = {name: value.clone() for name, value in network.state_dict().items()}
    targets = {"style": torch.tensor([0, 1]), "genre": torch.tensor([1, 0])}
    loss(network(noise(2) * 2 + 1), targets).backward()
    assert all(one.grad is None for stage in still for one in stage)
    assert all(one.grad is not None for stage in learning for one in stage)
    torch.optim.SGD([one for one in network.parameters() if one.requires_grad], lr=0.5).step()
    now = network.state_dict()
    named = {id(one): name.rpartition(".")[0] for name, one in network.named_parameters()}
    kept = {named[id(one)] for stage in still for one in stage}
    changed = {name for name in before if not torch.equal(before[name], now[name])}
    # Running statistics of batch norms are no parameters: they lie beside them.
    assert changed and not {name for name in changed if name.rpartition(".")[0] in kept}
    with pytest.raises(NetworkError, match="frozen_stages is 9, but small has 4 stages"):
        network.freeze(False, 9)


def test_the_same_network_is_built_each_time_and_nobodys_random_numbers_are_touched():
    torch.manual_seed(7)
    one = build(architecture(sequence="gru"), LABELS, SIZE)
    drawn = torch.rand(3)
    two = build(architecture(sequence="gru"), LABELS, SIZE)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(3))
    assert weights.tensors_sha256(one) == weights.tensors_sha256(two)
    assert not one.training and one.fingerprint.input_size == SIZE


def test_the_loss_is_a_mean_over_what_is_labelled_then_over_attributes():
    outputs = {"style": torch.randn(4, 3), "genre": torch.randn(4, 2)}
    targets = {"style": torch.tensor([0, -1, 2, -1]), "genre": torch.tensor([-1, -1, -1, 1])}
    wanted = [
        functional.cross_entropy(
            outputs["style"][[0, 2]], torch.tensor([0, 2]), label_smoothing=0.1
        ),
        functional.cross_entropy(outputs["genre"][[3]], torch.tensor([1]), label_smoothing=0.1),
    ]
    assert loss(outputs, targets, label_smoothing=0.1) == pytest.approx(
        float(sum(wanted)) / 2, abs=1e-6
    )


def test_an_attribute_without_a_label_in_the_batch_adds_nothing_and_no_nan():
    outputs = {name: torch.randn(2, 3, requires_grad=True) for name in ("style", "genre")}
    none, some = torch.tensor([-1, -1]), torch.tensor([-1, 2])
    found = loss(outputs, {"style": some, "genre": none}, label_smoothing=0.1)
    found.backward()
    one = functional.cross_entropy(outputs["style"][1:], some[1:], label_smoothing=0.1)
    assert found.item() == pytest.approx(one.item() / 2)
    assert outputs["style"].grad[0].abs().sum() == 0 < outputs["style"].grad[1].abs().sum()
    assert outputs["genre"].grad.abs().sum() == 0
    assert loss(outputs, {"style": none, "genre": none}) == 0


def test_logit_adjustment_asks_more_of_a_rare_label():
    logits = {"style": torch.zeros(1, 2)}
    priors = {"style": torch.log(torch.tensor([0.9, 0.1]))}
    common, rare = (
        loss(logits, {"style": torch.tensor([row])}, log_priors=priors, tau=1.0) for row in (0, 1)
    )
    assert common == pytest.approx(-math.log(0.9)) and rare == pytest.approx(-math.log(0.1))
    plain = loss(logits, {"style": torch.tensor([1])}, log_priors=priors, tau=0.0)
    assert plain == pytest.approx(math.log(2))


def test_labels_that_no_network_can_tell_are_refused():
    for labels, said in (({}, "none was named"), ({"style": ("Baroque",)}, "two labels or more")):
        with pytest.raises(NetworkError, match=said):
            build(architecture(), labels, SIZE)
    with pytest.raises(NetworkError, match="each once"):
        build(architecture(), {"style": ("Baroque", "Baroque")}, SIZE)


def test_a_folder_gives_back_the_network_that_it_keeps(tmp_path):
    network = taught("gru", "attention")
    again = of_folder(keep(network, tmp_path / "model"))
    with torch.inference_mode():
        assert torch.equal(network(noise(2))["colour"], again(noise(2))["colour"])
    assert (again.labels, again.architecture) == (network.labels, network.architecture)
    assert again.fingerprint == network.fingerprint and not again.training
    (tmp_path / "model" / "config.json").rename(tmp_path / "model" / "network.json")
    assert of_folder(tmp_path / "model").fingerprint == network.fingerprint


def test_a_folder_whose_files_disagree_says_where(tmp_path):
    folder = keep(taught("gru", "attention"), tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())

    def say(**changed: object) -> None:
        (folder / "config.json").write_text(json.dumps({**config, **changed}))

    say(architecture={**config["architecture"], "hidden": 24})
    with pytest.raises(
        NetworkError,
        match=r"weights\.safetensors.*sequence\.weight_ih_l0 is 48×128, wanted 72×128.*more",
    ):
        of_folder(folder)
    say(labels={"style": ["a", "b"]})
    with pytest.raises(
        NetworkError, match=r"heads\.style\.weight is missing.*heads\.colour\.\w+ is not one"
    ):
        of_folder(folder)
    say(architecture={"depth": 3})
    with pytest.raises(NetworkError, match="does not say what network it keeps"):
        of_folder(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(NetworkError, match=r"config\.json cannot be read"):
        of_folder(folder)
    (folder / "config.json").unlink()
    with pytest.raises(NetworkError, match="is no model's folder"):
        of_folder(folder)
    say()
    (folder / "weights.safetensors").write_bytes(b"half")
    with pytest.raises(WeightsError, match=r"weights\.safetensors cannot be read"):
        of_folder(folder)


def test_a_model_of_ours_is_a_backbones_weights_for_the_next(tmp_path):
    before = taught("gru", "attention")
    file = keep(before, tmp_path / "model") / "weights.safetensors"
    after = build(architecture(weights=f"path:{file}"), LABELS, SIZE)
    assert weights.tensors_sha256(after.backbone) == weights.tensors_sha256(before.backbone)
    assert after.fingerprint.weights == "path"
    assert after.fingerprint != before.fingerprint
    with pytest.raises(
        WeightsError, match=r"does not hold the weights of this ResNet: conv1\.weight is missing"
    ):
        build(architecture(backbone="resnet18", weights=f"path:{file}"), LABELS, SIZE)


def test_a_checkpoint_that_holds_no_tensors_is_refused(tmp_path):
    torch.save({"epoch": 3, "state_dict": {}}, tmp_path / "other.pth")
    with pytest.raises(WeightsError, match=r"stem\.0\.0\.weight is missing.*more"):
        build(architecture(weights=f"path:{tmp_path / 'other.pth'}"), LABELS, SIZE)
    torch.save([torch.zeros(3)], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="it is a list, not tensors by name"):
        build(architecture(weights=f"path:{tmp_path / 'list.pth'}"), LABELS, SIZE)


def test_a_wrong_file_leaves_the_network_as_it_was(tmp_path):
    network = build(architecture(), LABELS, SIZE)
    before = weights.tensors_sha256(network)
    state = {**network.state_dict(), "heads.style.bias": torch.zeros(4)}
    save_file(state, tmp_path / "wrong.safetensors")
    with pytest.raises(NetworkError, match=r"heads\.style\.bias is 4, wanted 3"):
        networks.fill(network, tmp_path / "wrong.safetensors")
    assert weights.tensors_sha256(network) == before

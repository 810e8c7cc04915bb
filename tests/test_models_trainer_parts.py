"""The trainer's parts, by value: schedule, average, gradients in parts, precision, search."""

import copy
import io
import math
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest

from models.recipe import Architecture, Recipe

LABELS = {"department": ("a", "b", "c"), "style": ("x", "y")}


def network() -> Any:
    from models.networks import build

    return build(Architecture("small", "none"), LABELS, 32)


def test_rates_rise_over_the_warm_up_and_fall_as_a_cosine() -> None:
    from models.trainer.schedule import factor

    assert [factor(step, 0, 100, 0.1) for step in (0, 4, 9)] == pytest.approx([0.1, 0.5, 1.0])
    assert factor(10, 0, 100, 0.1) == 1.0
    assert factor(55, 0, 100, 0.1) == pytest.approx(0.5)
    assert factor(99, 0, 100, 0.1) == pytest.approx((1 + math.cos(math.pi * 89 / 90)) / 2)
    assert factor(0, 0, 100, 0.0) == 1.0


def test_the_backbone_begins_after_the_head_with_a_warm_up_of_its_own() -> None:
    from models.trainer.schedule import factor

    assert [factor(step, 20, 120, 0.1) for step in (0, 19)] == [0.0, 0.0]
    assert factor(20, 20, 120, 0.1) == pytest.approx(0.1)
    assert factor(30, 20, 120, 0.1) == 1.0
    assert factor(75, 20, 120, 0.1) == pytest.approx(0.5)


def test_layers_learn_slower_the_further_they_are_from_the_heads() -> None:
    import torch

    from models.trainer.schedule import groups, set_rates

    own = network()
    recipe = Recipe(learning_rate=1e-2, layer_decay=0.5, weight_decay=0.1, head_epochs=2)
    made = groups(own.layers(), recipe, steps=10)
    peaks = {id(one): group["peak"] for group in made for one in group["params"]}
    layers = own.layers()
    for distance, layer in enumerate(reversed(layers)):
        assert {peaks[id(one)] for one in layer} == {1e-2 * 0.5**distance}
    assert len(peaks) == sum(len(layer) for layer in layers) == len(list(own.parameters()))
    for group in made:
        flat = {one.ndim <= 1 for one in group["params"]}
        assert flat == {group["weight_decay"] == 0.0}
        assert group["first"] == (0 if group["peak"] == 1e-2 else 20)
    optimizer = torch.optim.AdamW(made)
    assert set_rates(optimizer, 0, 100, 0.0) == 1e-2
    assert {group["lr"] for group in optimizer.param_groups} == {1e-2, 0.0}


def test_the_average_follows_weights_and_statistics_and_copies_counts() -> None:
    import torch

    from models.trainer.ema import Average

    own = network()
    average = Average(own, 0.9)
    start = {name: tensor.clone() for name, tensor in own.state_dict().items()}
    with torch.no_grad():
        for tensor in own.state_dict().values():
            tensor.add_(1)
    average.update(own)
    decay = 2 / 11  # (1 + 1) / (10 + 1), less than 0.9
    for name, tensor in average.network.state_dict().items():
        moved = 1 - decay if tensor.is_floating_point() else 1
        assert torch.allclose(tensor.double(), start[name].double() + moved, atol=1e-6), name
    for _ in range(200):
        average.update(own)
    assert torch.allclose(
        average.network.heads["style"].weight, own.heads["style"].weight, atol=1e-6
    )
    assert not any(one.requires_grad for one in average.network.parameters())


@pytest.mark.parametrize("parts", [2, 3, 7, 40])
def test_a_step_in_parts_has_the_gradients_of_the_whole(parts: int) -> None:
    import torch

    from models.networks import loss
    from models.trainer.step import gradients

    own = network().double()  # evaluation mode: batch statistics would be each part's own
    random = torch.Generator().manual_seed(0)
    images = torch.randn(7, 3, 32, 32, generator=random, dtype=torch.float64)
    targets = {
        "department": torch.tensor([0, 1, 2, -1, 0, 1, 1]),
        "style": torch.tensor([-1, -1, -1, -1, -1, 0, 1]),
    }
    labelled = {"department": 6.0, "style": 2.0}

    def of(cut: int) -> tuple[list[Any], Any]:
        own.zero_grad()
        told = gradients(own, images, targets, labelled, loss, cut, nullcontext)
        return [one.grad.clone() for one in own.parameters()], told

    whole, told = of(1)
    own.zero_grad()
    straight = loss(own(images), targets)
    straight.backward()
    assert float(told[0]) == pytest.approx(float(straight.detach()), rel=1e-6)
    for mine, one in zip(whole, own.parameters(), strict=True):
        assert torch.allclose(mine, one.grad, atol=1e-6)
    cut, told_cut = of(parts)
    for ours, theirs in zip(cut, whole, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-6)
    assert torch.allclose(told, told_cut, atol=1e-6)


def test_an_attribute_that_no_picture_of_a_batch_has_adds_nothing() -> None:
    import torch

    from models.networks import loss
    from models.trainer.step import gradients

    own = network()
    targets = {"department": torch.tensor([0, 1]), "style": torch.tensor([-1, -1])}
    told = gradients(
        own,
        torch.rand(2, 3, 32, 32),
        targets,
        {"department": 2.0, "style": 0.0},
        loss,
        1,
        nullcontext,
    )
    assert told.isfinite().all()
    assert float(own.heads["style"].weight.grad.abs().sum()) == 0
    assert float(own.heads["department"].weight.grad.abs().sum()) > 0


def test_figures_leave_out_pictures_without_a_label() -> None:
    from models.trainer.judging import figures

    logits = {
        "department": np.array([[9, 0, 0], [0, 9, 0], [9, 0, 0], [0, 0, 9]], np.float32),
        "style": np.zeros((4, 2), np.float32),
    }
    targets = {"department": np.array([0, 1, 1, -1]), "style": np.full(4, -1)}
    told = figures(logits, targets)
    assert told["validation_accuracy"] == pytest.approx(2 / 3)
    assert told["validation_macro_f1"] == pytest.approx(2 / 3)  # of a and b; c is nobody's
    assert set(told["attributes"]) == {"department"}


def test_bf16_is_taken_only_where_the_device_is_made_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    from models.trainer.precision import autocast, chosen

    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})
    assert chosen("auto", cpu) == "bf16" and chosen("fp32", cpu) == "fp32"
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert chosen("auto", cpu) == "fp32" and chosen("bf16", cpu) == "bf16"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    assert chosen("auto", cuda) == "fp32"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (8, 0))
    assert chosen("auto", cuda) == "bf16"
    with autocast(cpu, "bf16"):
        assert torch.ones(2, 2).mm(torch.ones(2, 2)).dtype == torch.bfloat16


def test_random_generators_go_on_where_they_were() -> None:
    import random

    import torch

    from models.trainer.checkpoints import random_state, set_random_state

    def drawn() -> list[float]:
        return [random.random(), float(np.random.rand()), float(torch.rand(()))]

    drawn()
    kept = random_state()
    first = drawn()
    set_random_state(kept)
    assert drawn() == first


def test_a_state_killed_between_best_and_last_still_fits(tmp_path: Any) -> None:
    import torch

    from models.trainer import checkpoints

    one, two = {"w": torch.ones(2)}, {"w": torch.zeros(2)}
    checkpoints.save_best(tmp_path, 0, one)
    checkpoints.save(tmp_path, checkpoints.State(epoch=1, best_epoch=0), {"identity": {}})
    checkpoints.save_best(tmp_path, 3, two)  # and killed here
    found = checkpoints.read(tmp_path)
    assert found is not None
    assert checkpoints.read_best(tmp_path, found[0].best_epoch)["w"].equal(one["w"])
    checkpoints.save(tmp_path, checkpoints.State(epoch=4, best_epoch=3), {"identity": {}})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best-0003.pt", "last.pt"]


def test_the_steps_of_one_part_fill_one_bar() -> None:
    from models.trainer.bar import Bar

    shown = io.StringIO()
    bar = Bar(to=shown)
    steps = [("network", step) for step in (1, 2, 3)] + [("fold 1 of 2", 1)]
    for part, step in steps:
        told = {"event": "step", "part": part, "step": step, "of": 3}
        bar({**told, "loss": 1.0, "images_per_second": 5.0})
    bar.close()
    lines = shown.getvalue().split("\n")
    assert [line.rpartition("\r")[2].partition(":")[0] for line in lines if line] == [
        "network",
        "fold 1 of 2",
    ]
    assert "3/3" in lines[0]


def test_depthwise_convolutions_in_fp32_learn_alike_and_copies_made_before_keep_their_own_weights() -> (
    None
):
    import torch

    from models.trainer.precision import autocast, depthwise_in_fp32

    def made() -> Any:
        torch.manual_seed(0)
        convolution = torch.nn.Conv2d(8, 8, 5, stride=2, groups=8)
        return torch.nn.Sequential(torch.nn.Conv2d(3, 8, 1), convolution).to(
            memory_format=torch.channels_last
        )

    def gradient(network: Any, precision: str) -> Any:
        with autocast(torch.device("cpu"), precision):
            said = network(images)
        said.float().square().mean().backward()
        return said.dtype, network[1].weight.grad

    images = torch.randn(4, 3, 21, 21, generator=torch.Generator().manual_seed(1))
    _, exact = gradient(made(), "fp32")
    mixed = made()
    average = copy.deepcopy(mixed)
    depthwise_in_fp32(mixed)
    said, fine = gradient(mixed, "bf16")
    assert said == torch.bfloat16
    assert (fine - exact).norm() < 0.02 * exact.norm()
    with torch.no_grad():
        mixed[1].weight.zero_()
        mixed[1].bias.zero_()
    assert mixed(images).abs().max() == 0 < average(images).abs().max()

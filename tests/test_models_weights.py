"""Weights: the packaged ones load strictly, and nothing else ever stands in for what was asked."""

import pkgutil
import socket
import subprocess
import sys

import pytest

import models
from models import weights
from models.weights import Fingerprint, WeightsError


def test_packaged_weights_load_strictly_into_timms_network():
    network, fingerprint = weights.load()
    assert fingerprint == weights.packaged_fingerprint()
    assert fingerprint.architecture == "tf_efficientnet_lite0"
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_652_008
    assert not network.training


def test_fingerprint_goes_through_json_and_its_id_changes_with_every_field():
    one = weights.packaged_fingerprint()
    assert Fingerprint.from_dict(one.as_dict()) == one
    for field, value in {
        "architecture": "other",
        "weights": "hub",
        "sha256": "0" * 64,
        "input_size": 256,
        "mean": [0.4, 0.5, 0.5],
        "std": [0.4, 0.5, 0.5],
        "resize": "crop",
    }.items():
        assert Fingerprint.from_dict({**one.as_dict(), field: value}).id != one.id


@pytest.mark.parametrize("weights_name", ["auto", "packaged"])
def test_another_backbone_without_weights_is_an_error_that_names_the_ways_out(weights_name):
    with pytest.raises(WeightsError, match=r"resnet50.*backbone auto.*hub.*path:FILE.*none"):
        weights.load("resnet50", weights_name)


def test_unknown_names_are_refused():
    with pytest.raises(WeightsError, match="'imagenet' are not known"):
        weights.load(weights="imagenet")
    with pytest.raises(WeightsError, match="resnet5000"):
        weights.load("resnet5000", "none")


def test_random_weights_are_the_same_each_time_and_say_so():
    _, one = weights.load("resnet18", "none")
    _, two = weights.load("resnet18", "none")
    assert one == two and one.weights == "none"


def test_weights_from_a_file_are_known_by_its_content(tmp_path):
    from safetensors.torch import save_file

    network, _ = weights.load("resnet18", "none")
    file = tmp_path / "mine.safetensors"
    save_file(network.state_dict(), file)
    _, fingerprint = weights.load("resnet18", f"path:{file}")
    assert fingerprint.weights == "path"
    with pytest.raises(WeightsError, match=r"mine\.safetensors does not hold the weights"):
        weights.load("auto", f"path:{file}")
    file.write_bytes(b"<html>not found</html>")
    with pytest.raises(WeightsError, match=r"mine\.safetensors cannot be read as weights"):
        weights.load("resnet18", f"path:{file}")
    with pytest.raises(WeightsError, match="no weights file"):
        weights.load("resnet18", f"path:{tmp_path / 'absent.pth'}")


def test_a_changed_weights_package_is_refused(monkeypatch):
    monkeypatch.setattr(weights, "PACKAGED_SHA256", "0" * 64)
    with pytest.raises(WeightsError, match="Install the package anew"):
        weights.packaged_file()


def test_an_unreachable_hub_names_the_ways_out(monkeypatch):
    import timm

    def refuse(*args, **kwargs):
        raise OSError("we cannot reach huggingface.co")

    monkeypatch.setattr(timm, "create_model", refuse)
    with pytest.raises(WeightsError, match=r"cannot reach.*path:FILE.*backbone auto"):
        weights.load("resnet50", "hub")


def test_the_hub_itself_offline_is_an_error_and_never_random_numbers(monkeypatch, tmp_path):
    import huggingface_hub.constants

    # What HF_HUB_OFFLINE=1 sets at import, and a cache without files.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        WeightsError, match=r"resnet18 could not be fetched from the hub.*path:FILE"
    ):
        weights.load("resnet18", "hub")


@pytest.mark.parametrize("source", ["none", "packaged"])
def test_nobody_is_asked_for_weights_that_are_not_the_hubs(monkeypatch, source):
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *host, **_: asked.append(host))
    monkeypatch.setattr(socket.socket, "connect", lambda _, host: asked.append(host))
    weights.load("auto", source)
    assert asked == []


def test_importing_the_room_loads_nothing_heavy():
    heavy = ["torch", "timm", "faiss", "sklearn", "scipy", "matplotlib", "pandas"]
    taught_by_torch = {"networks", "small_cnn", "trainer"}
    modules = {module.name for module in pkgutil.iter_modules(models.__path__)} - taught_by_torch
    code = (
        f"import sys; {'; '.join(f'import models.{name}' for name in sorted(modules))}; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

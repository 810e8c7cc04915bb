"""How fast a network classifies derivatives, beside torch's eager mode and beside the engine without any decoding.

The network is lite0 with its packaged ImageNet weights, its classifier as the head, so that probabilities are real ones.
`vs_eager_lite0`: images a second of the engine that `auto` chooses against torch in eager fp32, batches of 16, both on
arrays; at least 5. On a CPU in processor seconds, `…_wall` by the clock; on a GPU by the clock.
`vs_engine_ceiling`: images a second of the kernel, reading and decoding included, against the bare engine on as many
random arrays; at least 0.9. Both are medians of pairs, one after the other. `max_error`: the farthest that a
probability of a picture is from eager fp32's; `openvino_bf16_…` say the same of the engine that has to be asked for.
"""

import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchmarks._derivatives import derivatives
from benchmarks._harness import arguments, report

if TYPE_CHECKING:
    from models.networks import Network

_EAGER_BATCH = 16


def lite0(folder: Path) -> "Network":
    """The network, and its folder for engines."""
    from dataclasses import asdict

    from safetensors.torch import save_file

    from models.folders import to_json
    from models.networks import build
    from models.recipe import Architecture
    from models.weights import load

    architecture = Architecture(dropout=0.0)
    labels = {"imagenet": tuple(f"{number:03d}" for number in range(1000))}
    network = build(architecture, labels)
    classifier = load()[0].get_classifier()
    network.heads["imagenet"].load_state_dict(classifier.state_dict())
    folder.mkdir(parents=True)
    save_file(network.state_dict(), folder / "weights.safetensors")
    facts = {
        "labels": {name: list(of) for name, of in labels.items()},
        "architecture": asdict(architecture),
        "fingerprint": network.fingerprint.as_dict(),
    }
    (folder / "config.json").write_bytes(to_json(facts))
    return network


def eager(network: "Network", images: np.ndarray) -> np.ndarray:
    """Probabilities by torch as it comes: fp32, batches of 16, all cores."""
    import torch

    from models.augment import prepare

    device = "cuda" if torch.cuda.is_available() else "cpu"
    network.to(device)
    made = []
    with torch.inference_mode():
        for at in range(0, len(images), _EAGER_BATCH):
            batch = torch.from_numpy(images[at : at + _EAGER_BATCH]).to(device)
            logits = network(prepare(batch, network.fingerprint))["imagenet"]
            made.append(logits.softmax(1).cpu().numpy())
    return np.concatenate(made)


def spent(work: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds and seconds by the clock."""
    before, started = _processor(), time.perf_counter()
    work()
    return _processor() - before, time.perf_counter() - started


def in_turn(
    ours: Callable[[], object], peer: Callable[[], object], pairs: int
) -> tuple[float, float, float]:
    """Peer's processor seconds over ours, the same by the clock, and our seconds by the clock: medians."""
    ours(), peer()
    taken = []
    for pair in range(pairs):
        first, second = (ours, peer) if pair % 2 else (peer, ours)
        one, two = spent(first), spent(second)
        taken.append((one, two) if pair % 2 else (two, one))
    ratios = [[theirs[kind] / mine[kind] for mine, theirs in taken] for kind in (0, 1)]
    clock = statistics.median(mine[1] for mine, _ in taken)
    return statistics.median(ratios[0]), statistics.median(ratios[1]), clock


def main() -> None:
    """Measure and report."""
    asked = arguments(__doc__ or "")
    count, pairs = (32, 1) if asked.quick else (512, 5)
    with tempfile.TemporaryDirectory() as place:
        figures, sizes = measure(Path(place), count, pairs)
    report("inference", figures, peers=["torch", "openvino", "onnxruntime"], sizes=sizes)


def measure(place: Path, count: int, pairs: int) -> tuple[dict[str, float], dict[str, int | str]]:
    """All figures, and what they were measured on."""
    import torch

    from models.engines import open_engine
    from models.export import softmax
    from models.inference import Infer
    from models.pixels import read_square

    network = lite0(place / "model" / "1")
    rows = derivatives(count, place / "store").combine_chunks()
    count = len(rows)
    kernel = Infer(place / "model" / "1", place / "store")
    engine = kernel.engine
    squares = [read_square(place / "store" / path, 224) for path in rows["path"].to_pylist()]
    images = np.stack(squares).transpose(0, 3, 1, 2)
    random = np.random.default_rng(0).integers(0, 256, images.shape, dtype=np.uint8)
    batch = rows.to_batches()[0]
    expected = eager(network, images)

    on_gpu = torch.cuda.is_available()
    cpu, clock, _ = in_turn(lambda: engine(images), lambda: eager(network, images), pairs)
    figures = {"vs_eager_lite0": clock if on_gpu else cpu, "vs_eager_lite0_wall": clock}
    _, clock, seconds = in_turn(lambda: kernel(batch), lambda: engine(random), pairs)
    figures |= {"vs_engine_ceiling": clock, "images_per_second": count / seconds}
    figures["max_error"] = float(np.abs(softmax(engine(images)["imagenet"]) - expected).max())
    if not on_gpu:
        fast = open_engine(place / "model" / "1", "openvino-bf16")
        cpu, _, _ = in_turn(lambda: fast(images), lambda: eager(network, images), pairs)
        said = softmax(fast(images)["imagenet"])
        figures["openvino_bf16_vs_eager_lite0"] = cpu
        figures["openvino_bf16_max_error"] = float(np.abs(said - expected).max())
        agree = (said.argmax(1) == expected.argmax(1)).mean()
        figures["openvino_bf16_same_first_label"] = float(agree)
    return figures, {"pictures": count, "pairs": pairs, "engine": engine.name}


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()

"""Networks run fast: a model folder behind one call, by OpenVINO, ONNX Runtime or torch.

What belongs here: the engines, and the proof that each says what torch says: every time that one is opened
it is asked about a few made pictures. On a CPU a picture is a request of its own, on one thread, and cores
take pictures in turn: the same picture gives the same bytes whatever stands beside it, and no longer than
in batches. On a GPU, batches go through torch. Export is models.export's.
"""

import importlib.util
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models import signal_stack
from models.export import expected, key_of, made_pictures, onnx_file, softmax, whole_network
from storage.errors import MendableError
from storage.memo import cores

# How far an engine's probabilities may be from torch's fp32 on a CPU, at most. bf16 has 8 bits of mantissa;
# TF32, which GPUs use for convolutions, 11.
TOLERANCE = {
    "openvino": 1e-3,
    "openvino-bf16": 5e-2,
    "onnxruntime": 1e-3,
    "torch": 1e-3,
    "torch-cuda": 1e-2,
}
_GPU_BATCH = 64

# uint8 n × s × s × 3 to the logits of each attribute
Run = Callable[[np.ndarray], Sequence[np.ndarray]]
Opened = tuple[Path, str, int, int]  # model folder, its key, image size, threads


class EngineError(MendableError):
    """An engine is not to be had, or does not say what torch says."""


@dataclass(frozen=True)
class Engine:
    """A network in an engine. `batch`: pictures it takes at once; `threads`: calls it works on at once.

    Calls may come from several threads.
    """

    name: str
    model_id: str
    labels: dict[str, tuple[str, ...]]
    image_size: int
    batch: int
    threads: int
    _run: Run = field(repr=False)
    _pool: ThreadPoolExecutor = field(repr=False)

    def __call__(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Logits of each attribute, float32 n × labels; images: uint8 n × 3 × size × size.

        Raises ValueError for images of another type or shape.
        """
        size = self.image_size
        if images.dtype != np.uint8 or images.shape[1:] != (3, size, size):
            raise ValueError(
                f"{self.model_id} takes uint8 n × 3 × {size} × {size}, not "
                f"{images.dtype} {' × '.join(map(str, images.shape))}."
            )
        # Free where colours lie together already, as they come out of a decoder.
        pixels = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
        parts = [pixels[at : at + self.batch] for at in range(0, len(pixels), self.batch)]
        made = list(self._pool.map(self._run, parts))
        return {
            name: np.concatenate(
                [part[place] for part in made] or [np.empty((0, len(labels)), np.float32)]
            )
            for place, (name, labels) in enumerate(self.labels.items())
        }


def open_engine(folder: Path, engine: str = "auto") -> Engine:
    """The model of a folder (`config.json`, `weights.safetensors`), ready to be asked.

    engine: `openvino`, `openvino-bf16`, `onnxruntime`, `torch` (on a GPU where there is one), or `auto`: torch
    with a GPU, else the fastest of the others that is installed; `name` says which it is. fp32 but for
    `openvino-bf16`, which nothing chooses by itself: thresholds for routing rest on probabilities.

    Raises EngineError when the engine is unknown, not installed, or strays from torch by more than its
    TOLERANCE; NetworkError and WeightsError, from models.networks, when config and weights are missing or do
    not fit; ExportError, from models.export.
    """
    from models.networks import read_config

    name = _choose(engine)
    config = read_config(folder)
    key = key_of(folder, config)
    size = config["fingerprint"]["input_size"]
    told = expected(folder, key, size)
    threads = 1 if name == "torch-cuda" else cores()
    made = Engine(
        name=name,
        model_id=f"{config['fingerprint']['architecture']}-{key}",
        labels={one: tuple(config["labels"][one]) for one in sorted(config["labels"])},
        image_size=size,
        batch=_GPU_BATCH if name == "torch-cuda" else 1,
        threads=threads,
        _run=_RUNS[name]((folder, key, size, threads)),
        _pool=ThreadPoolExecutor(threads, thread_name_prefix=name),
    )
    _verify(made, told)
    return made


def _choose(engine: str) -> str:
    if engine not in {"auto", *TOLERANCE} - {"torch-cuda"}:
        known = ", ".join(["auto", *(name for name in TOLERANCE if name != "torch-cuda")])
        raise EngineError(f"There is no engine {engine!r}; there are {known}.")
    if engine in {"auto", "torch"}:
        import torch

        if torch.cuda.is_available():
            return "torch-cuda"
    if engine == "auto":
        return next(
            name for name in ("openvino", "onnxruntime", "torch") if importlib.util.find_spec(name)
        )
    package = engine.partition("-")[0]
    if not importlib.util.find_spec(package):
        raise EngineError(
            f"The engine {engine} is not installed. Run `pip install {package}`, or use auto."
        )
    return engine


def _verify(engine: Engine, told: list[np.ndarray]) -> None:
    said = engine(made_pictures(engine.image_size).transpose(0, 3, 1, 2)).values()
    off = max(float(np.abs(softmax(a) - b).max()) for a, b in zip(said, told, strict=True))
    if not off <= TOLERANCE[engine.name]:  # nor when it is no number
        raise EngineError(
            f"{engine.name} strays by {off:.2g} from torch's probabilities with {engine.model_id}; "
            f"at most {TOLERANCE[engine.name]} is allowed. Use another engine."
        )


def _openvino(opened: Opened, precision: str) -> Run:
    import openvino

    folder, key, size, threads = opened
    core = openvino.Core()
    model = core.read_model(onnx_file(folder, key, size))
    model.reshape({0: [1, size, size, 3]})
    asked = {
        "PERFORMANCE_HINT": "THROUGHPUT",
        "NUM_STREAMS": threads,
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": precision,
        "ENABLE_CPU_PINNING": False,  # other processes have cores to choose too
    }
    with signal_stack.kept():
        compiled = core.compile_model(model, "CPU", asked)
    mine = threading.local()

    def run(pixels: np.ndarray) -> list[np.ndarray]:
        if not hasattr(mine, "request"):
            mine.request = compiled.create_infer_request()
        mine.request.infer({0: pixels}, share_inputs=True)
        return [output.data.copy() for output in mine.request.output_tensors]

    return run


def _onnxruntime(opened: Opened) -> Run:
    import onnxruntime

    folder, key, size, _ = opened
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    file = str(onnx_file(folder, key, size))
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"images": pixels})


def _torch(opened: Opened) -> Run:
    import torch

    network = whole_network(opened[0])

    def run(pixels: np.ndarray) -> list[np.ndarray]:
        torch.set_num_threads(1)  # counts for the calling thread
        with torch.inference_mode():
            return [logits.numpy() for logits in network(torch.from_numpy(pixels))]

    return run


def _torch_cuda(opened: Opened) -> Run:
    import torch

    network = whole_network(opened[0]).to("cuda").to(memory_format=torch.channels_last)

    def run(pixels: np.ndarray) -> list[np.ndarray]:
        with torch.inference_mode():
            made = network(torch.from_numpy(pixels).to("cuda"))
            return [logits.cpu().numpy() for logits in made]

    return run


_RUNS: dict[str, Callable[[Opened], Run]] = {
    "openvino": lambda opened: _openvino(opened, "f32"),
    "openvino-bf16": lambda opened: _openvino(opened, "bf16"),
    "onnxruntime": _onnxruntime,
    "torch": _torch,
    "torch-cuda": _torch_cuda,
}

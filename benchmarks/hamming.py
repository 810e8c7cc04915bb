"""All pairs of 64-bit hashes within r bits: CPU-seconds, memory, and FAISS's exhaustive search beside.

`cpu_s_1m_r8`, `cpu_s_10m_r5`: random hashes with 1 % planted neighbours, the whole join in a process of its own on
one thread; `peak_mib_*` is that process's. `cpu_s_100k_r16` is the widest join of the duplicates stage.
`cpu_s_clustered_100k_r14`: twelve bits flipped in one of 5,000 hashes, so each has twenty relatives.
`faiss_flat_ratio`: CPU-seconds of FAISS BinaryFlat's range search by ours, at a size that it can do.
"""

import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from benchmarks._harness import arguments, report

_PEER_R = 8


def _random(n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    hashes = rng.integers(0, 2**64, n, dtype=np.uint64)
    planted = n // 100
    bits = np.uint64(1) << rng.integers(0, 64, planted, dtype=np.uint64)
    hashes[:planted] = hashes[-planted:] ^ bits
    return hashes


def _clustered(n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    few = rng.integers(0, 2**64, n // 20, dtype=np.uint64)
    hashes = few[rng.integers(0, len(few), n)]
    for _ in range(12):
        hashes = hashes ^ (np.uint64(1) << rng.integers(0, 64, n, dtype=np.uint64))
    return hashes


def _ours(kind: str, n: int, r: int) -> tuple[float, float, int]:
    """CPU-seconds, peak MiB and pairs, in the process that runs it."""
    from imaging.duplicates.hamming import pairs_within

    hashes = {"random": _random, "clustered": _clustered}[kind](n)
    began = time.process_time()
    i, _, _ = pairs_within(hashes, r)
    return time.process_time() - began, _peak(), len(i)


def _faiss(kind: str, n: int, r: int) -> tuple[float, float, int]:
    import faiss

    faiss.omp_set_num_threads(1)
    hashes = {"random": _random, "clustered": _clustered}[kind](n)
    rows = hashes.view(np.uint8).reshape(-1, 8)
    began = time.process_time()
    index = faiss.IndexBinaryFlat(64)
    index.add(rows)
    limits, _, _ = index.range_search(rows, r + 1)  # FAISS wants less than its radius
    return time.process_time() - began, _peak(), (int(limits[-1]) - n) // 2


def _peak() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _alone(function, *args: object) -> tuple[float, float, int]:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *args).result()


def main() -> None:
    """Measure and report."""
    small = arguments(__doc__ or "").quick
    shrink = 100 if small else 1
    cases = {
        "1m_r8": ("random", 1_000_000 // shrink, 8),
        "10m_r5": ("random", 10_000_000 // shrink, 5),
        "100k_r16": ("random", 100_000 // shrink, 16),
        "clustered_100k_r14": ("clustered", 100_000 // shrink, 14),
    }
    figures: dict[str, float] = {}
    sizes: dict[str, int | str] = {}
    for name, case in cases.items():
        cpu, peak, found = _alone(_ours, *case)
        figures |= {f"cpu_s_{name}": cpu, f"peak_mib_{name}": peak}
        sizes |= {f"hashes_{name}": case[1], f"pairs_{name}": found}
    peer = ("random", 100_000 // shrink, _PEER_R)
    ours, faiss = _alone(_ours, *peer), _alone(_faiss, *peer)
    assert ours[2] == faiss[2], (ours, faiss)
    figures |= {"cpu_s_100k_r8": ours[0], "faiss_cpu_s_100k_r8": faiss[0]}
    figures["faiss_flat_ratio"] = faiss[0] / ours[0]
    report("hamming", figures, peers=["faiss-cpu"], sizes=sizes)


if __name__ == "__main__":
    main()

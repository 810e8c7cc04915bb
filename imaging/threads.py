"""One thread a process for the libraries that would start their own.

What belongs here: what every kernel that computes on pixels needs while `map_files` already runs one process a core.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import cv2
from threadpoolctl import threadpool_limits


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenCV and the matrix products of numpy to the calling thread; what was set comes back."""
    former = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        cv2.setNumThreads(former)

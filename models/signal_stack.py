"""The stack that a thread's signal handlers run on, kept from libraries that leave it unmapped."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager


class _Stack(ctypes.Structure):
    """stack_t of <signal.h> on Linux."""

    _fields_ = (
        ("pointer", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("size", ctypes.c_size_t),
    )


@contextmanager
def kept() -> Iterator[None]:
    """Put this thread's alternate signal stack back to what it was (sigaltstack(2)); nothing but on Linux.

    OpenVINO 2026.4 gives the thread that compiles a network a stack of its own. Of two that are let go in the
    order they came, the second puts back the first one's, which is unmapped by then. Python's handlers run on
    it: Ctrl-C, or SIGTERM to a service, was a segmentation fault.
    """
    if sys.platform != "linux":
        yield
        return
    libc, before = ctypes.CDLL(None), _Stack()
    libc.sigaltstack(None, ctypes.byref(before))
    try:
        yield
    finally:
        libc.sigaltstack(ctypes.byref(before), None)

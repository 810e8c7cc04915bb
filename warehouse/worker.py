"""The process in which questions are answered, started by `warehouse.ask.apart`: `python -m warehouse.worker FD`.

It answers one question after the other, each bounded in time and memory by the system itself, and ends
when the one who asks is gone.
"""

import pickle
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow as pa

from warehouse.ask import GRACE_S, READY, AskError, too_much

# Bytes of address space that questions may add: DuckDB's memory and what it does not count.
_ADDRESSES = 6 * 2**30


def _serve(line: Connection) -> None:
    """For each question the refusal, empty where there is none, and then the answer."""
    if sys.platform == "linux":  # elsewhere the limit is not kept: only time bounds a huge value
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + _ADDRESSES, used + _ADDRESSES))
    line.send_bytes(READY)
    while True:
        try:
            question, timeout_s = pickle.loads(line.recv_bytes())
        except EOFError:
            return
        # Ends this process in the midst of anything, also when nobody is left who would kill it.
        signal.setitimer(signal.ITIMER_REAL, timeout_s + 2 * GRACE_S)
        try:
            table = question()
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
        except AskError as error:
            line.send_bytes(str(error).encode())
        except MemoryError:
            line.send_bytes(str(too_much()).encode())
        else:
            line.send_bytes(b"")
            line.send_bytes(sink.getvalue())
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    with Connection(int(sys.argv[1])) as line:
        _serve(line)

"""`python -m sandbox`: serve a collection on loopback until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path

from sandbox.collection import Collection, CollectionError


def main() -> int:
    """Parse arguments, load the collection, serve. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--collection", default="builtin", help="builtin, or a folder of samples")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument(
        "--seed", type=int, default=7, help="of the built-in collection and of faults"
    )
    parser.add_argument("--works", type=int, default=300, help="size of the built-in collection")
    parser.add_argument(
        "--cache", type=Path, default=Path(".cache/sandbox"), help="painted pictures"
    )
    parser.add_argument("--nga-layout", choices=("new", "old"), default="new")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end when the parent does"
    )
    options = parser.parse_args()
    # an exception, so that painters at work are ended too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        collection = _load(options)
        asyncio.run(_serve(collection, options))
    except (CollectionError, ValueError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _load(options: argparse.Namespace) -> Collection:
    if options.collection == "builtin":
        from sandbox.builtin import Builtin

        return Builtin(options.seed, options.works, options.cache.resolve())
    from sandbox.folder import Folder

    return Folder(Path(options.collection))


async def _serve(collection: Collection, options: argparse.Namespace) -> None:
    from aiohttp import web

    from sandbox.server import Server

    server = Server(collection, seed=options.seed, nga_layout=options.nga_layout)
    runner = web.ServerRunner(web.Server(server.handle, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port, shutdown_timeout=1)
    try:
        await site.start()
    except OSError as error:
        reason = error.strerror or error
        raise CollectionError(f"cannot listen on 127.0.0.1:{options.port}: {reason}") from error
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.until_stdin_closes:

        def watch() -> None:
            # the bare descriptor: a buffered read would hold a lock that shutting down asks for
            while os.read(sys.stdin.fileno(), 1024):
                pass
            loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=watch, daemon=True).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    line = {"url": url, "collection": collection.name, "counts": collection.counts}
    print(json.dumps(line), flush=True)
    told = ", ".join(f"{n} {what}" for what, n in collection.details.items())
    print(f"sandbox: {collection.name} at {url} ({told})", file=sys.stderr, flush=True)
    await stop.wait()
    await runner.cleanup()


if __name__ == "__main__":
    sys.exit(main())

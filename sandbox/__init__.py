"""A museum in a box: a loopback server that answers as the museums do.

What belongs here: shapes and quirks of the sources (the MET, the WGA, the NGA, Tate), faults on demand, an
invented collection and a folder of real samples behind one interface. What does not: anything the lake
does with them.
"""

from sandbox.handle import Museum, SandboxError, serve

__all__ = ["Museum", "SandboxError", "serve"]

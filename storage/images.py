"""The content-addressed image store: a file is named by the sha256 of its bytes and kept once."""

import hashlib
from pathlib import Path

from storage.files import write_bytes


class ImageStore:
    """Originals and their derivatives below one folder.

    A path is `<kind>/<first two hex digits>/<sha256><suffix>`; nothing in here is ever overwritten.
    """

    def __init__(self, root: Path):
        self.root = root

    def path(self, sha256: str, kind: str = "original", suffix: str = "") -> Path:
        """Where the file of that content is, or would be."""
        return self.root / kind / sha256[:2] / f"{sha256}{suffix}"

    def relative(self, path: Path) -> str:
        """The path as tables keep it: below the store's root, with forward slashes."""
        return path.relative_to(self.root).as_posix()

    def add_bytes(self, data: bytes, suffix: str = "") -> tuple[str, Path]:
        """Store an original's bytes; return its sha256 and path."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path(sha256, suffix=suffix)
        if not path.exists():
            write_bytes(path, data)
        return sha256, path

import hashlib
from pathlib import Path

from storage import ImageStore


def test_a_picture_is_kept_once_under_its_content(tmp_path: Path) -> None:
    store = ImageStore(tmp_path / "store")
    sha256 = hashlib.sha256(b"picture").hexdigest()
    assert store.add_bytes(b"picture", ".jpg") == (sha256, store.path(sha256, suffix=".jpg"))
    assert store.add_bytes(b"picture", ".jpg")[0] == sha256
    files = [path for path in store.root.rglob("*") if path.is_file()]
    assert [store.relative(path) for path in files] == [f"original/{sha256[:2]}/{sha256}.jpg"]

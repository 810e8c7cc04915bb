"""Which artworks a model can speak of: those whose picture has features."""

import pyarrow as pa


def with_features(pictures: pa.Table, features: pa.Table) -> tuple[list[str], list[str]]:
    """Artworks whose picture has features, by artwork_id, and those pictures' sha256."""
    known = set(features["sha256"].to_pylist())
    ordered = pictures.sort_by("artwork_id")
    pairs = [
        (artwork_id, sha256)
        for artwork_id, sha256 in zip(
            ordered["artwork_id"].to_pylist(), ordered["sha256"].to_pylist(), strict=True
        )
        if sha256 in known
    ]
    return [artwork_id for artwork_id, _ in pairs], [sha256 for _, sha256 in pairs]

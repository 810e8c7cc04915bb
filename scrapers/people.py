"""People as sources write of them: who made it, in what role, and one artist out of several mentions."""

from typing import Any


def merge(artists: dict[str, dict[str, Any]], artist: dict[str, Any]) -> None:
    """Take an artist in; what an earlier record left open is filled, other spellings are aliases."""
    known = artists.setdefault(artist["artist_id"], artist)
    for name, value in artist.items():
        if known.get(name) in (None, []):
            known[name] = value
    if artist["name"] not in (known["name"], *known["aliases"]):
        known["aliases"] = sorted([*known["aliases"], artist["name"]])

"""What a scheme of splitting keeps together: duplicates and views of one work, or all of an artist.

What belongs here: which examples are one, and its name; models.splits deals them to sides.
"""

import numpy as np
import pyarrow as pa


def components(examples: pa.Table, scheme: str) -> np.ndarray:
    """What stays on one side with each example, as a number."""
    from imaging.duplicates.groups import components as connected

    names = examples["artwork_id"].to_pylist()
    if scheme == "naive":
        return np.unique(names, return_inverse=True)[1]
    _, group = np.unique(examples["group_id"].to_pylist(), return_inverse=True)
    if scheme == "grouped":
        return group
    artists = examples["artist"].to_pylist()
    known = [row for row, artist in enumerate(artists) if artist]
    _, artist = np.unique([artists[row] for row in known], return_inverse=True)
    ends = group[known], artist + group.max(initial=-1) + 1
    nodes = int(max((int(part.max(initial=-1)) for part in (group, ends[1])), default=-1)) + 1
    first, _ = connected(nodes, *ends)
    return first[group]


def kept_together(examples: pa.Table, scheme: str) -> np.ndarray:
    """The name of what the scheme keeps on one side with each example: its first artwork_id.

    Folds, calibration and intervals take these for groups, so that they hold out what the test side does:
    under artist_disjoint the artist's works with all that hangs on them. Published lists keep nothing together
    but within their training part, where duplicates are.
    """
    component = components(examples, "grouped" if scheme == "official" else scheme)
    # Not the components' numbers, which hang on what else there is.
    names = np.array(examples["artwork_id"].to_pylist(), dtype=object)
    order = np.argsort(names, kind="stable")
    _, first, member = np.unique(component[order], return_index=True, return_inverse=True)
    named = np.empty(len(names), dtype=object)
    named[order] = names[order][first][member]
    return named.astype(str)

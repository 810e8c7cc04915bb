"""Training sets: one row a picture with its derivative, its side and a label for each attribute."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from models.splits import SplitError, of_scheme, sides
from models.together import kept_together
from storage.errors import MendableError


class SetError(MendableError):
    """A training set cannot be made; the message names the picture or attribute that is to blame."""


def training_set(
    examples: pa.Table,
    splits: pa.Table,
    derivatives: pa.Table,
    attributes: Sequence[str],
    scheme: str,
) -> pa.Table:
    """sha256, path, artwork_id, group_id, side, then a nullable text column for each attribute.

    examples: EXAMPLES; splits: SPLITS; derivatives: DERIVATIVES. path is below the image store. A picture
    filed under several works with the same labels is one row, the first; sorted by artwork_id. group_id: what
    the scheme keeps on one side (`together.kept_together`), over the examples of all attributes together.

    Raises SetError for a picture without a derivative, an attribute without examples, a work on two sides
    (attributes whose splits were not made together), SplitError where an attribute has no such split.
    """
    chosen = [_examples(examples, splits, attribute, scheme) for attribute in attributes]
    taught = pa.concat_tables([of for of, _ in chosen])
    names = taught["artwork_id"].to_pylist()
    group = dict(zip(names, kept_together(taught, scheme).tolist(), strict=True))
    rows: dict[str, dict[str, str | None]] = {}
    for attribute, (of, side_of) in zip(attributes, chosen, strict=True):
        for example, side in zip(of.to_pylist(), side_of, strict=True):
            name = example["artwork_id"]
            row = rows.setdefault(
                name,
                {key: example[key] for key in ("sha256", "artwork_id")}
                | {"group_id": group[name], "side": str(side)}
                | dict.fromkeys(attributes),
            )
            if row["side"] != side:
                raise SplitError(
                    f"{name} is for {row['side']} and, by {attribute}, for {side}: under {scheme!r} "
                    f"{', '.join(attributes)} cannot be learned together. Take `grouped`.",
                    attribute,
                )
            row[attribute] = example["label"]
    path = dict(
        zip(derivatives["sha256"].to_pylist(), derivatives["path"].to_pylist(), strict=True)
    )
    distinct: dict[tuple[str | None, ...], dict[str, str | None]] = {}
    for name in sorted(rows):
        row = rows[name]
        if row["sha256"] not in path:
            raise SetError(
                f"{name}: its picture {row['sha256']} has no derivative. Run the stage `images`, then "
                "`training/examples` again."
            )
        key = (row["sha256"], row["side"], *(row[attribute] for attribute in attributes))
        distinct.setdefault(key, {**row, "path": path[row["sha256"]]})
    columns = ["sha256", "path", "artwork_id", "group_id", "side", *attributes]
    return pa.Table.from_pylist(
        list(distinct.values()), schema=pa.schema([(name, pa.string()) for name in columns])
    )


def _examples(
    examples: pa.Table, splits: pa.Table, attribute: str, scheme: str
) -> tuple[pa.Table, np.ndarray]:
    """The examples of one attribute that the scheme knows, and the side of each."""
    of = examples.filter(pc.equal(examples["attribute"], attribute))
    if not len(of):
        raise SetError(f"There is no example of {attribute} to learn from; see training/examples.")
    chosen = of_scheme(splits, attribute, scheme)
    if scheme == "official":  # lists leave out what they do not know
        listed = chosen["artwork_id"].combine_chunks()
        of = of.filter(pc.is_in(of["artwork_id"], value_set=listed))
    return of, sides(of, chosen)

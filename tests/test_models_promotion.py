"""When one model may follow another: fair comparisons alone, and never downwards by itself."""

from pathlib import Path

import pyarrow as pa
import pytest

from assets.registry import BY_ITSELF, by_training, promote_by_itself
from models import registry
from models.outputs import OUTPUTS
from models.registry import RegistryError
from tests.test_models_registry import made, outputs, promote

NAME = "department_head"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "registry"


def head(root: Path, right: int, **facts: object) -> registry.Version:
    """A head that is right of so many of its 60 test pictures."""
    said = {"accuracy": right / 100, **facts}
    return made(root, outputs(right), name=NAME, kind="head", **said)


def by_itself(root: Path, version: registry.Version, by: str = BY_ITSELF) -> str:
    return promote_by_itself(root, version.id, "department", by=by)


def in_use(root: Path) -> str:
    return registry.in_use(root)["department"]


def lopsided(rare_right: bool) -> pa.Table:
    """500 test pictures, 12 of a rare label: one model finds those, the other one picture in 40 more."""
    rows = []
    for number in range(500):
        label = "armour" if number < 12 else "paintings"
        guess = label if rare_right else "paintings"
        if rare_right and number % 40 == 20:
            guess = "armour"
        rows.append(
            {
                "attribute": "department",
                "artwork_id": f"met:{number}",
                "sha256": f"{number:064x}",
                "group_id": f"met:{number}",
                "side": "test",
                "label": label,
                "logits": [1.0, 0.0] if guess == "armour" else [0.0, 1.0],
            }
        )
    return pa.Table.from_pylist(rows, schema=OUTPUTS)


def test_models_of_different_schemes_are_not_compared_but_a_reason_is_taken(root: Path) -> None:
    promote(root, made(root, outputs(50)))
    new = made(root, outputs(60), accuracy=0.99, scheme="artist_disjoint")
    with pytest.raises(RegistryError, match="artist_disjoint, .* under grouped.* --force"):
        promote(root, new)
    assert promote(root, new, "artists nobody knows count more") == ["department"]


def test_too_few_common_pictures_are_refused_with_how_many_are_needed(root: Path) -> None:
    promote(root, made(root, outputs(200, range(200)), name="other"))
    for tested, said in (
        ([*range(400, 420), *range(60)], "share 60 of the 80 test pictures .* 80 are needed"),
        ([*range(400, 430), *range(90)], "share 90 of the 120 test pictures .* 100 are needed"),
        ([*range(400, 550), *range(150)], "share 150 of the 300 test pictures .* 151 are needed"),
    ):
        new = made(root, outputs(len(tested), tested), accuracy=len(tested) / 1000)
        with pytest.raises(RegistryError, match=f"{said}: the set grew .*Train other on today's"):
            promote(root, new)
    enough = [*range(400, 549), *range(150)]
    assert promote(root, made(root, outputs(299, enough), accuracy=0.1)) == ["department"]


def test_a_rare_label_that_is_lost_is_seen_by_macro_f1_where_accuracy_gains(root: Path) -> None:
    old, new = made(root, lopsided(True)), made(root, lopsided(False), accuracy=0.5)
    found = registry.compare(new, old, "department")
    assert found["low"] < 0 < found["high"] and found["macro_f1"]["high"] < 0
    promote(root, old)
    with pytest.raises(RegistryError, match="macro-F1 is worse beyond its interval"):
        promote(root, new)
    assert registry.in_use(root) == {"department": old.id}


def test_small_steps_do_not_lead_down_by_themselves_but_people_may_take_them(root: Path) -> None:
    first, slightly = made(root, outputs(58)), made(root, outputs(57), accuracy=0.8)
    training = by_training("department")
    assert "is promoted" in by_itself(root, first, training)
    assert "not better, though not worse beyond" in by_itself(root, slightly, training)
    assert in_use(root) == first.id
    assert promote(root, slightly) == ["department"]
    as_good = made(root, outputs(57), accuracy=0.81)
    assert "is promoted" in by_itself(root, as_good, training)


def test_a_head_follows_another_unasked_where_its_data_are_gone_and_not_where_they_grew(
    root: Path,
) -> None:
    first = head(root, 58)
    by_itself(root, first)
    grown = head(root, 50, taught=range(1000, 1060))
    assert "worse beyond its interval" in by_itself(root, grown)
    gone = head(root, 49, taught=range(1001, 1045))  # a picture was taken down
    assert "is promoted" in by_itself(root, gone)
    assert (
        registry.history(root)[-1]["why"] == f"the data of {first.id} no longer exist as they were"
    )
    other_plan = made(root, outputs(40), name="other", taught=range(2000, 2045))
    assert "worse beyond its interval" in by_itself(root, other_plan, by_training("other"))


def test_data_that_are_as_they_were_before_bring_the_model_of_then_back(root: Path) -> None:
    before, corrected = head(root, 58), head(root, 55, taught=range(1001, 1046))
    for version in (before, corrected, before):
        assert "is promoted" in by_itself(root, version)
        assert in_use(root) == version.id


def test_what_people_decided_against_stays_out_until_people_ask_for_it(root: Path) -> None:
    first, second = head(root, 50), head(root, 58)
    by_itself(root, first)
    by_itself(root, second)
    registry.rollback(root, "department", "it sees ghosts", by="ada")
    assert "stays: ada replaced" in by_itself(root, second)
    promote(root, second)
    registry.promote(root, *first.id.split("@"), "for a test", by="bob")
    assert "stays: bob replaced" in by_itself(root, second)
    registry.rollback(root, "department", by="ada")
    assert in_use(root) == second.id
    assert "stays: ada replaced" in by_itself(root, first)


def test_a_head_follows_a_network_only_where_it_is_surely_better(root: Path) -> None:
    network = made(root, outputs(40))
    by_itself(root, network, by_training("department"))
    assert "not better beyond its interval" in by_itself(root, head(root, 41))
    assert in_use(root) == network.id
    better = head(root, 60)
    assert "is promoted" in by_itself(root, better)
    assert in_use(root) == better.id

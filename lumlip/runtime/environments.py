"""One isolated Python environment per model family, made on demand with uv.

The families cannot share one environment (their pins exclude each other), so each gets its own,
made from the pins at the top of its file ``NAME.py``: a PEP 723 block, read without running it. The
file lies in ``lumlip/families``, or in an installed package that registers it by an entry point.
Where the current interpreter has the family's packages in the pinned versions, it is used as it is.
"""

import ast
import errno
import hashlib
import os
import re
import shutil
import signal
import site
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distributions, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lumlip.errors import FamilyEnvironmentError
from lumlip.runtime.paths import ensured, home
from lumlip.runtime.pip_settings import uv_settings

FAMILIES_DIR = Path(__file__).parents[1] / "families"
#: Entry points that register a family: its name, and the module whose last part is that name.
GROUP = "lumlip.families"
_BLOCK = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
_DONE = ".complete"
# Beginnings of the names of variables that workers and installers get: what says where things
# are, in what language, how to reach the network, and how to compute.
_HANDED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMP", "TEMP", "LANG", "LC_", "TZ", "XDG_", "LUMLIP_"),
    *("SYSTEMROOT", "APPDATA", "LOCALAPPDATA", "LD_LIBRARY_PATH", "DYLD_"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY", "SSL_CERT_"),
    *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HF_", "TORCH", "PYTORCH_", "TRITON_", "FAIRCHEM_"),
    *("CUDA_", "CUBLAS_", "NVIDIA_", "ATEN_", "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_"),
    *("NUMEXPR_", "NUMBA_", "DP_", "PYTHONHASHSEED", "PYTHONUTF8"),
)
_SECRET = re.compile("TOKEN|SECRET|PASSWORD|CREDENTIAL|_KEY$", re.IGNORECASE)
# lumlip itself needs these, in a range of versions: the features say which, and are kept apart.
_SHARED = ("ase", "numpy", "torch")


@dataclass(frozen=True)
class Pins:
    """What a family's file says, above all about its environment."""

    family: str
    package: str
    dependencies: tuple[str, ...]  # all distributions, each in an exact version
    no_deps: tuple[str, ...]  # those that are installed without what they ask for themselves
    features_version: str
    linear_head: bool  # the energy is linear in the backbone, too, which is the readout then

    @property
    def folder(self) -> Path:
        """Where the environment of these pins and this Python is, or will be made."""
        wanted = (self.dependencies, (), *([self.no_deps] if self.no_deps else []))
        text = repr((*wanted, sys.version_info[:3], sys.platform))
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return home() / "environments" / f"{self.family}-{digest}"

    @property
    def versions(self) -> dict[str, str]:
        """The pinned versions by name; of ``NAME @ URL`` the address."""
        pinned = (re.split(r"(?:\[.*\])?==| @ ", pin, maxsplit=1) for pin in self.dependencies)
        return dict(pinned)


def families() -> list[str]:
    """Return the known families: one per file in ``lumlip/families``, and those registered."""
    own = {p.stem for p in FAMILIES_DIR.glob("[!_]*.py") if p.stem != "base"}
    return sorted(own.union(registered()))


@cache
def registered() -> dict[str, Path]:
    """Return the files of the families that installed packages register; none is imported."""
    return {point.name: _file_of(point.module) for point in entry_points(group=GROUP)}


def _file_of(module: str) -> Path:
    top, _, rest = module.partition(".")
    spec = find_spec(top)  # to find a package runs nothing of it; to find a part of it would
    folders = (spec and spec.submodule_search_locations) or [top]
    return Path(folders[0], *rest.split(".")).with_suffix(".py")


def family_file(family: str) -> Path:
    """Return the file of a family, lumlip's own first; ValueError if there is none by its name."""
    if family not in families():
        raise ValueError(f"unknown family {family!r}; known: {', '.join(families())}")
    own = FAMILIES_DIR / f"{family}.py"
    if own.is_file():
        return own
    path = registered()[family]
    if path.name != own.name or not path.is_file():
        raise ValueError(f"family {family!r} is registered as {path}, expected a file {own.name}")
    return path


def pins(family: str) -> Pins:
    """Read what a family's file says without running it; ValueError if something is missing."""
    return _pins(family, family_file(family).read_text(encoding="utf-8"))


@cache
def _pins(family: str, source: str) -> Pins:
    match = _BLOCK.search(source)
    names = ("PACKAGE", "FEATURES_VERSION", "linear_head")
    try:
        package, version, linear = (_constant(source, name) for name in names)
    except SyntaxError as error:
        raise ValueError(f"{family_file(family)}, line {error.lineno}: {error.msg}") from error
    if match is None or package is None:
        raise ValueError(
            f"{family_file(family)} needs a '# /// script' block of pins and a PACKAGE name"
        )
    lines = match["content"].splitlines()
    block = tomllib.loads("\n".join(line.removeprefix("#").removeprefix(" ") for line in lines))
    # Without a version a file is still being written: every change of it is a version of its own.
    version = version or hashlib.sha256(source.encode()).hexdigest()[:12]
    # no-deps names distributions whose own requirements exclude our pins
    no_deps = tuple(block.get("tool", {}).get("lumlip", {}).get("no-deps", ()))
    made = Pins(family, package, tuple(block["dependencies"]), no_deps, version, linear == "True")
    if unknown := sorted(set(no_deps) - made.versions.keys()):
        known = ", ".join(made.versions)
        raise ValueError(f"{family}.py: no-deps names {', '.join(unknown)}; dependencies: {known}")
    return made


def _constant(source: str, name: str) -> str | None:
    for node in ast.walk(ast.parse(source)):  # what stands outermost first
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return str(ast.literal_eval(node.value))
    return None


def python(family: str) -> Path:
    """Return an interpreter that has the family's packages, made first if need be."""
    wanted = pins(family)
    if here(wanted):
        return Path(sys.executable)
    if broken(wanted):
        _make(wanted)
    return _interpreter(wanted.folder)


def is_lumlips(folder: Path) -> bool:
    """Tell whether lumlip made a folder: a mark is in it, or the lock it was made under beside."""
    return (folder / _DONE).exists() or folder.with_name(f"{folder.name}.lock").exists()


def in_use(folder: Path) -> bool:
    """Tell whether a program runs from a folder, or it is made just now."""
    start = f"{folder}{os.sep}".encode()
    for command in Path("/proc").glob("[0-9]*/cmdline"):  # where there is no /proc, nobody knows
        with suppress(OSError):
            if command.read_bytes().startswith(start):
                return True
    return is_locked(folder)


def broken(wanted: Pins) -> str:
    """Say what a family's environment lacks, nothing if it is whole; no program is started."""
    folder, package = wanted.folder, wanted.package.partition(".")[0]
    if not (folder / _DONE).exists():
        return "it is not complete"
    if not _interpreter(folder).exists():  # its link may lead nowhere
        return "its Python is gone"
    sites = [*folder.glob("lib/python*/site-packages"), *folder.glob("Lib/site-packages")]
    if not any(found for site in sites for found in site.glob(f"{package}*")):
        return f"its {package} is gone"
    there = {_plain(str(one.name)) for one in distributions(path=list(map(str, sites)))}
    gone = [name for name in wanted.versions if _plain(name) not in there]
    return f"its {', '.join(gone)} is gone" if gone else ""


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def versions(family: str) -> dict[str, str]:
    """Return the versions that a family runs with, by name: those here if these fit, or as pinned.

    Nothing is imported, and no environment is made.
    """
    return here(pins(family)) or pins(family).versions


@cache
def here(wanted: Pins) -> dict[str, str]:
    """Return the versions in this interpreter; none if a package is missing or not as pinned."""
    found = {name: _installed(name) for name in wanted.versions}
    return found if all(_fits(k, pinned, found[k]) for k, pinned in wanted.versions.items()) else {}


def _fits(name: str, pinned: str, installed: str) -> bool:
    """Tell whether a version is the pinned one, for whatever kind of machine (``2.13.0+cpu``)."""
    if name in _SHARED:
        return bool(installed)
    return pinned in (installed, installed.partition("+")[0])


def _installed(name: str) -> str:
    """Return the version of a distribution in this interpreter, empty if it has none.

    Only what a worker would see counts: nothing from the working directory, ``PYTHONPATH``, or the
    packages of this user alone.
    """
    found = distributions(name=name, path=site.getsitepackages())
    return next((distribution.version for distribution in found), "")


def command(family: str, module: str, *args: str) -> list[str]:
    """Return the command line that runs one of lumlip's modules in the family's environment."""
    return [str(python(family)), "-m", module, *args]


def variables(*tokens: str, family: str = "") -> dict[str, str]:
    """Return the process environment for :func:`command`: ``lumlip`` importable, little else.

    Where a package registers the family, its file is imported as ``lumlip.families.NAME``, too.

    In particular nothing from the working directory, which may be anybody's: a ``random.py`` there
    would run in place of Python's own. And no secrets, but for the variables named in ``tokens``.
    """
    # Threads that wait in place slow each other down many times over on a machine that is shared.
    patient = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
    isolated = {"PYTHONPATH": str(_import_folder()), "PYTHONNOUSERSITE": "1", "PYTHONSAFEPATH": "1"}
    headless = {"MPLBACKEND": "agg"}  # a notebook's own backend is not installed there
    outside = registered().get(family)
    found = {"LUMLIP_FAMILY_FOLDER": str(outside.parent)} if outside else {}
    return {**patient, **_harmless(*tokens), **isolated, **headless, **found}


def _harmless(*more: str) -> dict[str, str]:
    """Return this process's variables without those that others may not know, such as tokens."""
    named = [n for n in list(os.environ) if n.upper().startswith((*_HANDED_ON, *more))]
    known = {n: os.environ.get(n) for n in named if n in more or not _SECRET.search(n)}
    # Another thread may have removed one meanwhile.
    return {n: value for n, value in known.items() if value is not None}


def _import_folder() -> Path:
    """Return a folder that holds lumlip alone.

    Its own parent would not do: that may be the site-packages of this interpreter, whose other
    packages must not leak into a family's environment.
    """
    package = Path(__file__).parents[1]
    folder = home() / "import" / hashlib.sha256(str(package).encode()).hexdigest()[:12]
    link = ensured(folder) / "lumlip"
    try:
        link.symlink_to(package, target_is_directory=True)
    except FileExistsError:
        pass
    except OSError:  # no right to make links (Windows): a fresh copy
        shutil.copytree(package, link, dirs_exist_ok=True)
    return folder


def _interpreter(folder: Path) -> Path:
    scripts = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    return folder / scripts


def _make(wanted: Pins) -> None:
    folder = wanted.folder
    with locked(folder, f"the environment of {wanted.family}") as lock:
        if not (fault := broken(wanted)):  # another process made it while this one waited
            return
        if (folder / _DONE).exists():
            say(f"lumlip: the environment of {wanted.family} is broken: {fault}")
        shutil.rmtree(folder, ignore_errors=True)
        start = time.perf_counter()
        say(f"lumlip: making the environment of {wanted.family} (once) ...")
        for step in _steps(wanted):
            _run(step, wanted, lock)
        (folder / _DONE).write_text("\n".join(wanted.dependencies) + "\n", encoding="utf-8")
        seconds = time.perf_counter() - start
        say(f"lumlip: environment of {wanted.family} ready after {seconds:.0f} s")


def _steps(wanted: Pins) -> Iterator[list[str]]:
    from uv import find_uv_bin

    uv = os.fspath(find_uv_bin())
    yield [uv, "venv", "--quiet", "--python", sys.executable, str(wanted.folder)]
    python_path = str(_interpreter(wanted.folder))
    install = [uv, "pip", "install", "--quiet", "--python", python_path]
    names = dict(zip(wanted.versions, wanted.dependencies, strict=True))
    yield [*install, *(pin for name, pin in names.items() if name not in wanted.no_deps)]
    if wanted.no_deps:
        yield [*install, "--no-deps", *(names[name] for name in wanted.no_deps)]


def _run(step: list[str], wanted: Pins, *held: int) -> None:
    own = [name for name in os.environ if name.startswith(("UV_", "PIP_", "CC", "CXX", "NETRC"))]
    env = {**_harmless(*own), **uv_settings()}
    # Not in the working directory: uv would take its settings, say a package index, from there.
    elsewhere = wanted.folder.parent
    pipe = subprocess.PIPE
    options: Any = {"stdout": pipe, "stderr": pipe, "encoding": "utf-8", "errors": "replace"}
    held = held if os.name == "posix" else ()  # the lock holds until uv, too, has ended
    # in a group of its own, to end it with all that it started
    options |= {"env": env, "cwd": elsewhere, "start_new_session": True, "pass_fds": held}
    with subprocess.Popen(step, **options) as uv:
        try:
            told, errors = uv.communicate()
        except BaseException:
            with suppress(AttributeError, ProcessLookupError):
                os.killpg(uv.pid, signal.SIGKILL)
            uv.kill()
            raise
    if uv.returncode:
        shutil.rmtree(wanted.folder, ignore_errors=True)
        said = errors.strip() or told.strip()
        advice = (
            f"Without a network: `lumlip doctor --prepare {wanted.family}` where there is one, "
            "with the same LUMLIP_HOME. Else mend the index settings of pip, or install them "
            "yourself where you run lumlip."
        )
        if re.search("no space left|quota", said, re.IGNORECASE):
            advice = "The disk is full: free some space, or let LUMLIP_HOME name a larger one."
        raise FamilyEnvironmentError(
            f"cannot make the environment of family {wanted.family!r} in {wanted.folder}\n"
            f"  wanted: {', '.join(wanted.dependencies)}\n"
            f"  uv said: {said}\n{advice}"
        )


@contextmanager
def locked(path: Path, what: str) -> Iterator[int]:
    """Let one process at a time make what is to lie at a path; say what another is waited for.

    Lends the descriptor of the lock, which holds as long as any process has that open.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(ensured(path.parent) / f"{path.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"lumlip: waiting for another process that makes {what} (it holds {lock.lock_file})")
        lock.acquire()
    except OSError as error:
        if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP):
            text = f"the disk of {path.parent} has no file locks: set LUMLIP_HOME to a local folder"
            raise OSError(error.errno, text) from error
        raise
    try:
        yield lock._context.lock_file_fd or -1
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Tell whether another process makes what is to lie at a path."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(ensured(path.parent) / f"{path.name}.lock", timeout=0):
            return False
    except Timeout:
        return True


def say(line: str) -> None:
    """Tell the user what goes on, beside the results."""
    print(line, file=sys.stderr, flush=True)

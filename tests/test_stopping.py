"""Whoever stops lumlip, by Ctrl-C, a signal or a closed terminal, leaves nothing running."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from ase.build import bulk
from ase.io import write

from lumlip.runtime import environments

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc"),
]


def running(pid):
    """Tell whether a process is there and not only waiting to be counted."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def children(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


START = """
import signal, sys
from lumlip.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # what "&" starts ignores it
print("started", flush=True)
sys.exit(main())
"""


@pytest.fixture
def extraction(own_cache):
    """Options of a process that extracts with a cache of its own, and that cache."""
    write(own_cache / "cu.xyz", bulk("Cu"))
    argv = [sys.executable, "-c", START, "extract", "chgnet-0.3.0", own_cache / "cu.xyz"]
    return {"args": argv, "stderr": subprocess.PIPE, "text": True}, own_cache / "home"


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_worker_ends_with_the_process_that_started_it(extraction, number):
    with subprocess.Popen(**extraction[0]) as command:

        def worker():
            return [c for c in children(command.pid) if "worker" in read_command(c)]

        (started,) = wait_for(worker, 60)
        command.send_signal(number)
        told = command.communicate()[1]
    assert command.returncode == (-number if number == signal.SIGKILL else 128 + number)
    if number != signal.SIGKILL:
        assert told.endswith("\nlumlip: stopped; what was done is kept\n")
    assert "Traceback" not in told
    wait_for(lambda: not running(started), 10)


def read_command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


# `kill`, and as Ctrl-C, which reaches the worker, too: by turns
@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.2, 0.4, 0.7, 1.0, 1.5, 2.0])
def test_stopped_in_the_first_seconds(extraction, seconds):
    send = os.kill if seconds in (0.05, 0.2, 0.7, 1.5) else os.killpg
    options, home = extraction
    with subprocess.Popen(**options, stdout=subprocess.PIPE, start_new_session=True) as command:
        assert command.stdout.readline() == "started\n"
        time.sleep(seconds)
        send(command.pid, signal.SIGINT)
        told = command.communicate()[1]
    # Python itself ends by the signal if it came while an import was running.
    assert command.returncode in (130, -signal.SIGINT)
    assert told.endswith("\nlumlip: stopped; what was done is kept\n")
    assert "Traceback" not in told
    wait_for(lambda: not of_this_test(home), 10)


def of_this_test(home):
    """Return the processes that were given this cache."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"LUMLIP_HOME={home}".encode() in (folder / "environ").read_bytes():
                found.append(folder.name)
    return found


WHILE_IMPORTING = """
import sys

class Stop:
    def find_spec(self, name, *rest):
        if name == sys.argv[1]:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Stop())
from lumlip.cli import main
sys.exit(main(["models"]))
"""


@pytest.mark.parametrize("module", ["argparse", "tempfile", "lumlip.commands", "numpy", "pandas"])
def test_stopped_while_it_imports(module):
    argv = [sys.executable, "-c", WHILE_IMPORTING, module]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "\nlumlip: stopped; what was done is kept\n"


INSTALL = """
import signal, sys
from lumlip.runtime import environments

def stop(*_):
    raise KeyboardInterrupt

signal.signal(signal.SIGTERM, stop)
step = ["sh", "-c", "sleep 60 & echo $! > pid; wait"]
environments._run(step, environments.pins("chgnet"))
"""


def test_installer_ends_with_what_it_started(tmp_path):
    (tmp_path / "environments").mkdir()
    env = {**os.environ, "LUMLIP_HOME": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", INSTALL], stderr=subprocess.PIPE, env=env) as one:
        pid = tmp_path / "environments" / "pid"
        started = wait_for(lambda: pid.exists() and pid.read_text().strip(), 30)
        one.terminate()
        one.communicate()
    wait_for(lambda: not running(started), 5)


ORPHAN = """
from lumlip.runtime import environments
environments._steps = lambda _: [["sh", "-c", "touch started; sleep 1; touch ended"]]
environments._make(environments.pins("chgnet"))
"""


def test_what_an_installer_does_that_was_left_alone_is_waited_for(tmp_path, monkeypatch, capfd):
    """Nobody can stop it if its process is killed; two at work in one folder break it."""
    monkeypatch.setenv("LUMLIP_HOME", str(tmp_path))
    folder = tmp_path / "environments"
    with subprocess.Popen([sys.executable, "-c", ORPHAN]) as one:
        wait_for((folder / "started").exists, 30)
        one.kill()
    with environments.locked(environments.pins("chgnet").folder, "the environment of chgnet"):
        assert (folder / "ended").exists()
    assert "waiting for another process that makes the environment" in capfd.readouterr().err

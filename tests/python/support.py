"""What the tests share: a shm directory of their own, the C++ peer, records that show when they are torn."""
import contextlib
import glob
import os
import shutil
import struct
import subprocess
import sys
import tempfile

BUILD = os.environ["BUILD_DIR"]
PEER = os.path.join(BUILD, "tests", "python_peer")
PREFIX = "slickq-test-"
SANITIZED = "SLICKQ_SANITIZED" in os.environ


def is_alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def remove_abandoned():
    """Directories of runs whose process is gone."""
    for path in glob.glob(f"/dev/shm/{PREFIX}*"):
        pid = os.path.basename(path)[len(PREFIX) :].split("-")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def shm_dir():
    """A private directory of queues, in SLICKQ_SHM_DIR for this process and its children; removed at the end."""
    remove_abandoned()
    path = tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir="/dev/shm")
    os.environ["SLICKQ_SHM_DIR"] = path
    try:
        yield path
    finally:
        os.environ.pop("SLICKQ_SHM_DIR", None)
        shutil.rmtree(path, ignore_errors=True)


def cursor_name(name):
    """A name for a SharedMemory, which lives in /dev/shm and nowhere else."""
    return f"{PREFIX}{os.getpid()}-{name}"


def python(*args, **options):
    """Another process of this interpreter: its output, errors and exit code."""
    done = subprocess.run([sys.executable, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300,
                          **options)
    return done.stdout.decode(), done.stderr.decode(), done.returncode


def native(environment=None):
    """The environment of a program that is no CPython: its sanitizer is built in."""
    changed = dict(os.environ if environment is None else environment)
    changed.pop("LD_PRELOAD", None)
    return changed


def peer(*args):
    """Begin a C++ peer; see peer.cpp."""
    return subprocess.Popen([PEER, *map(str, args)], stdout=subprocess.PIPE, env=native())


def result_of(process):
    """The numbers in the last line of a process that ends well."""
    output = process.communicate(timeout=120)[0].decode()
    if process.returncode != 0:
        raise AssertionError(f"{process.args}: exit code {process.returncode}: {output}")
    return [int(word) for word in output.strip().split("\n")[-1].split()]


def record(producer, sequence, size=32):
    """An item that belongs together: who, which, and a byte that follows from them, repeated."""
    return struct.pack("<QQ", producer, sequence) + bytes([(producer * 31 + sequence) & 0xFF]) * (size - 16)


def parse(item):
    """(producer, sequence) of a record that is whole."""
    producer, sequence = struct.unpack("<QQ", item[:16])
    if item != record(producer, sequence, len(item)):
        raise AssertionError(f"torn: {item.hex()}")
    return producer, sequence


class Checker:
    """Of each producer the records come whole and in order."""

    def __init__(self):
        self.last = {}

    def check(self, item):
        producer, sequence = parse(item)
        if sequence <= self.last.get(producer, -1):
            raise AssertionError(f"producer {producer}: {sequence} behind {self.last[producer]}")
        self.last[producer] = sequence

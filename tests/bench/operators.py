#!/usr/bin/env python3
"""What it costs to look at queues: slickq inspect, slickq list, slickqd with a thousand of them, slickqd in a crowd.

usage: operators.py BIN_DIR [--queues N] [--seconds S] [--runs R] [--files N] [--processes N]

BIN_DIR has slickq and slickqd. JSON on standard output: wall time in milliseconds, memory in KiB (VmHWM of the whole
process, shared libraries included), CPU as a share of one core. The queues are in a directory of their own, made by
slickqd itself, and go with it.

The crowd: queues of somebody else in slickqd's directory, which it watches as possible orphans, and sleeping processes,
each of which might have one of them open. What it takes is slickqd's own word for its rounds; the first looks at all.
"""

import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 60


def fail(words, code):
    sys.exit(f"operators: {' '.join(map(str, words))} failed: {code}")


def seconds_of(*words):
    """Of one run; its output is read by nobody, but it must have some."""
    with tempfile.TemporaryFile() as output:
        begin = time.monotonic()
        code = subprocess.run(words, stdout=output).returncode
        took = time.monotonic() - begin
        if code != 0 or output.seek(0, os.SEEK_END) == 0:
            fail(words, code)
        return took


def kib_of(*words):
    """The most memory that a command has had when it writes its output: it stands before a full pipe then. (What the
    kernel says of a child that has ended begins with what its parent had.)"""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, bytes(4096))
    except BlockingIOError:
        os.set_blocking(writer, True)
    child = subprocess.Popen(words, stdout=writer)
    os.close(writer)
    deadline = time.monotonic() + PATIENCE_S
    asleep = 0
    while asleep < 20:  # looks in a row, so that no shorter wait is taken for it
        state = pathlib.Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        asleep = asleep + 1 if state == "S" else 0
        if state == "Z" or time.monotonic() > deadline:
            fail(words, child.wait() if state == "Z" else "it does not end")
        time.sleep(0.005)
    kib = status_kib(child.pid, "VmHWM")
    while os.read(reader, 65536):
        pass
    os.close(reader)
    if child.wait() != 0:
        fail(words, child.returncode)
    return kib


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def status_kib(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1])
    sys.exit(f"operators: /proc/{pid}/status has no {key}")


def start_daemon(program, folder, queues, **more):
    config = folder / "slickqd.json"
    socket = folder / "socket"
    shm = folder / "shm"
    shm.mkdir(exist_ok=True)
    config.write_text(json.dumps({
        "shm_dir": str(shm),
        "queues": [{"name": f"q{k}", "size": 64, "elem": 64} for k in range(queues)],
        "monitor": {"interval": "1s"},
        "control": {"socket": str(socket), "mode": "0600"},
        **more,
    }))
    log = open(folder / "log", "wb")
    daemon = subprocess.Popen([program, "--config", str(config)], stdout=log, stderr=log)
    deadline = time.monotonic() + PATIENCE_S
    while not socket.exists() or len(list(shm.iterdir())) < queues:
        if daemon.poll() is not None or time.monotonic() > deadline:
            daemon.kill()
            sys.exit("operators: slickqd did not start:\n" + (folder / "log").read_text())
        time.sleep(0.05)
    return daemon, shm


def look(runs, *words):
    times = [seconds_of(*words) for _ in range(runs + 1)][1:]  # the first reads the program from the disk
    return {"ms": 1e3 * statistics.median(times), "kib": kib_of(*words)}


def measure(options, folder):
    bin_dir = pathlib.Path(options.bin_dir).resolve()
    daemon, shm = start_daemon(bin_dir / "slickqd", folder, options.queues)
    try:
        slickq = bin_dir / "slickq"
        where = ["--shm-dir", str(shm)]
        found = {
            "schema": "slickq.operators/1",
            "queues": options.queues,
            "inspect": look(options.runs, slickq, "inspect", "q0", *where),
            "list": look(max(options.runs // 2, 1), slickq, "list", *where),
        }
        before, begin = cpu_seconds(daemon.pid), time.monotonic()
        time.sleep(options.seconds)
        share = (cpu_seconds(daemon.pid) - before) / (time.monotonic() - begin)
        found["daemon"] = {"interval_s": 1, "cpu_share": share, "kib": status_kib(daemon.pid, "VmHWM")}
        return found
    finally:
        daemon.terminate()
        daemon.wait()


def round_of(slickq, folder):
    """(number, milliseconds) of the daemon's last round; None as long as there was none."""
    words = [slickq, "daemon", "status", "--json", "--socket", str(folder / "socket")]
    done = subprocess.run(words, stdout=subprocess.PIPE)
    if done.returncode != 0:
        fail(words, done.returncode)
    status = json.loads(done.stdout)
    return (status["rounds"], status["last_round"]["duration_ms"]) if status["rounds"] else None


def rounds_of(slickq, folder, seconds):
    """Milliseconds of each round, from the first; two of them at least; so often asked that none is missed."""
    rounds = {}
    deadline = time.monotonic() + PATIENCE_S
    end = None
    while len(rounds) < 2 or time.monotonic() < end:
        last = round_of(slickq, folder)
        if last:
            rounds[last[0]] = last[1]
            end = end or time.monotonic() + seconds
        if len(rounds) < 2 and time.monotonic() > deadline:
            sys.exit("operators: slickqd makes no rounds")
        time.sleep(0.1)
    if 1 not in rounds:
        sys.exit("operators: the first round was missed")
    return [rounds[number] for number in sorted(rounds)]


def make_files(slickq, shm, count):
    words = [slickq, "create", "--name", "crowd-0", "--size", "64", "--elem", "8", "--shm-dir", str(shm)]
    if subprocess.run(words, stdout=subprocess.DEVNULL).returncode != 0:
        fail(words, "no queue")
    content = (shm / "crowd-0").read_bytes()
    for k in range(1, count):
        (shm / f"crowd-{k}").write_bytes(content)


def crowd(options, folder):
    """slickqd's rounds among many files and many processes."""
    bin_dir = pathlib.Path(options.bin_dir).resolve()
    folder.mkdir()
    shm = folder / "shm"
    shm.mkdir()
    sleepers = []
    daemon = None
    try:
        make_files(bin_dir / "slickq", shm, options.files)
        for _ in range(options.processes):
            sleepers.append(os.posix_spawn("/bin/sleep", ["sleep", "600"], {}))
        time.sleep(1)  # they are on their way to sleep
        daemon, _ = start_daemon(bin_dir / "slickqd", folder, 1, orphans={"match": ["crowd-*"], "grace": "1h"})
        first, *others = rounds_of(bin_dir / "slickq", folder, options.seconds)
        return {"files": options.files, "processes": options.processes, "first_round_ms": first,
                "round_ms": {"median": statistics.median(others), "max": max(others)},
                "kib": status_kib(daemon.pid, "VmHWM")}
    finally:
        if daemon:
            daemon.terminate()
            daemon.wait()
        for pid in sleepers:
            os.kill(pid, signal.SIGKILL)
        for pid in sleepers:
            os.waitpid(pid, 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bin_dir")
    parser.add_argument("--queues", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=5_000)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="slickq-operators-", dir="/dev/shm"))
    try:
        found = measure(options, folder)
        found["crowd"] = crowd(options, folder / "crowd")
        print(json.dumps(found, indent=2))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()

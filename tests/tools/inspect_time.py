"""`slickq inspect` of a small queue takes under 5 ms, its start included, on a machine that starts `true` within 1 ms.

Where starting `true` takes longer the limit grows as much: a slow or busy machine says nothing of the command. Medians
of 21 runs, alternating with those of `true`, in the best of five such batches.
"""
import statistics
import subprocess
import sys
import time

LIMIT_MS = 5.0
START_MS = 1.0  # of `true`, where the limit is meant


def run(*command):
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)


def milliseconds(*command):
    begin = time.perf_counter()
    run(*command)
    return (time.perf_counter() - begin) * 1e3


def batch():
    """(inspect, limit) in ms."""
    pairs = [(milliseconds("slickq", "inspect", "q"), milliseconds("/bin/true")) for _ in range(21)]
    inspect, start = (statistics.median(times) for times in zip(*pairs))
    return inspect, LIMIT_MS * max(1.0, start / START_MS)


run("slickq", "create", "--name", "q", "--size", "1024", "--elem", "256")
inspect, limit = min((batch() for _ in range(5)), key=lambda times: times[0] / times[1])
print(f"slickq inspect: median {inspect:.2f} ms, limit {limit:.1f} ms")
sys.exit(inspect >= limit)

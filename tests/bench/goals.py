#!/usr/bin/env python3
"""Says of each goal whether it is reached, with the figure that decides.

usage: goals.py [--short] DIRECTORY   with the files that scripts/bench writes:
  peers-8.json, peers-64.json, peers-256.json   bench_peers --json
  pingpong.json                                 slickq bench --mode pingpong --json
  size-N-R.json                                 slickq bench --json with N elements, repetition R
  micro.json                                    bench_micro --benchmark_out
  wake.json                                     bench_wake
  operators.json                                operators.py

A goal is one row of GOALS: what it is about, the bound, and the function that finds the figure. Exit code: 0 when all
figures could be found, whether the goals are reached or not; 1 when one could not. --short: they were found by next to
no messages, so that nothing is said of the goals.
"""

import json
import pathlib
import statistics
import sys
from dataclasses import dataclass
from typing import Callable


class Missing(Exception):
    """A figure cannot be found in what was measured."""


class Results:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)

    def file(self, name):
        try:
            return json.loads((self.directory / name).read_text())
        except (OSError, ValueError) as error:
            raise Missing(f"{name}: {error}") from error

    def rows(self, elem):
        return self.file(f"peers-{elem}.json")["rows"]

    def row(self, elem, name):
        for row in self.rows(elem):
            if row["name"] == name:
                return row
        raise Missing(f"peers-{elem}.json: {name} did not run")

    def speed(self, elem, name):
        return self.row(elem, name)["delivered_per_s"]["median"]


# Each figure is a function of the results that gives a number and, where it needs one, a remark.


def times(elem, name, other):
    return lambda results: (results.speed(elem, name) / results.speed(elem, other), "")


def against_fastest(elem, name, is_rival):
    """How many times as fast as the fastest of the rivals that ran; the remark names it."""

    def figure(results):
        rivals = [row for row in results.rows(elem) if is_rival(row)]
        if not rivals:
            raise Missing(f"peers-{elem}.json: none of the peers ran")
        fastest = max(rivals, key=lambda row: row["delivered_per_s"]["median"])
        skipped = [skipped["name"] for skipped in results.file(f"peers-{elem}.json")["skipped"]]
        remark = f"the fastest is {fastest['title']}" + (f"; not here: {', '.join(skipped)}" if skipped else "")
        return results.speed(elem, name) / fastest["delivered_per_s"]["median"], remark

    return figure


def is_peer(row):
    return row["kind"] in ("processes", "threads", "lossy")


def is_one_by_one_made_for_processes_or_lossy(row):
    return row["kind"] in ("processes", "lossy") and row["batch"] == 1


def is_one_by_one_between_processes_or_lossy(row):
    """Those, too, that were made for threads and whose memory bench_peers shares between processes."""
    return is_peer(row) and row["batch"] == 1 and (row["where"] == "process" or row["kind"] == "lossy")


def share_of_copy(elem, name):
    def figure(results):
        copies = [row["bytes_per_s"] for row in results.rows(elem) if row["kind"] == "copy"]
        if not copies:
            raise Missing(f"peers-{elem}.json: the bare copy did not run")
        carried = results.row(elem, name)["bytes_per_s"]
        return carried / max(copies), f"{carried / 1e9:.1f} of {max(copies) / 1e9:.1f} GB/s"

    return figure


def pingpong(results):
    found = results.file("pingpong.json")
    slickq, bare = found["latency_ns"], found["bare_latency_ns"]
    remark = f"{slickq['p50']} ns, bare {bare['p50']} ns; p99.9 {slickq['p99_9']} ns, max {slickq['max']} ns"
    return slickq["p50"] / bare["p50"], remark


def spread_over_sizes(results):
    speeds = {}
    for path in results.directory.glob("size-*.json"):
        found = results.file(path.name)
        speeds.setdefault(found["size"], []).append(found["delivered_per_s"]["median"])
    if len(speeds) < 2:
        raise Missing("size-N-R.json: there are not two sizes of queue")
    costs = {size: 1e9 / statistics.median(found) for size, found in sorted(speeds.items())}
    remark = ", ".join(f"{size} slots {cost:.0f} ns" for size, cost in costs.items())
    return max(costs.values()) / min(costs.values()), remark


def micro(name, unit_ns):
    def figure(results):
        units = {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}
        for benchmark in results.file("micro.json")["benchmarks"]:
            if benchmark["name"] == name and not benchmark.get("error_occurred"):
                return benchmark["real_time"] * units[benchmark["time_unit"]] / unit_ns, ""
        raise Missing(f"micro.json: {name} did not run")

    return figure


def at(name, *path, unit=1):
    """A number in one of the files, by the keys that lead there."""

    def figure(results):
        found = results.file(name)
        for key in path:
            if key not in found:
                raise Missing(f"{name}: has no {'.'.join(path)}")
            found = found[key]
        return found / unit, ""

    return figure


def slept_through(results):
    share, _ = at("wake.json", "idle", "cpu_share")(results)
    return share, f"{results.file('wake.json')['idle']['sleeps_per_s']:.0f} sleeps a second"


@dataclass
class Bound:
    words: str  # with {} for the number
    limit: float
    holds: Callable[[float, float], bool]
    figure: str  # how a figure is written

    def __str__(self):
        return self.words.format(f"{self.limit:g}")


def at_least(limit, unit):
    return Bound(">= {} " + unit, limit, lambda value, bound: value >= bound, "{:.2f} " + unit)


def at_most(limit, unit):
    return Bound("<= {} " + unit, limit, lambda value, bound: value <= bound, "{:.2f} " + unit)


def faster(than):
    return Bound("faster than " + than, 1, lambda value, bound: value > bound, "{:.2f} x its speed")


def at_most_percent(limit, of):
    return Bound("<= {} % " + of, limit, lambda value, bound: 100 * value <= bound, "{:.2%}")


def at_least_percent(limit, of):
    return Bound(">= {} % " + of, limit, lambda value, bound: 100 * value >= bound, "{:.0%}")


REFERENCE = "x the reference path"

GOALS = [
    # what, bound, figure
    ("single push and pop, 64 B", at_least(2.5, REFERENCE), times(64, "slickq", "reference")),
    ("single push and pop, 64 B", faster("every peer made for processes, or lossy"),
     against_fastest(64, "slickq", is_one_by_one_made_for_processes_or_lossy)),
    ("single push and pop, 64 B", faster("every peer that runs between processes, or lossy"),
     against_fastest(64, "slickq", is_one_by_one_between_processes_or_lossy)),
    ("read in place under backpressure, 64 B", at_least(4, REFERENCE), times(64, "slickq_zero_copy", "reference")),
    ("declared single producer, 64 B", at_least(14, REFERENCE), times(64, "slickq_single", "reference")),
    ("bursts of 16, 64 B", at_least(15, REFERENCE), times(64, "slickq_burst16", "reference")),
    ("batches of 16, 64 B", at_least(15, REFERENCE), times(64, "slickq_batch16", "reference")),
    ("bursts of 16, 64 B", faster("every peer of any kind"), against_fastest(64, "slickq_burst16", is_peer)),
    ("batches of 16, 64 B", faster("every peer of any kind"), against_fastest(64, "slickq_batch16", is_peer)),
    ("bursts of 16, 256 B", faster("every peer of any kind"), against_fastest(256, "slickq_burst16", is_peer)),
    ("batches of 16, 256 B", faster("every peer of any kind"), against_fastest(256, "slickq_batch16", is_peer)),
    ("batches of 16, 256 B", at_least_percent(70, "of the cross-core copy"), share_of_copy(256, "slickq_batch16")),
    ("ping-pong, p50 one way", at_most(1.3, "x two bare lines"), pingpong),
    ("cost of a message, 2^10 to 2^22 slots", at_most(2, "x from least to greatest"), spread_over_sizes),
    ("open and close of a 1 GiB queue", at_most(1, "ms"), micro("open_and_close_1gib", 1e6)),
    ("idle blocked consumer", at_most_percent(1, "of a core"), slept_through),
    ("its wake-up by slickq, p99", at_most(100, "us"), at("wake.json", "wake_ns", "slickq", "p99", unit=1e3)),
    ("its wake-up by an original, p99", at_most(1.5, "ms"), at("wake.json", "wake_ns", "original", "p99", unit=1e6)),
    ("slickq inspect", at_most(5, "ms"), at("operators.json", "inspect", "ms")),
    ("slickq inspect", at_most(10, "MB"), at("operators.json", "inspect", "kib", unit=1e6 / 1024)),
    ("slickq list of 1000 queues", at_most(100, "ms"), at("operators.json", "list", "ms")),
    ("slickqd, 1000 queues each second", at_most_percent(2, "of a core"), at("operators.json", "daemon", "cpu_share")),
    ("slickqd, 1000 queues", at_most(40, "MB"), at("operators.json", "daemon", "kib", unit=1e6 / 1024)),
    ("slickqd, first look at 10,000 files and 5,000 processes", at_most(1, "s"),
     at("operators.json", "crowd", "first_round_ms", unit=1e3)),
    ("slickqd --dry-run among them", at_most(1, "s"), at("operators.json", "crowd", "dry_run_ms", unit=1e3)),
    ("slickqd, a queue of 4M slots at 1 M messages/s", at_most_percent(1, "of a core"),
     at("operators.json", "fast", "cpu_share")),
]


def main(arguments):
    short = arguments[:1] == ["--short"]
    if short:
        arguments = arguments[1:]
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    results = Results(arguments[0])
    complete = True
    for what, bound, find in GOALS:
        try:
            value, remark = find(results)
        except (Missing, KeyError, TypeError, ZeroDivisionError) as error:
            complete = False
            print(f"not measured  {what}: {bound}: {error}")
            continue
        verdict = "measured" if short else "reached" if bound.holds(value, bound.limit) else "not reached"
        print(f"{verdict:<12}  {what}: {bound}: {bound.figure.format(value)}" + (f" ({remark})" if remark else ""))
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

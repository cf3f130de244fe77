"""How fast is the Python module? Million calls, or items, a second of every call, beside a queue in pure Python that
does for a message what the original does; medians of repetitions that are interleaved. At the end: which goals are
reached.

Seconds are those of this thread on a core: it never waits, and what else runs on the machine shall not count.

usage: python_bench.py [--items N] [--reps N]      with the module on PYTHONPATH: PYTHONPATH=build/release/python
"""
import argparse
import os
import statistics
import sys
import time

import slick_queue_py
from python_reference import ReferenceQueue
from slick_queue_py import AtomicCursor, SlickQueue

RING = 65536
ELEMENT = 64
ITEM = bytes(range(ELEMENT))
BATCH = 1024  # larger bytes objects cost page faults, which read_into() does not have
# (what it is called, of the reference to be compared with, at least so many times as fast; at least so many M/s)
GOALS = [
    ("reserve, q[i][:] = data, publish", "reference: reserve, q[i][:] = data, publish", 10),
    ("read(int)", "reference: read(int)", 10),
    ("push", None, 5),
    ("read(int)", None, 5),
    ("push_many", None, 30),
    ("read_many(int)", None, 30),
]


class Bench:
    """Each method is one call, made `items` times, or as often as it takes for so many items."""

    def __init__(self, items):
        self.items = items
        self.queue = SlickQueue(name=f"python-bench-{os.getpid()}", size=RING, element_size=ELEMENT)
        self.queue.unlink()  # nobody else needs it, and nothing is left when this is killed
        self.reference = ReferenceQueue(RING, ELEMENT)
        self.cursor = AtomicCursor(bytearray(8))
        self.batch = ITEM * BATCH
        self.memory = bytearray(ELEMENT * BATCH)
        for _ in range(RING // BATCH):
            self.queue.push_many(self.batch)
        for _ in range(RING):
            self.produce_into(self.reference, 1)
        self.rings = max(1, items // RING)

    @staticmethod
    def produce_into(queue, count):
        for _ in range(count):
            index = queue.reserve()
            queue[index][:ELEMENT] = ITEM
            queue.publish(index)

    @staticmethod
    def repeat(call, count, *args):
        for _ in range(count):
            call(*args)

    def oldest(self, queue):
        """Where to read a whole ring from."""
        index = queue.reserve()
        queue.publish(index)
        return index - RING + 1

    def read_ring(self, queue):
        for _ in range(self.rings):
            index, end = self.begin, self.begin + RING
            while index != end:
                _, _, index = queue.read(index)
        return self.rings * RING

    def read_ring_shared(self):
        for _ in range(self.rings):
            self.cursor.store(self.begin)
            for _ in range(RING):
                self.queue.read(self.cursor)
        return self.rings * RING

    def read_ring_in_batches(self, cursor):
        for _ in range(self.rings):
            left, at = RING, cursor if cursor is not None else self.begin
            if cursor is not None:
                cursor.store(self.begin)
            while left:
                _, count, at = self.queue.read_many(at, BATCH)
                left -= count
        return self.rings * RING

    def read_ring_into_memory(self):
        for _ in range(self.rings):
            left, at = RING, self.begin
            while left:
                count, at = self.queue.read_into(self.memory, at)
                left -= count
        return self.rings * RING

    def read_ring_waiting(self):
        for _ in range(self.rings):
            index, end = self.begin, self.begin + RING
            while index != end:
                _, _, index = self.queue.read_wait(index, 1)
        return self.rings * RING

    def push_batches(self):
        count = max(1, self.items // BATCH)
        self.repeat(self.queue.push_many, count, self.batch)
        return count * BATCH

    def calls(self):
        queue, cursor = self.queue, self.cursor

        def times(call, *args, count=self.items):
            return lambda: self.repeat(call, count, *args) or count

        slowly = max(1, self.items // 10)  # it takes that much longer
        return {
            "reference: reserve, q[i][:] = data, publish":
                lambda: self.produce_into(self.reference, slowly) or slowly,
            "reserve, q[i][:] = data, publish": lambda: self.produce_into(queue, self.items) or self.items,
            "reference: read(int)": lambda: self.read_ring(self.reference),
            "read(int)": lambda: self.read_ring(queue),
            "read(AtomicCursor)": self.read_ring_shared,
            "read_wait(int)": self.read_ring_waiting,
            "push": times(queue.push, ITEM),
            "push_many": self.push_batches,
            "read_many(int)": lambda: self.read_ring_in_batches(None),
            "read_many(AtomicCursor)": lambda: self.read_ring_in_batches(cursor),
            "read_into": self.read_ring_into_memory,
            "q[i]": times(queue.__getitem__, 5),
            "read, nothing there": times(queue.read, self.begin + RING),
            "read_last": times(queue.read_last),
            "loss_count": times(queue.loss_count),
            "AtomicCursor.load": times(cursor.load),
            "AtomicCursor.store": times(cursor.store, 5),
            "AtomicCursor.compare_exchange_weak": times(cursor.compare_exchange_weak, 5, 5),
        }

    def measure(self, reps):
        """Name -> median of million a second."""
        speeds = {}
        for _ in range(reps):
            for name in list(self.names()):
                self.begin = self.oldest(self.reference if name.startswith("reference") else self.queue)
                call = self.calls()[name]
                begun = time.thread_time()
                done = call()
                speeds.setdefault(name, []).append(done / (time.thread_time() - begun) / 1e6)
        return {name: statistics.median(each) for name, each in speeds.items()}

    def names(self):
        self.begin = 0
        return self.calls().keys()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--items", type=int, default=1_000_000)
    arguments.add_argument("--reps", type=int, default=5)
    options = arguments.parse_args()
    print(f"CPython {sys.version.split()[0]}, slick_queue_py {slick_queue_py.__version__}, elements of {ELEMENT} bytes,"
          f" batches of {BATCH}, {options.reps} repetitions\n")
    speeds = Bench(options.items).measure(options.reps)
    for name, speed in speeds.items():
        print(f"{name:48} {speed:8.2f} M/s")
    print()
    for name, reference, least in GOALS:
        got = speeds[name] / speeds[reference] if reference else speeds[name]
        unit = "times the reference" if reference else "M/s"
        print(f"goal: {name}: {got:.1f} of {least} {unit}: {'reached' if got >= least else 'NOT reached'}")


main()

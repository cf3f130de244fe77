"""Ten million calls leave nothing behind; CPython's debugging allocator and its development mode find nothing."""
import gc
import os
import sys
import tracemalloc
import unittest

import support
from slick_queue_py import AtomicCursor, SlickQueue

# Calls of each kind below; in all there are ten million of them under the interpreters without a sanitizer.
ROUNDS = 520_000 if not support.SANITIZED else 5_000
WARM_UP = 20_000 if not support.SANITIZED else 1_000
QUEUES = 2_000 if not support.SANITIZED else 100
ONE = b"x" * 64
SOME = ONE * 64


def resident():
    """Bytes of this process that are in memory and its own."""
    with open("/proc/self/statm") as statm:
        fields = statm.read().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")


def failing(call, *args):
    try:
        call(*args)
    except (TypeError, ValueError, IndexError, RuntimeError, BufferError):
        return
    raise AssertionError(f"{call}{args} raised nothing")


class Round:
    """Every call of the module once; 20 calls."""

    CALLS = 20

    def __init__(self):
        self.q = SlickQueue(size=1024, element_size=64)
        self.cursor = AtomicCursor(bytearray(16), 8)
        self.memory = bytearray(64 * 8)
        self.index = 0

    def play(self):
        q, cursor = self.q, self.cursor
        index = q.reserve()
        q[index][:64] = ONE
        q.publish(index)
        q.push(ONE)
        q.push_many(SOME)
        index = q.reserve(n=3)
        q.publish(index, n=2)
        q.reserve()  # and given up, a lap later
        _, _, self.index = q.read(self.index)
        _, _, self.index = q.read_many(self.index, 16)
        _, self.index = q.read_into(self.memory, self.index)
        q.read_wait(self.index, 0)
        q.read(cursor)
        q.read_many(cursor, 4)
        q.read_into(self.memory, cursor)
        q.read_last()
        cursor.store(cursor.load() + 1)
        cursor.compare_exchange_weak(0, 1)
        q.loss_count()
        if index % 64 == 0:
            self.play_mistakes()

    def play_mistakes(self):
        q = self.q
        failing(q.read, -1)
        failing(q.read, "0")
        failing(q.reserve, 2**64)
        failing(q.publish, 2**63)
        failing(q.push, "text")
        failing(q.push, bytes(65))
        failing(q.push_many, bytes(65))
        failing(q.read_many, 0, 0)
        failing(q.read_into, b"", 0)
        failing(q.__getitem__, -1)
        failing(AtomicCursor, b"")
        failing(AtomicCursor, bytearray(8), 1)
        failing(SlickQueue, 5)
        failing(lambda: SlickQueue(size=7, element_size=8))
        failing(lambda: q.read(read_index=0, more=1))


class Leaks(unittest.TestCase):
    def test_ten_million_calls_leave_nothing_behind(self):
        # The references to what is handed out and taken in, one by one.
        watched = [None, True, False, SlickQueue, AtomicCursor, ONE, SOME]
        around = Round()
        for _ in range(WARM_UP):
            around.play()
        gc.collect()
        before, references = resident(), [sys.getrefcount(each) for each in watched]
        blocks = sys.getallocatedblocks()
        for _ in range(ROUNDS):
            around.play()
        gc.collect()
        grown = resident() - before
        self.assertLess(sys.getallocatedblocks() - blocks, 200)
        for each, now, then in zip(watched, [sys.getrefcount(each) for each in watched], references):
            self.assertLess(abs(now - then), 100, each)
        print(f"  {ROUNDS * Round.CALLS:,} calls, {grown / 1024:.0f} KiB more than before")
        if not support.SANITIZED:  # which keeps for a while what is freed
            self.assertLess(grown, 1 << 20)

    def test_python_accounts_for_every_byte(self):
        around = Round()
        around.play()
        tracemalloc.start()
        try:
            for _ in range(WARM_UP):
                around.play()
            gc.collect()
            before = tracemalloc.get_traced_memory()[0]
            for _ in range(WARM_UP):
                around.play()
            gc.collect()
            self.assertLess(tracemalloc.get_traced_memory()[0] - before, 4096)
        finally:
            tracemalloc.stop()

    def test_queues_come_and_go(self):
        def come_and_go(count):
            for k in range(count):
                q = SlickQueue(name="q" if k % 2 else None, size=8, element_size=64)
                view = q[q.reserve()]
                q.push(ONE)
                if k % 3:
                    q.close()
                q.unlink()
                del q, view

        with support.shm_dir():
            come_and_go(QUEUES // 4)
            gc.collect()
            files, before = len(os.listdir("/proc/self/fd")), resident()
            come_and_go(QUEUES)
            gc.collect()
            self.assertEqual(len(os.listdir("/proc/self/fd")), files)
            if not support.SANITIZED:
                self.assertLess(resident() - before, 1 << 20)

    def test_a_cycle_through_a_cursor_is_collected(self):
        class Memory(bytearray):
            pass

        gone = []
        memory = Memory(8)
        memory.cursor = AtomicCursor(memory)
        memory.witness = type("Witness", (), {"__del__": lambda self: gone.append(True)})()
        del memory
        gc.collect()
        self.assertEqual(gone, [True])

    def test_the_debugging_allocator_finds_nothing(self):
        """It fills what is freed, and looks behind the end of every block."""
        program = ("import leaks_test as t; r = t.Round()\nfor _ in range(t.WARM_UP): r.play()\n"
                   "t.Leaks().test_queues_come_and_go()")
        for allocator in ("debug", "malloc_debug"):
            output, errors, code = support.python(
                "-X", "dev", "-W", "error", "-c", program,
                env=dict(os.environ, PYTHONMALLOC=allocator, PYTHONPATH=f"{support.BUILD}/python:{sys.path[0]}"))
            self.assertEqual((output, errors, code), ("", "", 0))


if __name__ == "__main__":
    unittest.main()

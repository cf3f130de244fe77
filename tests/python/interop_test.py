"""C++ and Python on one queue, in processes of their own: both directions, both at once, over one cursor, with items of
one element and of several, round and round small rings, in each layout, created by either side. Every item is whole, in
its producer's order, delivered once or counted as lost.
"""
import os
import subprocess
import sys
import unittest
from multiprocessing import shared_memory

import support
from slick_queue_py import AtomicCursor, SlickQueue

LAYOUTS = ["slq1", "slq0", "slq3", "slq2", "packed", "wide"]
# Those that the original's class opens without being told of features.
ORIGINALS = ["slq1", "packed", "wide"]
FEW = 1_000
PATIENCE = 60  # seconds without an item
MANY = 100_000 if not support.SANITIZED else 20_000
MOST = 5  # elements of an item, where they have several

# Another Python process: a producer, or a consumer that shares a cursor.
PRODUCE = """
import sys, support
from slick_queue_py import SlickQueue
name, producer, count, how, most = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
q = SlickQueue(name=name, element_size=32)
for k in range(count):
    if how == 'push': q.push(support.record(producer, k))
    else:
        n, published = 1 + k % most, False
        while not published:  # late: a small ring went round meanwhile
            index, item = q.reserve(n), support.record(producer, k, 32 * n)
            for j in range(n): q[index + j][:] = item[32 * j : 32 * j + 32]
            published = q.publish(index, n)
print(count)
"""
SHARE = """
import sys, support
from multiprocessing import shared_memory
from slick_queue_py import SlickQueue, AtomicCursor
q = SlickQueue(name=sys.argv[1], element_size=32)
with open('/dev/shm/' + sys.argv[2], 'r+b') as file:
    import mmap
    cursor = AtomicCursor(mmap.mmap(file.fileno(), 8))
checker, end, received = support.Checker(), int(sys.argv[3]), 0
while cursor.load() < end:
    data, size = q.read_wait(cursor, 0.02)
    if data is not None:
        checker.check(data)
        received += 1
print(received, q.loss_count() // q.items_per_slot)
"""


class Interop(unittest.TestCase):
    def setUp(self):
        directory = support.shm_dir()
        directory.__enter__()
        self.addCleanup(directory.__exit__, None, None, None)
        self.checker = support.Checker()

    def started(self, process):
        """Ends with the test, however that ends."""
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.addCleanup(process.stdout.close)
        return process

    def cpp(self, *args):
        return self.started(support.peer(*args))

    def python(self, program, *args):
        environment = dict(os.environ, PYTHONPATH=f"{support.BUILD}/python:{sys.path[0]}")
        return self.started(subprocess.Popen([sys.executable, "-c", program, *map(str, args)], stdout=subprocess.PIPE,
                                             env=environment))

    def make(self, layout, size, by_cpp):
        """A queue "q", created by one side and opened by this one."""
        items = 4 if layout in ("slq3", "slq2") else 1
        if by_cpp:
            self.assertEqual(self.cpp("create", "q", layout, size, 32, items).wait(), 0)
            q = SlickQueue(name="q", element_size=32)
        else:
            q = SlickQueue(name="q", size=size, element_size=32, layout=layout, items_per_slot=items)
        self.assertEqual((q.layout, q.size), (layout, size))
        return q

    def close(self, q):
        q.close()
        q.unlink()

    def for_each_layout(self, size, play, layouts=tuple(LAYOUTS), creators=(False, True)):
        """play(q) on a queue of each layout, by each creator; (None,): by one of them, in turns."""
        for turn, layout in enumerate(layouts):
            for by_cpp in creators:
                by_cpp = turn % 2 == 1 if by_cpp is None else by_cpp
                self.checker = support.Checker()
                q = self.make(layout, size, by_cpp)
                try:
                    play(q)
                except BaseException:
                    print(f"-- {layout}, created by {'C++' if by_cpp else 'Python'}")
                    raise
                self.close(q)

    def read_all(self, q, end):
        """Everything up to the index `end`: how many were received."""
        index = received = 0
        while index < end:
            data, _, index = q.read_wait(index, PATIENCE)
            self.assertIsNotNone(data)
            self.checker.check(data)
            received += 1
        return received

    def read_while(self, q, peers):
        """Until the producers have ended and nothing is left: how many were received."""
        index = received = 0
        while any(each.poll() is None for each in peers) or q.read(index)[0] is not None:
            data, _, index = q.read_wait(index, 0.05)
            if data is not None:
                self.checker.check(data)
                received += 1
        return received

    def read_items(self, q, count):
        """So many, none lost; where to read on."""
        index = 0
        for _ in range(count):
            data, _, index = q.read_wait(index, PATIENCE)
            self.assertIsNotNone(data)
            self.checker.check(data)
        self.assertEqual((q.read(index)[0], q.loss_count()), (None, 0))
        return index

    def test_cpp_produces_and_python_consumes(self):
        def play(role, most, q):
            peer = self.cpp(role, "q", 7, FEW, most)
            self.read_items(q, FEW)
            self.assertEqual(support.result_of(peer), [FEW])

        for most in (1, MOST):
            self.for_each_layout(16384, lambda q, most=most: play("produce", most, q))
            self.for_each_layout(16384, lambda q, most=most: play("produce-drop-in", most, q), ORIGINALS)

    def test_python_produces_and_cpp_consumes(self):
        def play(how, most, q):
            peers = [self.cpp("consume", "q", FEW)]
            if q.layout in ORIGINALS:
                peers.append(self.cpp("consume-drop-in", "q", FEW))
            self.assertEqual(support.result_of(self.python(PRODUCE, "q", 3, FEW, how, most)), [FEW])
            self.assertEqual([support.result_of(each) for each in peers], [[FEW, 0], [FEW]][: len(peers)])

        self.for_each_layout(16384, lambda q: play("push", 1, q), creators=(None,))
        self.for_each_layout(16384, lambda q: play("reserve", MOST, q))

    def test_both_produce_at_once_and_both_consume(self):
        def play(q):
            second = "produce-drop-in" if q.layout in ORIGINALS else "produce"
            peers = [self.cpp("produce", "q", 1, FEW), self.cpp(second, "q", 2, FEW),
                     self.python(PRODUCE, "q", 3, FEW, "push", 1), self.python(PRODUCE, "q", 4, FEW, "reserve", MOST)]
            consumer = self.cpp("consume", "q", 4 * FEW)
            self.read_items(q, 4 * FEW)
            self.assertEqual([support.result_of(each) for each in peers], [[FEW]] * 4)
            self.assertEqual(support.result_of(consumer), [4 * FEW, 0])

        self.for_each_layout(65536, play)

    def shares(self, size, count, is_whole):
        """Four processes on one cursor take what this one pushes to a ring of `size`."""
        name = support.cursor_name("work")
        memory = shared_memory.SharedMemory(name=name, create=True, size=8)
        self.addCleanup(memory.unlink)
        self.addCleanup(memory.close)
        cursor = AtomicCursor(memory.buf)

        def play(q):
            cursor.store(0)
            end = count * q.items_per_slot
            peers = [self.cpp("share", "q", name, end), self.cpp("share", "q", name, end),
                     self.python(SHARE, "q", name, end), self.python(SHARE, "q", name, end)]
            for k in range(count):
                q.push(support.record(1, k))
            results = [support.result_of(each) for each in peers]
            received, lost = (sum(each) for each in zip(*results))
            self.assertEqual(received + lost, count)
            if is_whole:
                self.assertEqual(lost, 0)

        self.for_each_layout(size, play, creators=(None,))

    def test_work_is_shared_over_one_cursor(self):
        self.shares(32768, FEW * 3, is_whole=True)

    def test_work_is_shared_over_one_cursor_round_and_round_a_small_ring(self):
        self.shares(64, MANY // 5, is_whole=False)

    def test_round_and_round_a_small_ring_nothing_goes_astray(self):
        def play(role, q):
            peer = self.cpp(role, "q", 7, MANY)
            received = self.read_all(q, MANY * q.items_per_slot)
            self.assertEqual(support.result_of(peer), [MANY])
            self.assertEqual(received + q.loss_count() // q.items_per_slot, MANY)  # delivered + lost == sent

        self.for_each_layout(64, lambda q: play("produce", q), creators=(None,))
        self.for_each_layout(64, lambda q: play("produce-drop-in", q), ORIGINALS, creators=(None,))

    def test_cpp_keeps_account_of_what_python_sends_round_and_round(self):
        def play(q):
            peer = self.cpp("consume", "q", MANY // 2)
            for k in range(MANY // 2):
                q.push(support.record(1, k))
            received, lost = support.result_of(peer)
            self.assertEqual(received + lost, MANY // 2)

        self.for_each_layout(64, play, creators=(None,))

    def test_items_of_several_elements_round_and_round_a_small_ring_are_whole(self):
        """Markers at the ring's end count as lost once they are overwritten, so that there is no sum to check."""
        for layout in LAYOUTS:
            self.checker = support.Checker()
            q = self.make(layout, 64, by_cpp=layout in ORIGINALS)
            peers = [self.cpp("produce", "q", 1, MANY // 5, MOST),
                     self.python(PRODUCE, "q", 2, MANY // 50, "reserve", MOST)]
            received = self.read_while(q, peers)
            self.assertEqual([support.result_of(each) for each in peers], [[MANY // 5], [MANY // 50]])
            self.assertGreater(received, 0)
            self.close(q)

    def test_a_storm_of_both_on_a_small_ring(self):
        """Markers of detours make C run ahead of what is sent, and once overwritten they count as lost."""
        q = self.make("slq1", 64, by_cpp=False)
        peers = [self.cpp("produce", "q", 1, MANY), self.python(PRODUCE, "q", 2, MANY, "push", 1),
                 self.python(PRODUCE, "q", 3, MANY, "reserve", 1)]
        received = self.read_while(q, peers)
        self.assertEqual([support.result_of(each) for each in peers], [[MANY]] * 3)
        end = q.initial_reading_index
        self.assertLessEqual(3 * MANY, received + q.loss_count())
        self.assertLessEqual(received + q.loss_count(), end)
        self.close(q)


if __name__ == "__main__":
    unittest.main()

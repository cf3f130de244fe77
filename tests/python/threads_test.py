"""Several threads on one object: each item once, waits let others run, closing ends them."""
import os
import sys
import threading
import time
import unittest

import support
from slick_queue_py import AtomicCursor, QueueClosedError, SlickQueue

COUNT = 20_000 if not support.SANITIZED else 4_000


def run(*functions):
    """All of them at once; the first exception of one is this one's."""
    errors = []

    def guarded(function):
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(function,)) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


class Threads(unittest.TestCase):
    def test_each_item_goes_to_one_of_the_threads_that_share_a_cursor(self):
        q = SlickQueue(size=65536, element_size=32)
        cursor = AtomicCursor(bytearray(8))
        taken = [[] for _ in range(4)]

        def produce(producer):
            for k in range(COUNT // 2):
                if k % 2:
                    q.push(support.record(producer, k))
                else:
                    index = q.reserve()
                    q[index][:] = support.record(producer, k)
                    self.assertTrue(q.publish(index))

        def consume(mine):
            checker = support.Checker()
            while True:
                data, _ = q.read_wait(cursor, 0.2)
                if data is None:
                    return
                checker.check(data)
                mine.append(support.parse(data))

        run(lambda: produce(1), lambda: produce(2), *(lambda mine=mine: consume(mine) for mine in taken))
        everything = sorted(item for mine in taken for item in mine)
        self.assertEqual(everything, [(p, k) for p in (1, 2) for k in range(COUNT // 2)])
        self.assertEqual(q.loss_count(), 0)

    def test_batches_go_to_one_of_them_too(self):
        q = SlickQueue(size=65536, element_size=8)
        cursor = AtomicCursor(bytearray(8))
        q.push_many(b"".join(k.to_bytes(8, "little") for k in range(COUNT)))
        taken = [bytearray() for _ in range(4)]

        def consume(mine):
            while True:
                data, count, _ = q.read_many(cursor, 10)
                if count == 0:
                    return
                mine += data

        run(*(lambda mine=mine: consume(mine) for mine in taken))
        got = sorted(int.from_bytes(mine[at : at + 8], "little") for mine in taken for at in range(0, len(mine), 8))
        self.assertEqual(got, list(range(COUNT)))

    def test_a_small_ring_that_all_push_to_tears_nothing(self):
        q = SlickQueue(size=8, element_size=32)
        checker = support.Checker()
        done = []

        def produce(producer):
            for k in range(COUNT // 8):
                index = q.reserve()
                view = q[index]
                view[:16] = support.record(producer, k)[:16]
                view[16:] = support.record(producer, k)[16:]
                q.publish(index)
            done.append(producer)

        def consume():
            index = 0
            while len(done) < 4 or q.read(index)[0] is not None:
                data, _, index = q.read_wait(index, 0.05)
                if data is not None:
                    checker.check(data)

        run(consume, *(lambda producer=producer: produce(producer) for producer in range(4)))

    def test_a_wait_lets_other_threads_run(self):
        q = SlickQueue(size=8, element_size=8)
        running = threading.Event()

        def wait():
            running.set()
            self.assertEqual(q.read_wait(0, 1.0), (None, 0, 0))

        waiter = threading.Thread(target=wait)
        waiter.start()
        running.wait()
        steps = 0
        while waiter.is_alive():
            time.sleep(0.001)
            steps += 1
        self.assertGreater(steps, 50)

    def test_large_pieces_let_other_threads_run(self):
        size, count = 1 << 18, 256  # 64 MiB
        q = SlickQueue(size=count, element_size=size)
        memory = bytearray(size * count)
        before = sys.getswitchinterval()
        self.addCleanup(sys.setswitchinterval, before)
        sys.setswitchinterval(1e-4)
        calls = {"push_many": lambda: q.push_many(memory), "read_many": lambda: q.read_many(0, count),
                 "read_into": lambda: q.read_into(memory, 0)}
        # A busy machine may have no CPU for the other thread just then: of many calls it has a turn in one.
        for name, call in calls.items():
            with self.subTest(name):
                self.assertTrue(any(self.others_run_amid(call) for _ in range(50)))

    @staticmethod
    def others_run_amid(call):
        """Has another thread a turn while `call` is at work, and not only as it begins and ends?"""
        ends, turns = threading.Event(), []

        def other():
            while not ends.is_set():
                turns.append(time.perf_counter())

        thread = threading.Thread(target=other)
        thread.start()
        begun = time.perf_counter()
        call()
        ended = time.perf_counter()
        ends.set()
        thread.join()
        tenth = (ended - begun) / 10
        return any(begun + tenth < turn < ended - tenth for turn in turns)

    def test_who_stands_in_the_way_of_a_small_ring_is_waited_for(self):
        q = SlickQueue(size=1, element_size=8)
        index = q.reserve()
        timer = threading.Timer(0.1, q.publish, (index,))
        timer.start()
        self.assertEqual(q.push(b"next") >= 1, True)
        timer.join()

    def test_who_never_gets_out_of_the_way_is_told_of(self):
        q = SlickQueue(size=1, element_size=8)
        run(q.reserve)  # a thread that ends without publishing
        with self.assertRaises(RuntimeError):
            q.push(b"next")

    def test_closing_ends_the_waits_of_others(self):
        for cursor in (0, AtomicCursor(bytearray(8))):
            q = SlickQueue(size=8, element_size=8)
            caught = []

            def wait():
                try:
                    q.read_wait(cursor)
                except QueueClosedError as error:
                    caught.append(error)

            waiter = threading.Thread(target=wait)
            waiter.start()
            time.sleep(0.1)
            q.close()
            waiter.join(60)
            self.assertEqual(len(caught), 1)

    def test_closing_under_threads_at_work_harms_nobody(self):
        with support.shm_dir():
            for _ in range(20):
                q = SlickQueue(name="q", size=64, element_size=32)

                def use(what):
                    try:
                        while True:
                            what()
                    except (QueueClosedError, ValueError):
                        pass

                def reserve():
                    index = q.reserve()
                    q[index][:4] = b"data"
                    q.publish(index)

                def close():
                    time.sleep(0.01)
                    q.close()

                run(close, lambda: use(lambda: q.push(b"x")), lambda: use(reserve), lambda: use(lambda: q.read(0)),
                    lambda: use(lambda: q.push_many(bytes(32 * 10_000))), lambda: use(lambda: q.read_wait(2**40, 1)))
                q.unlink()

    def test_a_waiting_thread_costs_little(self):
        q = SlickQueue(size=8, element_size=8)
        begun = time.process_time()
        q.read_wait(0, 1.0)
        self.assertLess(time.process_time() - begun, 0.5)


if __name__ == "__main__":
    unittest.main()

"""Reservations that are open: many of them, forgotten ones, and what is left over of one."""
import random
import threading
import time
import unittest

import support
from slick_queue_py import SlickQueue

MANY = 32_000 if not support.SANITIZED else 8_000
LAYOUTS = {"slq1": 1, "slq0": 1, "slq3": 4, "slq2": 4, "packed": 1, "wide": 1}


def elsewhere(function):
    """By a thread that ends then."""
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


class Reserving(unittest.TestCase):
    def test_what_a_reservation_costs_does_not_depend_on_how_many_are_open(self):
        def seconds(count, order):
            """Of one reserve and one publish, of so many that are open at the same time."""
            q = SlickQueue(size=1 << 17, element_size=8)
            begun = time.perf_counter()
            open_ones = [q.reserve() for _ in range(count)]
            reserved = time.perf_counter()
            order(open_ones)
            shuffled = time.perf_counter()
            for index in open_ones:
                self.assertTrue(q.publish(index))
            return reserved - begun + time.perf_counter() - shuffled

        for order in (list.sort, list.reverse, random.Random(7).shuffle):
            few = min(seconds(MANY // 100, order) for _ in range(5)) / (MANY // 100)
            many = min(seconds(MANY, order) for _ in range(2)) / MANY
            self.assertLess(many / few, 20, order)

    def test_many_are_published_in_any_order(self):
        q = SlickQueue(size=1024, element_size=8)
        open_ones = [q.reserve(1 + k % 3) for k in range(500)]
        for k, index in sorted(enumerate(open_ones), key=lambda one: one[0] * 7 % 500):
            self.assertTrue(q.publish(index, 1 + k % 3))
            with self.assertRaises(ValueError):
                q.publish(index)
        self.assertEqual([q.read(index)[1] for index in open_ones], [1 + k % 3 for k in range(500)])

    def test_a_push_gives_up_what_its_own_thread_has_forgotten(self):
        for layout, items in LAYOUTS.items():
            q = SlickQueue(size=8, element_size=8, layout=layout, items_per_slot=items)
            slots = 8 // items
            first = q.reserve(8)
            following = q.push(b"one")
            self.assertGreaterEqual(following, 8)
            self.assertFalse(q.publish(first, 8))
            self.assertEqual(q.read(following)[0], b"one".ljust(8, b"\0"))
            forgotten = [q.reserve() for _ in range(slots)]
            self.assertEqual(q.push_many(b"together" * slots * 3), slots * 3)
            self.assertEqual([q.publish(index) for index in forgotten], [False] * slots)

    def test_a_push_gives_up_no_more_than_is_in_its_way(self):
        q = SlickQueue(size=8, element_size=8)
        first, second = q.reserve(), q.reserve()
        for _ in range(6):
            q.push(b"x")
        self.assertEqual(q.push(b"round"), 8)
        self.assertFalse(q.publish(first))
        self.assertTrue(q.publish(second))

        first, second = q.reserve(), q.reserve()
        self.assertEqual(q.push_many(bytes(8 * 7)), 7)
        self.assertFalse(q.publish(first))
        self.assertTrue(q.publish(second))

    def test_those_of_other_threads_do_not_keep_ones_own_from_being_given_up(self):
        q = SlickQueue(size=8, element_size=8)
        elsewhere(q.reserve)
        q.reserve(7)
        self.assertGreater(q.push(b"next"), 8)

    def test_the_objects_own_reservation_is_named_where_it_is_in_the_way(self):
        q = SlickQueue(size=2, element_size=8)
        q.push(b"x")
        q.push(b"x")
        elsewhere(lambda: q.reserve(2))
        for call in (lambda: q.push(b"next"), lambda: q.push_many(bytes(16)), lambda: q.reserve(2)):
            with self.assertRaisesRegex(RuntimeError, "reservation at 2"):
                call()

    def test_what_is_left_over_is_given_up_and_the_mistake_is_explained(self):
        q = SlickQueue(size=8, element_size=8)
        index = q.reserve(3)
        self.assertTrue(q.publish(index))
        with self.assertRaisesRegex(ValueError, "whole block at once, or use push_many"):
            q.publish(index + 1)
        self.assertEqual(q.push(b"next"), 3)
        self.assertEqual(q.read(q.read(0)[2])[0], b"next".ljust(8, b"\0"))


if __name__ == "__main__":
    unittest.main()

"""push, push_many, read_many, read_into, read_wait: what they return, and that NumPy's memory goes in and out."""
import array
import struct
import threading
import time
import unittest

import support
from slick_queue_py import AtomicCursor, SlickQueue

try:
    import numpy
except ImportError:
    numpy = None


def numbers(*values):
    return b"".join(struct.pack("<Q", value) for value in values)


class Fast(unittest.TestCase):
    def setUp(self):
        self.q = SlickQueue(size=16, element_size=8)
        self.addCleanup(self.q.close)

    def test_push_fills_up_and_returns_the_index(self):
        for k, data in enumerate((b"abc", bytearray(b"12345678"), memoryview(b"x"), array.array("I", [1]), b"")):
            self.assertEqual(self.q.push(data), k)
            self.assertEqual(self.q.read(k)[0], bytes(data).ljust(8, b"\0"))

    def test_what_is_pushed_as_one_buffer_comes_as_single_items(self):
        self.assertEqual(self.q.push_many(numbers(1, 2, 3)), 3)
        self.assertEqual(self.q.read(1), (numbers(2), 1, 2))

    def test_more_than_the_ring_leaves_the_newest(self):
        self.assertEqual(self.q.push_many(numbers(*range(10_000))), 10_000)
        self.assertEqual(self.q.read(9_999)[0], numbers(9_999))
        data, count, following = self.q.read_many(0, 100)
        self.assertEqual((count + self.q.loss_count(), following), (10_000, 10_000))
        self.assertEqual(data, numbers(*range(10_000 - count, 10_000)))

    def test_many_are_read_as_one_piece_up_to_a_number(self):
        self.q.push_many(numbers(*range(10)))
        self.assertEqual(self.q.read_many(0, 4), (numbers(0, 1, 2, 3), 4, 4))
        self.assertEqual(self.q.read_many(cursor=4, max=100), (numbers(4, 5, 6, 7, 8, 9), 6, 10))
        self.assertEqual(self.q.read_many(10, 5), (b"", 0, 10))

    def test_a_cursor_comes_back_as_itself(self):
        cursor = AtomicCursor(bytearray(8))
        self.q.push_many(numbers(*range(10)))
        data, count, same = self.q.read_many(cursor, 4)
        self.assertEqual((data, count), (numbers(0, 1, 2, 3), 4))
        self.assertIs(same, cursor)
        self.assertEqual(cursor.load(), 4)
        count, same = self.q.read_into(bytearray(8), cursor)
        self.assertEqual((count, same.load()), (1, 5))

    def test_an_item_larger_than_the_number_comes_alone(self):
        index = self.q.reserve(3)
        for k in range(3):
            self.q[index + k][:] = numbers(k)
        self.q.publish(index, 3)
        self.q.push(numbers(9))
        self.assertEqual(self.q.read_many(0, 1), (numbers(0, 1, 2), 3, 3))
        with self.assertRaises(ValueError):
            self.q.read_into(bytearray(16), 0)
        self.assertEqual(self.q.read_many(0, 3), (numbers(0, 1, 2), 3, 3))
        self.assertEqual(self.q.read_many(0, 4), (numbers(0, 1, 2, 9), 4, 4))

    def test_items_larger_than_a_piece_come_whole(self):
        q = SlickQueue(size=64, element_size=1 << 18)
        sent = [bytes([k]) * (n << 18) for k, n in enumerate((1, 9, 2, 5, 16, 3), 1)]
        for item in sent:
            n = len(item) >> 18
            index = q.reserve(n)
            for k in range(n):
                q[index + k][:] = item[k << 18 : (k + 1) << 18]
            q.publish(index, n)
        data, count, following = q.read_many(0, 64)
        self.assertTrue((data, count, following) == (b"".join(sent), 36, 36))
        memory = bytearray(12 << 18)  # an item too few
        self.assertEqual(q.read_into(memory, 0), (12, 12))
        self.assertTrue(memory == b"".join(sent[:3]))
        self.assertEqual(q.read_many(12, 4)[1], 5)

    def test_reading_into_memory_fills_whole_elements(self):
        self.q.push_many(numbers(*range(10)))
        memory = bytearray(29)
        self.assertEqual(self.q.read_into(memory, 2), (3, 5))
        self.assertEqual(memory[:24], numbers(2, 3, 4))
        self.assertEqual(self.q.read_into(buffer=memory, cursor=9), (1, 10))
        self.assertEqual(self.q.read_into(memory, 10), (0, 10))

    def test_jumps_and_slots_of_several_items_leave_no_gap_in_what_is_read(self):
        q = SlickQueue(size=16, element_size=8, items_per_slot=4)
        q.push_many(numbers(*range(10)))
        self.assertEqual(q.read_many(24, 100), (numbers(6, 7, 8, 9), 4, 40))
        q = SlickQueue(size=16, element_size=8)
        q.push_many(numbers(*range(14)))
        index = q.reserve(3)  # jumps over 14 and 15
        for k in range(3):
            q[index + k][:] = numbers(100 + k)
        q.publish(index, 3)
        self.assertEqual(q.read_many(10, 100), (numbers(10, 11, 12, 13, 100, 101, 102), 7, 19))

    def test_more_items_than_are_validated_at_once(self):
        q = SlickQueue(size=4096, element_size=8)
        q.push_many(numbers(*range(3000)))
        self.assertEqual(q.read_many(0, 5000), (numbers(*range(3000)), 3000, 3000))

    def test_waiting_ends_with_the_item_or_the_time(self):
        begun = time.monotonic()
        self.assertEqual(self.q.read_wait(0, 0.05), (None, 0, 0))
        self.assertGreaterEqual(time.monotonic() - begun, 0.05)
        timer = threading.Timer(0.05, self.q.push, (b"late",))
        timer.start()
        self.assertEqual(self.q.read_wait(0), (b"late\0\0\0\0", 1, 1))
        timer.join()
        cursor = AtomicCursor(bytearray(8))
        self.assertEqual(self.q.read_wait(cursor, timeout=5), (b"late\0\0\0\0", 1))
        self.assertEqual(self.q.read_wait(cursor, 0.01), (None, 0))


@unittest.skipIf(numpy is None, "this interpreter has no NumPy")
class Numpy(unittest.TestCase):
    TYPE = [("time", "<u8"), ("price", "<f8")]

    def test_arrays_are_pushed_and_filled(self):
        sent = numpy.array([(k, k / 2) for k in range(100)], dtype=self.TYPE)
        q = SlickQueue(size=128, element_size=sent.itemsize)
        self.assertEqual(q.push_many(sent), 100)
        got = numpy.empty(100, dtype=self.TYPE)
        count, cursor = q.read_into(got, numpy.int64(0))
        self.assertEqual((count, cursor), (100, 100))
        self.assertTrue((got == sent).all())
        data, count, _ = q.read_many(0, 100)
        self.assertTrue((numpy.frombuffer(data, self.TYPE) == sent).all())

    def test_elements_are_written_in_place(self):
        q = SlickQueue(size=8, element_size=16)
        index = q.reserve()
        numpy.frombuffer(q[index], self.TYPE)[0] = (7, 0.5)
        q.publish(index)
        self.assertEqual(struct.unpack("<Qd", q.read(0)[0]), (7, 0.5))

    def test_an_array_on_a_closed_queue_keeps_its_memory(self):
        with support.shm_dir():
            q = SlickQueue(name="q", size=8, element_size=16)
            made = numpy.frombuffer(q[3], "u1")
            q.close()
            made[:] = 5  # the mapping is still there
            self.assertEqual(made.sum(), 80)
            del made
            SlickQueue(size=1, element_size=1).close()  # what nobody needs any more goes now
            with open("/proc/self/maps") as maps:
                self.assertNotIn(support.PREFIX, maps.read())


if __name__ == "__main__":
    unittest.main()

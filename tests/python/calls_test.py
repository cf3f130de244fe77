"""The calls of the original: what they return, and what they raise for which mistake."""
import array
import os
import subprocess
import sys
import unittest
import weakref

import support
from atomic_ops import check_platform_support
from slick_queue_py import AtomicCursor, QueueClosedError, SlickQueue

HUGE = 2**64
LAYOUTS = ["slq1", "slq0", "slq3", "slq2", "packed", "wide"]


def items_per_slot(layout):
    return 4 if layout in ("slq3", "slq2") else 1


class Shm(unittest.TestCase):
    def setUp(self):
        directory = support.shm_dir()
        self.shm = directory.__enter__()
        self.addCleanup(directory.__exit__, None, None, None)


class Derived(SlickQueue):
    calls = 0

    def close(self):
        self.calls += 1
        super().close()


class Calls(unittest.TestCase):
    def setUp(self):
        self.q = SlickQueue(size=8, element_size=16)
        self.addCleanup(self.q.close)

    def put(self, text, n=1):
        index = self.q.reserve(n)
        for k in range(n):
            self.q[index + k][: len(text)] = text
        self.assertTrue(self.q.publish(index, n))
        return index

    def test_an_item_is_read_as_bytes_with_its_elements_and_the_next_index(self):
        self.assertEqual(self.q.read(0), (None, 0, 0))
        self.assertEqual(self.put(b"one"), 0)
        self.assertEqual(self.q.read(0), (b"one".ljust(16, b"\0"), 1, 1))
        self.assertEqual(self.q.read(read_index=1), (None, 0, 1))

    def test_several_elements_are_one_item(self):
        index = self.put(b"abc", 3)
        data, size, following = self.q.read(index)
        self.assertEqual((data, size, following), (b"abc".ljust(16, b"\0") * 3, 3, 3))

    def test_an_item_that_would_straddle_the_end_begins_at_the_start(self):
        self.put(b"a", 6)
        self.assertEqual(self.put(b"b", 4), 8)
        self.assertEqual(self.q.read(6)[1:], (4, 12))

    def test_an_element_is_a_writable_memoryview_that_wraps_round(self):
        view = self.q[self.q.reserve()]
        self.assertIsInstance(view, memoryview)
        self.assertEqual((view.nbytes, view.readonly, view.format), (16, False, "B"))
        view[:] = b"x" * 16
        self.assertEqual(bytes(self.q[8]), b"x" * 16)
        self.assertEqual(bytes(self.q[2**64 - 8]), b"x" * 16)

    def test_the_newest_item_is_read_as_a_whole(self):
        self.assertIsNone(self.q.read_last())
        self.put(b"a")
        self.put(b"b", 2)
        self.assertEqual(self.q.read_last(), b"b".ljust(16, b"\0") * 2)
        self.q.reserve()  # and not published
        self.assertEqual(self.q.read_last(), b"b".ljust(16, b"\0") * 2)

    def test_a_cursor_takes_each_item_once(self):
        cursor = AtomicCursor(bytearray(8), 0)
        self.put(b"a")
        self.put(b"b")
        self.assertEqual(self.q.read(cursor), (b"a".ljust(16, b"\0"), 1))
        self.assertEqual(self.q.read(cursor), (b"b".ljust(16, b"\0"), 1))
        self.assertEqual(self.q.read(cursor), (None, 0))
        self.assertEqual(cursor.load(), 2)

    def test_what_is_overwritten_is_lost_and_counted(self):
        for k in range(20):
            self.put(b"%d" % k)
        data, _, following = self.q.read(0)
        self.assertEqual(int(data.strip(b"\0")) + 1, following)
        self.assertEqual(self.q.loss_count(), following - 1)
        self.assertGreaterEqual(following, 13)

    def test_fewer_elements_than_reserved_leave_no_hole(self):
        index = self.q.reserve(4)
        self.assertTrue(self.q.publish(index, 1))
        self.put(b"next")
        self.assertEqual(self.q.read(0)[1:], (1, 1))
        self.assertEqual(self.q.read(1), (b"next".ljust(16, b"\0"), 1, 5))
        self.assertEqual(self.q.loss_count(), 0)

    def test_reservations_may_be_published_in_any_order(self):
        first, second, third = self.q.reserve(), self.q.reserve(2), self.q.reserve()
        for index, n in ((third, 1), (first, 1), (second, 2)):
            self.assertTrue(self.q.publish(index, n))
        self.assertEqual([self.q.read(k)[1] for k in (0, 1, 3)], [1, 2, 1])

    def test_who_comes_round_to_its_own_reservation_gives_it_up(self):
        index = self.q.reserve(8)
        self.assertEqual(self.q.reserve(8), 8)
        self.assertFalse(self.q.publish(index, 8))
        self.assertTrue(self.q.publish(8, 8))
        self.assertEqual(self.q.read(8)[1:], (8, 16))

    def test_a_reader_of_before_a_reset_begins_again(self):
        for _ in range(5):
            self.put(b"old")
        self.q.reset()
        self.assertEqual(self.q.read(5), (None, 0, 0))
        self.assertEqual(self.put(b"new"), 0)
        self.assertEqual(self.q.read(5), (b"new".ljust(16, b"\0"), 1, 1))

    def test_a_reservation_of_before_a_reset_is_no_more(self):
        index = self.q.reserve()
        self.q.reset()
        with self.assertRaises(ValueError):
            self.q.publish(index)

    def test_attributes_tell_what_it_is_also_when_it_is_closed(self):
        for _ in range(2):
            self.assertEqual((self.q.size, self.q.element_size, self.q.name, self.q.use_shm), (8, 16, None, False))
            self.assertEqual((self.q.layout, self.q.items_per_slot, self.q.get_shm_name()), ("slq1", 1, None))
            self.q.close()
        self.assertTrue(self.q.closed)
        self.assertIn("closed", repr(self.q))

    def test_a_with_statement_closes_it(self):
        with SlickQueue(size=2, element_size=8) as q:
            q.push(b"x")
        self.assertTrue(q.closed)
        with self.assertRaises(KeyError):
            with SlickQueue(size=2, element_size=8) as q:
                raise KeyError

    def test_a_reader_that_wants_what_is_new_begins_at_the_initial_reading_index(self):
        self.assertEqual(self.q.initial_reading_index, 0)
        self.put(b"old", 3)
        index = self.q.initial_reading_index
        self.assertEqual((index, self.q.read(index)[0]), (3, None))
        self.put(b"new")
        self.assertEqual(self.q.read(index)[1:], (1, 4))
        with self.assertRaises(AttributeError):
            self.q.initial_reading_index = 0

    def test_weak_references_end_with_the_object(self):
        for make in (lambda: SlickQueue(size=8, element_size=16), lambda: AtomicCursor(bytearray(8)),
                     lambda: Derived(size=8, element_size=16)):
            made, gone = make(), []
            reference = weakref.ref(made, lambda _: gone.append(True))
            self.assertIs(reference(), made)
            del made
            self.assertEqual((reference(), gone), (None, [True]))

    def test_a_with_statement_calls_the_close_of_a_derived_class(self):
        with Derived(size=8, element_size=16) as q:
            pass
        self.assertEqual((q.calls, q.closed), (1, True))
        self.assertIsNone(SlickQueue(size=8, element_size=16).__exit__(None, None, None))

    def test_there_is_one_module_in_a_process(self):
        program = ("import sys, importlib.util as u, slick_queue_py._native as n\n"
                   "spec = u.spec_from_file_location('other._native', n.__file__)\n"
                   "try: u.module_from_spec(spec)\n"
                   "except ImportError as error: print('loaded already' in str(error))\n"
                   "q = n.SlickQueue(size=8, element_size=8); q.push(b'x')\n"
                   "print(q.read(n.AtomicCursor(bytearray(8)))[1])")
        self.assertEqual(support.python("-c", program), ("True\n1\n", "", 0))

    def test_the_platform_is_told(self):
        supported, message = check_platform_support()
        self.assertIs(supported, True)
        self.assertIn("Linux", message)


class Mistakes(Shm):
    def raises(self, kind, call, *args, **keywords):
        with self.assertRaises(kind) as caught:
            call(*args, **keywords)
        self.assertNotEqual(str(caught.exception), "")

    def test_of_the_constructor(self):
        for kind, wishes in [
            (ValueError, dict(size=100, element_size=8)),
            (ValueError, dict(size=0, element_size=8)),
            (ValueError, dict(size=-8, element_size=8)),
            (ValueError, dict(size=HUGE, element_size=8)),
            (ValueError, dict(size=2**32, element_size=8)),
            (ValueError, dict(size=8)),
            (ValueError, dict(element_size=8)),
            (ValueError, dict(size=8, element_size=0)),
            (ValueError, dict(size=8, element_size=-1)),
            (ValueError, dict(size=8, element_size=HUGE)),
            (ValueError, dict(name="q", size=8)),
            (ValueError, dict(name="q")),
            (ValueError, dict(name="", size=8, element_size=8)),
            (ValueError, dict(name="a/b", size=8, element_size=8)),
            (ValueError, dict(name="n" * 300, size=8, element_size=8)),
            (ValueError, dict(size=8, element_size=8, layout="slq7")),
            (ValueError, dict(size=8, element_size=8, layout="wide", items_per_slot=2)),
            (ValueError, dict(size=8, element_size=8, items_per_slot=3)),
            (TypeError, dict(size="8", element_size=8)),
            (TypeError, dict(size=8.0, element_size=8)),
            (TypeError, dict(size=8, element_size=b"8")),
            (TypeError, dict(name=b"q", size=8, element_size=8)),
            (TypeError, dict(size=8, element_size=8, colour=1)),
            (FileNotFoundError, dict(name="absent", element_size=8)),
        ]:
            with self.subTest(wishes):
                self.raises(kind, SlickQueue, **wishes)
        self.raises(TypeError, SlickQueue, "q", 8, 8)
        self.assertEqual(os.listdir(self.shm), [])

    def test_of_opening_a_queue_that_is_another(self):
        with SlickQueue(name="q", size=8, element_size=16):
            self.raises(ValueError, SlickQueue, name="q", element_size=8)
            self.raises(ValueError, SlickQueue, name="q", size=16, element_size=16)
            self.raises(ValueError, SlickQueue, name="q", size=8, element_size=32)
            self.raises(ValueError, SlickQueue, name="q", element_size=16, layout="wide")
            self.raises(ValueError, SlickQueue, name="q", size=8, element_size=16, items_per_slot=2)
            SlickQueue(name="/q", size=8, element_size=16).close()

    def test_of_opening_what_is_no_queue(self):
        for content in (b"", b"x" * 100, bytes(4096), os.urandom(8192)):
            with open(os.path.join(self.shm, "junk"), "wb") as file:
                file.write(content)
            self.raises(RuntimeError, SlickQueue, name="junk", element_size=8)
            self.raises(RuntimeError, SlickQueue, name="junk", size=8, element_size=8)

    @unittest.skipIf(os.geteuid() == 0, "root may open anything")
    def test_of_opening_what_is_somebody_elses(self):
        SlickQueue(name="q", size=8, element_size=8).close()
        os.chmod(os.path.join(self.shm, "q"), 0)
        self.raises(PermissionError, SlickQueue, name="q", element_size=8)

    def test_of_reserving_and_publishing(self):
        q = SlickQueue(size=8, element_size=8)
        for n in (0, -1, -HUGE):
            self.raises(ValueError, q.reserve, n)
        for n in (9, 2**32, 2**32 + 1, HUGE, HUGE * HUGE):
            self.raises(RuntimeError, q.reserve, n)
        for n in (1.0, "1", None, b"1"):
            self.raises(TypeError, q.reserve, n)
        self.raises(TypeError, q.reserve, 1, 2)
        self.raises(TypeError, q.reserve, n=1, m=2)
        index = q.reserve(2)
        for wrong in (-1, HUGE, index + 1, 77, 2**63):
            self.raises(ValueError, q.publish, wrong)
        for n in (0, -1, 3, HUGE):
            self.raises(ValueError, q.publish, index, n)
        self.raises(TypeError, q.publish)
        self.raises(TypeError, q.publish, 0.5)
        self.assertTrue(q.publish(index=index, n=2))
        self.raises(ValueError, q.publish, index, 2)

    def test_of_reading(self):
        q = SlickQueue(size=8, element_size=8)
        cursor = AtomicCursor(bytearray(8))
        for call in (q.read, q.read_wait, lambda at: q.read_many(at, 1), lambda at: q.read_into(bytearray(8), at)):
            for index in (-1, HUGE, -HUGE):
                self.raises(ValueError, call, index)
            for index in (None, "0", 0.0, bytearray(8)):
                self.raises(TypeError, call, index)
        for most in (0, -1):
            self.raises(ValueError, q.read_many, cursor, most)
        self.raises(TypeError, q.read_many, cursor)
        self.raises(TypeError, q.read_many, cursor, "1")
        self.assertEqual(q.read_many(0, HUGE), (b"", 0, 0))
        for timeout in (-1, -0.001, float("nan")):
            self.raises(ValueError, q.read_wait, 0, timeout)
        self.raises(TypeError, q.read_wait, 0, "1")
        self.assertEqual(q.read_wait(0, timeout=0), (None, 0, 0))
        self.assertEqual(q.read(2**64 - 1), (None, 0, 0))

    def test_of_numbers_that_are_too_long_to_be_shown(self):
        q = SlickQueue(size=8, element_size=8)
        index = q.reserve(2)
        for number in (10**5000, -(10**5000)):
            self.raises(RuntimeError if number > 0 else ValueError, q.reserve, number)
            for call in (q.read, q.publish, lambda n: q.read_many(n, 1), AtomicCursor(bytearray(8)).store):
                self.raises(ValueError, call, number)
            self.raises(ValueError, q.publish, index, number)
            self.raises(IndexError, lambda at: q[at], number)
            self.raises(ValueError, SlickQueue, size=number, element_size=8)
        self.raises(ValueError, q.read_many, 0, -(10**5000))
        self.raises(ValueError, q.read_wait, 0, -(10**400))
        q.publish(index, 2)
        self.assertEqual(q.read_wait(0, 10**400)[1], 2)

    def test_of_names_with_a_nul(self):
        for wrong in (dict(name="a\0b"), dict(layout="slq1\0")):
            with self.assertRaisesRegex(ValueError, "NUL"):
                SlickQueue(size=8, element_size=8, **wrong)

    def test_of_indexing(self):
        q = SlickQueue(size=8, element_size=8)
        for index in (-1, HUGE):
            self.raises(IndexError, lambda at: q[at], index)
        for index in (None, "0", slice(0, 1), 1.0):
            self.raises(TypeError, lambda at: q[at], index)
        self.raises(TypeError, iter, q)
        self.raises(TypeError, len, q)

    def test_of_pushing(self):
        q = SlickQueue(size=8, element_size=8)
        self.raises(ValueError, q.push, bytes(9))
        for data in ("text", 5, None, [1, 2]):
            self.raises(TypeError, q.push, data)
            self.raises(TypeError, q.push_many, data)
        self.raises(ValueError, q.push_many, bytes(12))
        self.raises(ValueError, q.read_into, bytearray(7), 0)
        self.raises((TypeError, BufferError), q.read_into, bytes(8), 0)
        self.raises(BufferError, q.push, memoryview(bytes(16))[::2])
        self.assertEqual((q.push_many(b""), q.read(0)), (0, (None, 0, 0)))

    def test_of_a_closed_queue(self):
        q = SlickQueue(size=8, element_size=8)
        q.close()
        q.close()
        cursor = AtomicCursor(bytearray(8))
        for call, args in [(q.reserve, ()), (q.publish, (0,)), (q.push, (b"",)), (q.push_many, (b"",)), (q.read, (0,)),
                           (q.read, (cursor,)), (q.read_wait, (0,)), (q.read_many, (0, 1)), (q.read_last, ()),
                           (q.read_into, (bytearray(8), 0)), (q.__getitem__, (0,)), (q.reset, ()), (q.__enter__, ())]:
            for kind in (QueueClosedError, ValueError, RuntimeError):
                self.raises(kind, call, *args)
        q.unlink()

    def test_of_a_queue_that_was_never_opened(self):
        q = SlickQueue.__new__(SlickQueue)
        for call in (q.reserve, q.unlink, q.get_shm_name, q.read_last, lambda: q.size, lambda: q.layout):
            self.raises(QueueClosedError, call)
        self.assertTrue(q.closed)
        q.close()
        q.__init__(size=8, element_size=8)
        self.raises(RuntimeError, q.__init__, size=8, element_size=8)

    def test_of_internals_made_by_hand(self):
        q = SlickQueue(size=8, element_size=8)
        view = q[0]
        self.raises(BufferError, memoryview, view.obj)  # close() could not end it
        elements = type(view.obj)
        try:
            made = object.__new__(elements)
        except TypeError:
            return
        self.raises((BufferError, TypeError), memoryview, made)


class Cursor(unittest.TestCase):
    def test_it_loads_stores_and_exchanges(self):
        memory = bytearray(24)
        cursor = AtomicCursor(memory, offset=8)
        cursor.store(value=2**64 - 1)
        self.assertEqual(memory, bytes(8) + b"\xff" * 8 + bytes(8))
        self.assertEqual(cursor.load(), 2**64 - 1)
        self.assertEqual(cursor.compare_exchange_weak(expected=1, desired=2), (False, 2**64 - 1))
        self.assertEqual(cursor.compare_exchange_weak(2**64 - 1, 7), (True, 2**64 - 1))
        self.assertEqual(cursor.load(), 7)

    def test_it_keeps_what_is_there(self):
        self.assertEqual(AtomicCursor(array.array("Q", [5, 6]), 8).load(), 6)

    def test_no_buffer_stays_exported(self):
        memory = bytearray(8)
        cursor = AtomicCursor(memory)
        cursor.store(1)
        memory.extend(b"more")  # BufferError while anything exports it
        view = memoryview(memory)
        other = AtomicCursor(view)
        view.release()
        with self.assertRaises(ValueError):
            other.load()

    def test_mistakes(self):
        for kind, args in [(TypeError, ()), (TypeError, (5,)), (TypeError, (b"12345678",)), (TypeError, ("text",)),
                           (ValueError, (bytearray(7),)), (ValueError, (bytearray(8), 1)),
                           (ValueError, (bytearray(8), -1)),
                           (ValueError, (bytearray(16), 4)), (ValueError, (bytearray(8), HUGE)),
                           (ValueError, (bytearray(8), 2**64 - 8)), (TypeError, (bytearray(8), "0"))]:
            with self.subTest(args), self.assertRaises(kind):
                AtomicCursor(*args)
        cursor = AtomicCursor(bytearray(8))
        for value in (-1, HUGE):
            with self.assertRaises(ValueError):
                cursor.store(value)
            with self.assertRaises(ValueError):
                cursor.compare_exchange_weak(0, value)
        for value in (None, 1.0, "1"):
            with self.assertRaises(TypeError):
                cursor.store(value)
        with self.assertRaises(TypeError):
            object.__new__(AtomicCursor).load()

    def test_memory_that_shrank_is_not_touched(self):
        memory = bytearray(4096)
        cursor = AtomicCursor(memory, 4088)
        del memory[8:]
        with self.assertRaises(ValueError):
            cursor.load()


class Layouts(Shm):
    def test_each_is_made_recognised_and_used(self):
        for layout in LAYOUTS:
            with self.subTest(layout):
                q = SlickQueue(name="q", size=16, element_size=32, layout=layout, items_per_slot=items_per_slot(layout))
                other = SlickQueue(name="q", element_size=32)
                self.assertEqual((other.layout, other.size), (layout, 16))
                self.assertEqual(other.items_per_slot, items_per_slot(layout))
                index = 0
                for k in range(100):
                    q.push(support.record(1, k))
                    data, size, index = other.read(index)
                    self.assertEqual((support.parse(data), size), ((1, k), 1))
                    self.assertEqual(support.parse(other.read_last()), (1, k))
                self.assertEqual(other.loss_count(), 0)
                q.close()
                other.close()
                q.unlink()

    def test_the_headers_bytes_are_the_formats(self):
        with SlickQueue(name="q", size=16, element_size=32) as q:
            q.push(b"")
            with open(os.path.join(self.shm, "q"), "rb") as file:
                header = file.read(64)
        self.assertEqual(header[:32].hex(), "0100010000000000" "1000000020000000" "0000000000000000" "31514c5300000000")

    def test_segments_of_the_original_releases_are_read(self):
        golden = os.path.join(os.path.dirname(__file__), "..", "golden")
        for release in ("cpp-1.1.2", "cpp-1.2.3", "cpp-1.3.0", "cpp-1.4.0", "python-1.0.1"):
            with self.subTest(release):
                with open(os.path.join(golden, release, "three.bin"), "rb") as file:
                    content = file.read()
                with open(os.path.join(self.shm, release), "wb") as file:
                    file.write(content)
                element_size = self.element_size(release)
                with SlickQueue(name=release, element_size=element_size) as q:
                    index, sizes = 0, []
                    while True:
                        data, size, index = q.read(index)
                        if data is None:
                            break
                        sizes.append(size)
                    self.assertEqual(sizes, [1, 1, 1])

    @staticmethod
    def element_size(release):
        import json

        path = os.path.join(os.path.dirname(__file__), "..", "golden", release, "three.json")
        with open(path) as file:
            return json.load(file)["element_size"]


if __name__ == "__main__":
    unittest.main()

"""What a call is given may run Python code, and that may close the queue: then the call raises, and touches nothing."""
import signal
import sys
import threading
import unittest

import support
from slick_queue_py import AtomicCursor, QueueClosedError, SlickQueue


class Number:
    """An index that does something else when it is asked for its value."""

    def __init__(self, do, value=0):
        self.do, self.value = do, value

    def __index__(self):
        self.do()
        return self.value


class Closed(unittest.TestCase):
    CALLS = {
        "read": lambda q, n: q.read(n),
        "read_wait": lambda q, n: q.read_wait(n, 1),
        "read_many": lambda q, n: q.read_many(n, 4),
        "read_many, max": lambda q, n: q.read_many(0, n),
        "read_into": lambda q, n: q.read_into(bytearray(64), n),
        "reserve": lambda q, n: q.reserve(n),
        "publish": lambda q, n: q.publish(n),
        "publish, n": lambda q, n: q.publish(0, n),
        "q[i]": lambda q, n: q[n],
    }

    def test_by_the_number_that_is_given(self):
        for name, call in self.CALLS.items():
            with self.subTest(name):
                q = SlickQueue(size=8, element_size=16)
                q.push(b"x")
                with self.assertRaises(QueueClosedError):
                    call(q, Number(q.close, 1))

    def test_by_another_thread_while_the_number_is_asked_for(self):
        def close():
            thread = threading.Thread(target=q.close)
            thread.start()
            thread.join()

        for name, call in self.CALLS.items():
            with self.subTest(name), support.shm_dir():
                q = SlickQueue(name="q", size=8, element_size=16)
                q.push(b"x")
                with self.assertRaises(QueueClosedError):
                    call(q, Number(close, 1))

    def test_by_the_flag_of_a_reset(self):
        class Flag:
            def __bool__(self):
                q.close()
                return True

        q = SlickQueue(size=8, element_size=16)
        with self.assertRaises(QueueClosedError):
            q.reset(Flag())

    @unittest.skipIf(sys.version_info < (3, 12), "no buffers in Python before 3.12")
    def test_by_a_buffer_that_is_made_in_python(self):
        class Memory:
            def __init__(self, kind):
                self.kind = kind

            def __buffer__(self, flags):
                if closing:
                    q.close()
                return memoryview(self.kind(16))

        for name, call in {
            "push": lambda: q.push(Memory(bytes)),
            "push_many": lambda: q.push_many(Memory(bytes)),
            "read_into": lambda: q.read_into(Memory(bytearray), 0),
            "read": lambda: q.read(cursor),
            "read_wait": lambda: q.read_wait(cursor, 1),
            "read_many": lambda: q.read_many(cursor, 1),
        }.items():
            with self.subTest(name):
                closing = False
                q = SlickQueue(size=8, element_size=16)
                cursor = AtomicCursor(Memory(bytearray))
                closing = True
                with self.assertRaises(QueueClosedError):
                    call()

    def test_by_a_signal_handler_in_a_wait(self):
        q = SlickQueue(size=8, element_size=16)
        before = signal.signal(signal.SIGALRM, lambda *_: q.close())
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with self.assertRaises(QueueClosedError):
            q.read_wait(0, 60)


if __name__ == "__main__":
    unittest.main()

"""Lock-free queues in shared memory, many producers and many consumers, in Python and C++ at once.

    from slick_queue_py import SlickQueue, AtomicCursor

The same calls, and the same bytes, as the SlickQueue package of this name, and some faster ones: push(), push_many(),
read_many(), read_into(), read_wait().
"""
from slick_queue_py._native import AtomicCursor, QueueClosedError, SlickQueue, __version__

__all__ = ["SlickQueue", "AtomicCursor", "QueueClosedError", "__version__"]

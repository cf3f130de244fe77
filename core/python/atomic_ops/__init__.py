"""What programs import under this name beside slick_queue_py: can this machine run the queues, and the shared cursor."""
from slick_queue_py._native import AtomicCursor, check_platform_support

__all__ = ["AtomicCursor", "check_platform_support"]

"""What programs import under this name: can this machine run the queues of slick_queue_py? And the shared cursor."""
from slick_queue_py._native import AtomicCursor, check_platform_support

__all__ = ["AtomicCursor", "check_platform_support"]

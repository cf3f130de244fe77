from typing import Tuple

from slick_queue_py import AtomicCursor as AtomicCursor

def check_platform_support() -> Tuple[bool, str]: ...

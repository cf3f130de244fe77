"""What a queue in pure Python does for each message, as the original's document describes it: struct for the words,
libatomic by ctypes for the atomic ones, slices of a memoryview for the elements. The layout is `packed`.

For comparison only: one process, and none of the checks that a reader needs.
"""
import ctypes
import struct

HEADER = 64
SLOT = struct.Struct("<QI4x")
SIZE = struct.Struct("<I4x")
NEVER = 2**64 - 1


class Word:
    """An atomic 64-bit word in somebody's memory."""

    def __init__(self, library, memory, offset):
        self.at = ctypes.addressof(ctypes.c_uint64.from_buffer(memory, offset))
        self.load_8, self.store_8 = library["__atomic_load_8"], library["__atomic_store_8"]
        self.exchange_8 = library["__atomic_compare_exchange_8"]
        self.load_8.restype = ctypes.c_uint64
        self.load_8.argtypes = [ctypes.c_void_p, ctypes.c_int]
        self.store_8.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_int]
        self.exchange_8.restype = ctypes.c_bool
        self.exchange_8.argtypes = [ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64), ctypes.c_uint64, ctypes.c_int,
                                    ctypes.c_int]

    def load(self):
        return self.load_8(self.at, 2)  # acquire

    def store(self, value):
        self.store_8(self.at, value, 3)  # release

    def compare_exchange(self, expected, desired):
        seen = ctypes.c_uint64(expected)
        return self.exchange_8(self.at, ctypes.byref(seen), desired, 3, 0)


class ReferenceQueue:
    def __init__(self, size, element_size):
        library = ctypes.CDLL("libatomic.so.1")
        self.size, self.mask, self.element_size = size, size - 1, element_size
        self.data = HEADER + SLOT.size * size
        memory = bytearray(self.data + size * element_size)
        self.memory = memoryview(memory)
        self.reserved = Word(library, memory, 0)
        self.slots = [Word(library, memory, HEADER + SLOT.size * k) for k in range(size)]
        for k in range(size):
            SLOT.pack_into(memory, HEADER + SLOT.size * k, NEVER, 1)

    def reserve(self, n=1):
        while True:
            word = self.reserved.load()
            at = word >> 16
            begin = at if (at & self.mask) + n <= self.size else (at | self.mask) + 1
            if self.reserved.compare_exchange(word, (begin + n) << 16 | n):
                if begin != at:
                    SLOT.pack_into(self.memory, HEADER + SLOT.size * (at & self.mask), begin, n)
                return begin

    def __getitem__(self, index):
        at = self.data + (index & self.mask) * self.element_size
        return self.memory[at : at + self.element_size]

    def publish(self, index, n=1):
        slot = index & self.mask
        SIZE.pack_into(self.memory, HEADER + SLOT.size * slot + 8, n)
        self.slots[slot].store(index)

    def read(self, index):
        while True:
            slot = index & self.mask
            held = self.slots[slot].load()
            size = SIZE.unpack_from(self.memory, HEADER + SLOT.size * slot + 8)[0]
            if held != NEVER and self.reserved.load() >> 16 < held:
                index = 0
            elif held == NEVER or held < index:
                return None, 0, index
            elif held != index and held & self.mask != slot:
                index = held
            else:
                at = self.data + slot * self.element_size
                return bytes(self.memory[at : at + size * self.element_size]), size, held + size

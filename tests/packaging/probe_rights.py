"""Tries what slickqd has no business with; each has to fail for want of rights.
usage: probe_rights.py ROOM QUEUE PID    (files of root, a queue of another user, a process of another user)
"""
import ctypes
import errno
import os
import signal
import socket
import sys

room, queue, pid = sys.argv[1], sys.argv[2], int(sys.argv[3])
libc = ctypes.CDLL(None, use_errno=True)


def call(name, *arguments):
    if getattr(libc, name)(*arguments) != 0:
        raise OSError(ctypes.get_errno(), name)


def bind(kind, *address):
    with socket.socket(*kind) as endpoint:
        endpoint.bind(*address)


CLONE_NEWNS, CLONE_NEWNET = 0x20000, 0x40000000
ATTEMPTS = {
    "write a file that only root may write": lambda: open(f"{room}/of-root", "a"),
    "truncate it": lambda: os.truncate(f"{room}/of-root", 0),
    "make a file in a directory of root": lambda: open(f"{room}/directory-of-root/new", "w"),
    "remove that directory": lambda: os.rmdir(f"{room}/directory-of-root"),
    "write the password file": lambda: open("/etc/shadow", "a"),
    "write the unit's own program": lambda: open(f"{room}/slickqd", "r+b"),
    "write another user's queue": lambda: open(queue, "r+b"),
    "end another user's process": lambda: os.kill(pid, signal.SIGTERM),
    "ask whether it lives, as kill does": lambda: os.kill(pid, 0),
    "change its priority": lambda: os.setpriority(os.PRIO_PROCESS, pid, 5),
    "bind a low port": lambda: bind((socket.AF_INET, socket.SOCK_STREAM), ("127.0.0.1", 80)),
    "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "become root": lambda: os.setuid(0),
    "become another user": lambda: os.setuid(60102),
    "join another group": lambda: os.setgid(0),
    "take groups": lambda: os.setgroups([0]),
    "mount": lambda: call("mount", b"none", f"{room}/run".encode(), b"tmpfs", 0, None),
    "unmount": lambda: call("umount2", b"/proc", 0),
    "change the root": lambda: os.chroot(room),
    "make a mount namespace": lambda: call("unshare", CLONE_NEWNS),
    "make a network namespace": lambda: call("unshare", CLONE_NEWNET),
    "make a device": lambda: os.mknod(f"{room}/run/device", 0o20600, os.makedev(1, 1)),
    "name the machine": lambda: call("sethostname", b"mine", 4),
    "set the clock": lambda: call("settimeofday", ctypes.create_string_buffer(16), None),
    "lower its own nice value": lambda: os.nice(-5),
    "set a kernel parameter": lambda: open("/sys/kernel/mm/ksm/run", "w"),
}

wrong = 0
for what, attempt in ATTEMPTS.items():
    try:
        attempt()
        print(f"MAY {what}")
        wrong += 1
    except OSError as error:
        expected = error.errno in (errno.EPERM, errno.EACCES, errno.EROFS)
        wrong += not expected
        print(f"{'refused' if expected else 'FAILED OTHERWISE'}: {what}: {errno.errorcode[error.errno]}")
print(f"{len(ATTEMPTS)} attempts, {wrong} not refused")
sys.exit(1 if wrong else 0)

"""Which system calls of an strace does the SystemCallFilter= of a unit refuse?  usage: check_syscalls.py UNIT TRACE"""
import re
import subprocess
import sys


def members(name):
    """The calls of a set of systemd, those of the sets in it included."""
    if not name.startswith("@"):
        return {name}
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True,
                          check=True).stdout
    inner = [line.strip() for line in text.split("\n")[1:] if line.strip() and not line.strip().startswith("#")]
    return set().union(*(members(one) for one in inner))


# The first line says that the filter allows what it names; "@default" is always allowed.
allowed = members("@default")
for line in open(sys.argv[1]):
    if setting := re.match(r"SystemCallFilter=(~?)(.*)", line):
        named = set().union(*(members(one) for one in setting[2].split()))
        allowed = allowed - named if setting[1] else allowed | named

made = set(re.findall(r"^(?:\d+ +)?([a-z0-9_]+)\(", open(sys.argv[2]).read(), re.M))
refused = sorted(made - allowed)
print(f"{len(made)} different calls, refused: {' '.join(refused) or 'none'}")
sys.exit(1 if refused or len(made) < 30 or len(allowed) < 200 else 0)

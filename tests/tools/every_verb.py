"""The verbs of the slickq under test, as it tells them itself. Environment: SLICKQ_BIN_DIR."""
import os
import subprocess

SLICKQ = f"{os.environ['SLICKQ_BIN_DIR']}/slickq"


def words(*before):
    """[word, summary] each of what may come next on the command line."""
    out = subprocess.run([SLICKQ, "completion", "words", "--", *before], capture_output=True, text=True, check=True)
    return [line.split("\t") for line in out.stdout.splitlines()]


def verbs():
    """Those of two words as "cursor list"."""
    for word, summary in words(""):
        yield from [word] if summary else (f"{word} {second}" for second, _ in words(word, ""))

"""Types the commands of man pages' examples and compares the answers.  usage: play_examples.py PAGE.scd...

An example is a literal block whose lines begin with "$ " where somebody types, with "> " where a command goes on; all
commands of a block go to one shell, those of a page to one directory. "…" in an answer stands for anything within a
line, spaces that align columns count as one. /dev/shm stands for the test's own directory, which a heading of the page
empties; a comment "; prepare: COMMAND" is what a reader would have done before.
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SHM_DIR = os.environ["SLICKQ_SHM_DIR"]
END = "answer ends here"


class Shell:
    """One bash that is typed to, a command at a time."""

    def __init__(self, directory):
        self.bash = subprocess.Popen(["bash"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                     text=True, cwd=directory)

    def run(self, command):
        self.bash.stdin.write(f"{command}\nprintf '\\n{END}\\n'\n")
        self.bash.stdin.flush()
        answer = []
        for line in self.bash.stdout:
            if line == END + "\n":
                return "".join(answer)[:-1]
            answer.append(line)
        raise SystemExit(f"the shell ended at: {command}")

    def close(self):
        self.bash.stdin.close()
        self.bash.wait()


def comparable(text):
    return [re.sub(r" +", " ", line).strip() for line in text.split("\n") if line.strip()]


def agrees(answer, expected):
    answer, expected = comparable(answer), comparable(expected)
    patterns = [re.escape(line).replace("…", ".*") for line in expected]
    return len(answer) == len(patterns) and all(map(re.fullmatch, patterns, answer))


def steps(page):
    """("heading" | "prepare" | "type", text, expected) in the order of the page."""
    for heading, prepare, block in re.findall(r"^(# [^\n]*)$|^; prepare: ([^\n]*)$|^```\n(\$ .*?)^```$", page,
                                              re.M | re.S):
        if heading or prepare:
            yield ("heading", heading, "") if heading else ("prepare", prepare, "")
            continue
        block = block.replace("\\\\", "\\")
        for command, expected in re.findall(r"^\$ (.*\n(?:> .*\n)*)((?:(?!\$ ).*\n)*)", block, re.M):
            yield "type", re.sub(r"^> ", "", command, flags=re.M).rstrip("\n"), expected


def empty(directory):
    for file in pathlib.Path(directory).iterdir():
        file.unlink()


def play(page):
    """How many were played, and how many answered otherwise."""
    played = wrong = 0
    with tempfile.TemporaryDirectory() as directory:
        shell = Shell(directory)
        for kind, text, expected in steps(page.read_text()):
            if kind == "heading":
                empty(SHM_DIR)
            else:
                answer = shell.run(text.replace("/dev/shm", SHM_DIR)).replace(SHM_DIR, "/dev/shm")
                if kind == "prepare":
                    continue
                played += 1
                if not agrees(answer, expected):
                    wrong += 1
                    print(f"{page.name}: $ {text}\n-- the page says\n{expected}-- it is\n{answer}")
        shell.close()
    return played, wrong


def main():
    results = [play(pathlib.Path(page)) for page in sys.argv[1:]]
    played, wrong = (sum(column) for column in zip(*results))
    print(f"played {played} commands, {wrong} answer otherwise")
    return 1 if wrong or played < 40 else 0


sys.exit(main())

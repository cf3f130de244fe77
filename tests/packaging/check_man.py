"""The man pages say what the programs say of themselves.  usage: check_man.py SOURCE_DIR BIN_DIR

slickq(1): a section for each verb with its operands, an entry for each flag of its --help, and no others; the same
for slickqd(8), and each HTTP request that is answered. slickqd.json(5): an entry for each key of the schema with its
type, default and choices, and no others. The exit codes are those of the code.
"""
import json
import pathlib
import re
import subprocess
import sys

source, programs = map(pathlib.Path, sys.argv[1:])
mistakes = []


def compare(where, page, truth):
    for thing in sorted(set(truth) - set(page)):
        mistakes.append(f"{where}: not in the page: {thing}")
    for thing in sorted(set(page) - set(truth)):
        mistakes.append(f"{where}: only in the page: {thing}")


def sections(name, level):
    """Heading -> lines, of one level of headings."""
    found, at = {}, None
    for line in (source / "config/man" / name).read_text().split("\n"):
        heading = re.match(r"(#+) (.*)", line)
        if heading and len(heading[1]) <= level:
            at = heading[2] if len(heading[1]) == level else None
            if at:
                found[at] = []
        elif at:
            found[at].append(line)
    return found


def entries(lines):
    """The first lines of entries, as a reader sees them: what stands before an indented text."""
    return [plain(a) for a, b in zip(lines, lines[1:]) if b.startswith("\t") and not a.startswith("\t")]


def plain(text):
    return re.sub(r"(?<![A-Za-z0-9])[*_]|[*_](?![A-Za-z0-9])", "", text.replace("\\", ""))


def help_of(*words):
    return subprocess.run([*words, "--help"], capture_output=True, text=True, check=True).stdout


def flags(text):
    """`-n, --count COUNT` of the lines of a help that begin with a flag."""
    return [line[2:].split("  ")[0].rstrip() for line in text.split("\n") if re.match(r"  -", line)]


def check_slickq():
    verbs = sections("slickq.1.scd", 2)
    program = str(programs / "slickq")
    everywhere = entries(sections("slickq.1.scd", 1)["FLAGS OF EVERY VERB"])
    compare("slickq version", everywhere, flags(help_of(program, "version")))
    known = re.findall(r"^  ((?:[a-z]+ )?[a-z]+)(?= +[A-Z-]| +\S+ {3,}| {3,}| \[)", help_of(program), re.M)
    usages = {}
    for verb in known:
        text = help_of(program, *verb.split())
        usages[re.search(r"usage: slickq (.*?) ?\[flags\]", text)[1]] = flags(text)
    compare("slickq(1), verbs", verbs, usages)
    for usage in usages.keys() & verbs.keys():
        compare(f"slickq(1), {usage}", entries(verbs[usage]) + everywhere, usages[usage])
        mentioned = re.findall(r"\*(--?[a-z][a-z-]*)\*", "\n".join(verbs[usage]))
        listed = re.findall(r"--?[a-z][a-z-]*", " ".join(usages[usage]))
        compare(f"slickq(1), {usage}: mentioned", [m for m in mentioned if m not in listed], [])
    return len(usages)


def check_slickqd():
    truth = flags(help_of(str(programs / "slickqd")))
    compare("slickqd(8)", entries(sections("slickqd.8.scd", 1)["OPTIONS"]), truth)
    synopsis = " ".join(sections("slickqd.8.scd", 1)["SYNOPSIS"])
    compare("slickqd(8), SYNOPSIS", [m for m in re.findall(r"--[a-z-]+", synopsis) if m not in " ".join(truth)], [])


def check_bridge():
    program = programs / "slickq-bridge"
    if not program.exists():  # built without
        return
    page = sections("slickq-bridge.1.scd", 1)
    for direction in ("out", "in"):
        told = entries(page["OPTIONS OF BOTH"]) + entries(page[f"OPTIONS OF {direction.upper()}"])
        compare(f"slickq-bridge(1), {direction}", told, flags(help_of(str(program), direction)))
    summary = help_of(str(program))
    told = re.findall(r"\d+", re.search(r"Exit codes: (.*)", summary)[1])
    compare("slickq-bridge(1), EXIT STATUS", entries(page["EXIT STATUS"]), told)
    states = re.search(r"kStateNames\{(.*?)\}", (source / "tools/bridge/trouble.hpp").read_text(), re.S)[1]
    listed = [state for entry in entries(page["STATES"]) for state in entry.split(", ")]
    compare("slickq-bridge(1), STATES", [s.strip("*") for s in listed], re.findall(r'"(\w+)"', states))
    headers = re.findall(r'"(Slickq-\w+)"', (source / "tools/bridge/envelope.cpp").read_text())
    compare("slickq-bridge(1), MESSAGES", set(re.findall(r"Slickq-\w+", "\n".join(page["MESSAGES"]))), set(headers))


def check_requests():
    """`GET /v1/status`, as the table of the code and the entries of the page have them."""
    table = re.findall(r'Route\{"([A-Z]+)", "([^"]+)", (true|false)', (source / "daemon/routes.cpp").read_text())
    truth = [f"{method} {path}{'NAME' if takes_name == 'true' else ''}" for method, path, takes_name in table]
    told = []
    for entry in entries(sections("slickqd.8.scd", 1)["HTTP"]):
        method, paths = entry.split(" ", 1)
        told += [f"{method} {path}" for path in paths.split(", ")]
    compare("slickqd(8), HTTP", told, truth)
    return len(truth)


def check_exit_codes(page, header, summary):
    listed = entries(sections(page, 1)["EXIT STATUS"])
    compare(f"{page}, EXIT STATUS", listed, re.findall(r" = (\d+)", (source / header).read_text()))
    told = re.search(r"[Ee]xit codes: (.*)", summary, re.S)[1].split("\n\n")[0]
    compare(f"{page}, EXIT STATUS, as --help says", [c for c in re.findall(r"\d+", told) if c not in listed], [])


def keys(schema, defs, prefix=""):
    """Dotted key -> its schema; objects are entered, arrays and what stands in them are not."""
    for key, value in schema["properties"].items():
        value = {**defs[value["$ref"].split("/")[-1]], **value} if "$ref" in value else value
        if value.get("type") == "object":
            yield from keys(value, defs, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def check_config():
    schema = json.loads((source / "config/slickqd.schema.json").read_text())
    page = sections("slickqd.json.5.scd", 1)
    for heading, root in (("THE FILE", schema), ("A QUEUE", schema["$defs"]["queue"])):
        told = {line.split()[0]: line for line in entries(page[heading])}
        truth = dict(keys(root, schema["$defs"]))
        compare(f"slickqd.json(5), {heading}", told, truth)
        entry = re.compile(r"^\*(\S+)\*.*\n((?:\t.*\n?|\n(?=\t))+)", re.M)
        text = {m[1]: m[2] for m in entry.finditer("\n".join(page[heading]))}
        for key in told.keys() & truth.keys():
            value, line = truth[key], told[key]
            default = value.get("default", None)
            if "default" in value and not isinstance(default, list):
                if not line.endswith(", " + json.dumps(default)):
                    mistakes.append(f"slickqd.json(5), {key}: the default is {json.dumps(default)}: {line}")
            elif "default" not in value and "," in line:
                mistakes.append(f"slickqd.json(5), {key}: there is no default: {line}")
            kinds = value.get("type", "string")
            for kind in kinds if isinstance(kinds, list) else [kinds]:
                if kind != "string" and kind not in line:
                    mistakes.append(f"slickqd.json(5), {key}: is of type {kind}: {line}")
            for choice in value.get("enum", []):
                if f'*"{choice}"*' not in text[key]:
                    mistakes.append(f'slickqd.json(5), {key}: does not tell of "{choice}"')
            if (key in root.get("required", [])) != ("Required." in text[key]):
                mistakes.append(f"slickqd.json(5), {key}: is it required?")
    return len(told)


verbs = check_slickq()
check_slickqd()
check_bridge()
requests = check_requests()
check_exit_codes("slickq.1.scd", "tools/exit_codes.hpp", help_of(str(programs / "slickq")))
check_exit_codes("slickqd.8.scd", "daemon/exit_code.hpp", help_of(str(programs / "slickqd")))
options = check_config()
print("\n".join(mistakes) or f"{verbs} verbs, {requests} requests and {options} keys of a queue agree")
sys.exit(1 if mistakes or verbs < 15 or requests < 10 or options < 10 else 0)

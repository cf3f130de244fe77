#!/usr/bin/env python3
"""The PromQL of the dashboard and the alert rules, held against a real slickqd and a real Prometheus.

  promql.py free-port               a TCP port that nobody has now
  promql.py get URL                 the body; waits until it answers
  promql.py unknown TEXT FILE...    metric names in FILEs (a dashboard, rules) that TEXT, an answer of /metrics, lacks
  promql.py empty URL DASHBOARD     expressions that return no data from the Prometheus at URL, after some patience
  promql.py rules URL               rules the Prometheus at URL cannot evaluate
  promql.py summary URL ALERT       the summary of the firing ALERT; waits until it fires
  promql.py layout DASHBOARD        panels that overlap, share an id, or tell nothing of what they show

What is listed is a finding: the exit code is 1 when there is any.
"""
import json
import re
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import yaml

PATIENCE_S = 120  # only ends a test that has failed
PROMETHEUS_OWN = {"up", "ALERTS"}
NO_NAMES = {"and", "or", "unless", "on", "by", "ignoring", "without", "group_left", "group_right", "bool", "offset"}
# Strings, matchers, ranges, lists of labels.
NO_PLACES = (r'"[^"]*"', r"\{[^}]*\}", r"\[[^]]*\]",
             r"\b(?:by|on|ignoring|without|group_left|group_right) *\([^)]*\)")
VARIABLES = {"$instance": ".*", "$queue": ".*", "$__rate_interval": "3s", "$__range": "1m"}


def panels_of(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def dashboard_expressions(dashboard):
    for panel in panels_of(dashboard):
        for target in panel.get("targets", []):
            yield target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            # label_values(SELECTOR, LABEL): what has the label.
            selector, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()
            yield f"group by ({label}) ({selector})"


def expressions(file):
    with open(file, encoding="utf-8") as text:
        if file.endswith(".json"):
            return list(dashboard_expressions(json.load(text)))
        return [rule["expr"] for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def names_in(expression):
    for what in NO_PLACES:
        expression = re.sub(what, " ", expression)
    return {name for name in re.findall(r"\b[a-zA-Z_]\w*\b(?! *\()", expression)} - NO_NAMES


def unknown(text, *files):
    with open(text, encoding="utf-8") as answer:
        known = {re.split(r"[{ ]", line)[0] for line in answer if not line.startswith("#")} | PROMETHEUS_OWN
    for file in files:
        found = expressions(file)
        assert len(found) > 5, f"{file}: where are its expressions?"
        for expression in found:
            names = names_in(expression)
            assert names, f"no name in: {expression}"
            yield from (f"{name}: {expression}" for name in sorted(names - known))


def get(url):
    limit = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            if error.code == 400:  # Prometheus: the query is wrong, and says why
                return error.read().decode()
            problem = error
        except OSError as error:
            problem = error
        if time.monotonic() > limit:
            sys.exit(f"{url}: {problem}")
        time.sleep(0.1)


def query(url, expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    answer = json.loads(get(f"{url}/api/v1/query?" + urllib.parse.urlencode({"query": expression})))
    if answer["status"] != "success":
        sys.exit(f"{expression}: {answer['error']}")
    return [sample for sample in answer["data"]["result"] if sample["value"][1] not in ("NaN", "+Inf", "-Inf")]


def empty(url, dashboard):
    waiting = expressions(dashboard)
    limit = time.monotonic() + PATIENCE_S
    while waiting and time.monotonic() < limit:
        time.sleep(0.3)
        waiting = [expression for expression in waiting if not query(url, expression)]
    return waiting


def rules(url):
    limit = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit:
        groups = json.loads(get(f"{url}/api/v1/rules"))["data"]["groups"]
        found = [rule for group in groups for rule in group["rules"]]
        if found and all(rule["health"] != "unknown" for rule in found):
            break
        time.sleep(0.3)
    assert found, "no rules are loaded"
    return [f"{rule['name']}: {rule['health']} {rule.get('lastError', '')}" for rule in found if rule["health"] != "ok"]


def summary(url, alert):
    limit = time.monotonic() + PATIENCE_S
    while time.monotonic() < limit:
        for found in json.loads(get(f"{url}/api/v1/alerts"))["data"]["alerts"]:
            if found["labels"]["alertname"] == alert and found["state"] == "firing":
                return found["annotations"]["summary"]
        time.sleep(0.3)
    sys.exit(f"{alert} does not fire")


def layout(file):
    with open(file, encoding="utf-8") as text:
        panels = list(panels_of(json.load(text)))
    seen, taken = set(), {}
    for panel in panels:
        title, place = panel["title"], panel["gridPos"]
        if panel["id"] in seen:
            yield f"{title}: its id is used twice"
        seen.add(panel["id"])
        if panel["type"] != "row" and not (panel["description"] and panel["targets"]):
            yield f"{title}: no description, or nothing to show"
        if place["x"] + place["w"] > 24:
            yield f"{title}: wider than the page"
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if (x, y) in taken:
                    yield f"{title}: over {taken[x, y]}"
                taken[x, y] = title


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main(command, *arguments):
    answers = {"free-port": free_port, "get": get, "summary": summary}
    findings = {"unknown": unknown, "empty": empty, "rules": rules, "layout": layout}
    if command in answers:
        print(answers[command](*arguments))
        return 0
    found = list(findings[command](*arguments))
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

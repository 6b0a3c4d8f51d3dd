#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lists every rule, reason code and attack that no case is about. Exit code: 0 nothing lacks, 1 something does.

Usage: coverage.py [--table]

  rules.txt      every rule: covered by a case whose `covers:` names it or a rule below it, or by a line of elsewhere.txt
  reasons.txt    every reason code: covered by a case that names it and expects it, and nothing else in its place
  attacks.txt    every attack, and the cases that mount it
  elsewhere.txt  rules that the four commands cannot show: where they are tested instead

  --table        print each rule and reason with the number of its cases, and where else it is tested"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import cases as suite

EXPECTED_ATTACK = "I"  # in `covers:` it says that the case is an attack; which one, attacks.txt says
OUTSIDE = "publisher"  # in elsewhere.txt: a duty of those who make the files, not of a client


def lines_of(name):
    for number, line in enumerate((HERE / name).read_text().splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def parent_covers(rule, named):
    """A rule with children is covered by any of them: C5 by C5.1, G5.6 by itself alone."""
    return any(n == rule or n.startswith(rule + ".") for n in named)


def expected_by(case):
    """What the steps of a case expect, as sets of alternatives: {"MALFORMED", "NOT_CANONICAL"} where either will do."""
    for step in case.steps:
        texts = [rest for _, rest in step["expect"]] + list(step["named"].values())
        votes = [vote for text in texts for vote in suite.listed(suite.words(text)[1].get("votes"))]
        yield from ({"COUNTED"} for vote in votes if ":" not in vote)
        for text in texts:
            yield from (set(found.split("|")) for found in re.findall(r"\b[A-Z]+(?:_[A-Z]+)*(?:\|[A-Z]+(?:_[A-Z]+)*)*", text))
        if ("exit", "3") in step["expect"]:
            yield {"CLOCK_BACK"}
        if step["kind"] == "dump" and step["named"].get("exit") == "3" or step["named"].get("is") == "unreadable":
            yield {"STORE_UNREADABLE"}


def where_else(problems):
    """{rule: (place, note)} of elsewhere.txt; a place inside the project has to exist where the project is at hand."""
    project = HERE.parent
    out = {}
    for number, line in lines_of("elsewhere.txt"):
        rule, place, note = (line.split(None, 2) + ["", ""])[:3]
        if not note:
            problems.append(f"elsewhere.txt:{number}: rule, place and note are wanted")
        if place != OUTSIDE and (project / "meson.build").exists() and not (project / place).exists():
            problems.append(f"elsewhere.txt:{number}: there is no {place}")
        if rule in out:
            problems.append(f"elsewhere.txt:{number}: rule {rule} again")
        out[rule] = place, note
    return out


def check_attacks(names, problems):
    count = 0
    for number, line in lines_of("attacks.txt"):
        attack, colon, mounted = line.partition(": ")
        if not colon or not mounted.split():
            problems.append(f"attack without a case: {attack}")
        for case in mounted.split():
            if case not in names:
                problems.append(f"attacks.txt:{number}: there is no case {case}")
        count += 1
    return count


def main():
    if sys.argv[1:] not in ([], ["--table"]):
        print(__doc__, file=sys.stderr)
        return 2
    problems = []
    cases = suite.load(HERE / "cases")
    rules = dict(line.split(None, 1) for _, line in lines_of("rules.txt"))
    reasons = sorted({code for _, line in lines_of("reasons.txt") for code in line.partition(":")[2].split()})
    by_rule, by_reason = {}, {}
    for case in cases:
        if not case.covers:
            problems.append(f"case {case.name} ({case.source}) covers nothing")
        expected = list(expected_by(case))
        for word in case.covers:
            if word in rules:
                by_rule.setdefault(word, []).append(case.name)
            elif word in reasons:
                if {word} in expected:
                    by_reason.setdefault(word, []).append(case.name)
                elif not any(word in alternatives for alternatives in expected):
                    problems.append(f"case {case.name} ({case.source}) says that it covers {word}, and expects it nowhere")
            elif word != EXPECTED_ATTACK:
                problems.append(f"case {case.name} ({case.source}) covers {word}, which is no rule and no reason")
    elsewhere = where_else(problems)
    for rule in elsewhere:
        if rule not in rules:
            problems.append(f"elsewhere.txt: {rule} is no rule")
    for rule, text in rules.items():
        if not parent_covers(rule, by_rule) and not parent_covers(rule, elsewhere):
            problems.append(f"rule without a case: {rule}  {text}")
    for reason in reasons:
        if reason not in by_reason:
            problems.append(f"reason without a case: {reason}")
    attacks = check_attacks({case.name for case in cases}, problems)
    if sys.argv[1:]:
        for rule, text in rules.items():
            print(f"{rule:<5} {sum(parent_covers(rule, [n]) * len(c) for n, c in by_rule.items()):>4}  {elsewhere.get(rule, [''])[0] or text}")
        for reason in reasons:
            print(f"{reason:<26} {len(by_reason.get(reason, []))}")
    for problem in problems:
        print(problem)
    print(f"{len(cases)} cases, {len(rules)} rules, {len(reasons)} reasons, {attacks} attacks; {len(problems)} without a case or wrong")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

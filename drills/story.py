# SPDX-License-Identifier: Apache-2.0
"""What is told while a drill runs, and what is kept of it for the report (docs: the JSON of a drill)."""

import datetime
import json
import sys
import time


def utc(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Story:
    def __init__(self, drill, title, seed, fleet, version, steps, quiet=False):
        self.begun = time.time()
        self.quiet = quiet
        self.steps, self.done = steps, 0
        self.terminal = sys.stderr.isatty() and not quiet
        self.json = {"drill": drill, "title": title, "version": version, "seed": seed, "fleet": fleet,
                     "started": utc(self.begun), "days": [], "figures": {}}
        self.day = None
        self.day_begun = 0.0

    # ---- told as it happens ----

    def line(self, text):
        if self.quiet:
            return
        if self.terminal:
            sys.stderr.write("\r\033[K")
        sys.stderr.write(text + "\n")
        self.bar()

    def bar(self):
        if not self.terminal:
            return
        width = 40
        full = min(width, self.done * width // max(1, self.steps))
        sys.stderr.write(f"\r\033[K[{'#' * full}{'.' * (width - full)}] {time.time() - self.begun:5.0f} s ")
        sys.stderr.flush()

    def tell(self, text):
        """One step of the story."""
        self.done += 1
        self.line(f"  {time.time() - self.begun:5.1f} s  {text}")
        if self.day is not None:
            self.day["story"].append(text)

    # ---- days ----

    def begin_day(self, number, title, when, round_number=1):
        self.day = {"day": number, "round": round_number, "title": title, "when": utc(when), "story": [], "picture": {},
                    "ballots": [], "matrix": {}, "attacks": [], "deadlines": [], "checks": [], "figures": {}}
        self.day_begun = time.time()
        self.json["days"].append(self.day)
        self.line(f"Day {number}{f', round {round_number}' if round_number > 1 else ''}: {title}")

    def end_day(self):
        self.day["seconds"] = round(time.time() - self.day_begun, 1)
        wrong = [check for check in self.day["checks"] if not check["ok"]]
        self.line(f"  {len(self.day['checks'])} checks, {len(wrong)} not as expected")
        for check in wrong:
            self.line(f"  NOT AS EXPECTED: {check['what']}: expected {check['expected']}, found {check['found']}")

    def check(self, what, expected, found):
        """Expected against found; a difference makes the drill red."""
        self.day["checks"].append({"what": what, "expected": text_of(expected), "found": text_of(found),
                                   "ok": expected == found})

    def attack(self, who, what, reason, text, effect="none"):
        self.day["attacks"].append({"who": who, "what": what, "reason": reason, "text": text, "effect": effect})
        self.tell(f"Attack: {who} {what}. In vain: {text}" if effect == "none" else f"Attack: {who} {what}. IT WORKED: {effect}")

    def deadline(self, who, what, due, met):
        self.day["deadlines"].append({"who": who, "what": what, "due": utc(due), "met": utc(met) if met is not None else None,
                                      "ok": met is not None and met <= due})

    def failed(self):
        return sum(not check["ok"] for day in self.json["days"] for check in day["checks"])

    def end(self):
        if self.terminal:
            sys.stderr.write("\r\033[K")
        self.json["seconds"] = round(time.time() - self.begun, 1)
        self.json["result"] = "green" if self.failed() == 0 else "red"
        return self.json


def text_of(value):
    """A value of a check, for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {text_of(inner)}" for key, inner in sorted(value.items())) or "none"
    if isinstance(value, list):
        return ", ".join(map(text_of, value)) or "none"
    return str(value)

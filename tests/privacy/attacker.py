# SPDX-License-Identifier: Apache-2.0
"""A thief with a component's files and log, who knows the truth and asks: could I have learnt it from these?

He reads every file of a home byte by byte, with the pages of databases that nobody uses any more and their logs; every column
of every table, whatever the schema is; and every line of the log. He tries to join by

    equality   something stands there that the role may not hold; or rows that have the same value, or the same bytes anywhere
               in a value, are of one vehicle
    order      rows that follow each other are of one vehicle: as they stand in table, file and log, or sorted by a column or by
               any bytes of one; what the RA keeps has the order of what the certificates say
    timestamp  the same by times, also those within other values, and by rows of nearly the same time
    row id     the same by the numbers that the database gives

Of certificates dealt out to vehicles by chance, two that follow each other are of one vehicle with a known probability. A try
succeeds where so many are that chance gives as many with a probability below LIMIT.
"""

import datetime
import json
import math
import pathlib
import random
import shutil
import sqlite3
import tempfile
from collections import defaultdict, namedtuple

from roles import ROLES
from truth import SINCE_2004

LIMIT = 1e-9
FEWEST = 16  # rows of vehicles of which a join is tried
WINDOW = 8  # bytes by which rows are sorted
TOKEN = 6  # bytes that rows have in common
MOST = 2000  # rows: of more these are drawn by chance
RANK = 5.5  # standard deviations of a rank correlation

CHANNELS = ("equality", "order", "timestamp", "row id")
SECOND = 1000000

Finding = namedtuple("Finding", "component channel place text")
Row = namedtuple("Row", "columns rowid")


class Component:
    """What a thief gets of one component: name, role, folder, and its lines of the log."""

    def __init__(self, name, role, home, lines=()):
        self.name, self.kind, self.role, self.home, self.lines = name, role, ROLES[role], pathlib.Path(home), list(lines)
        self.steady = True  # it has been started once, so that the log has no line more often for that

    def copy(self, home, lines):
        other = Component(self.name, self.kind, home, lines)
        other.role, other.steady = self.role, self.steady
        return other

    def files(self):
        for path in sorted(self.home.rglob("*")):
            if path.is_file() and not path.name.endswith("-shm"):
                yield str(path.relative_to(self.home)), path.read_bytes()

    def tables(self):
        """Name -> rows in the order in which they stand there, of each table of each database."""
        for path in sorted(self.home.rglob("*.sqlite")):
            with tempfile.TemporaryDirectory(prefix="scms-thief-") as folder:
                for end in ("", "-wal"):
                    if path.with_name(path.name + end).exists():
                        shutil.copy(path.with_name(path.name + end), folder)
                db = sqlite3.connect(pathlib.Path(folder) / path.name)
                names = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
                for name in names:
                    yield name, self._rows(db, name)
                db.close()

    @staticmethod
    def _rows(db, table):
        columns = [row[1] for row in db.execute(f'PRAGMA table_info("{table}")')]
        try:
            found = db.execute(f'SELECT rowid, * FROM "{table}" NOT INDEXED').fetchall()
        except sqlite3.OperationalError:  # it has none
            return [Row(dict(zip(columns, row)), None) for row in db.execute(f'SELECT * FROM "{table}" NOT INDEXED')]
        return [Row(dict(zip(columns, row[1:])), row[0]) for row in found]

    def log(self):
        """Lines as rows, by event."""
        events = defaultdict(list)
        for line in self.lines:
            columns = flat(line)
            try:
                moment = datetime.datetime.fromisoformat(line.get("time", "").replace("Z", "+00:00"))
                columns["time"] = int(moment.timestamp() * SECOND)
            except ValueError:
                pass
            events[f"log: {line.get('event')}"].append(Row(columns, None))
        return events.items()


def flat(value, name=""):
    if isinstance(value, dict):
        return {key: one for k, v in value.items() for key, one in flat(v, f"{name}.{k}" if name else k).items()}
    if isinstance(value, list):
        return {key: one for k, v in enumerate(value) for key, one in flat(v, f"{name}.{k}").items()}
    return {name: value}


def read_log(path):
    """Component -> its lines. What is no JSON is nobody's, and everybody's."""
    lines = defaultdict(list)
    for line in pathlib.Path(path).read_text(errors="replace").splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            value = {"event": "line", "text": line}
        lines[value.get("component")].append(value)
    return lines


# ---- what chance gives ----

def tail(n, k, p):
    """Probability of at least k of n."""
    if k <= n * p:
        return 1.0
    terms = [math.lgamma(n + 1) - math.lgamma(x + 1) - math.lgamma(n - x + 1) + x * math.log(p) + (n - x) * math.log1p(-p)
             for x in range(k, min(n, k + 400) + 1)]
    return min(1.0, sum(map(math.exp, terms)))


class Labels:
    """Rows of a table with the vehicle that each is of."""

    def __init__(self, vehicles):
        self.vehicles, n = vehicles, len(vehicles)
        counts = defaultdict(int)
        for vehicle in vehicles:
            counts[vehicle] += 1
        self.chance = sum(c * (c - 1) for c in counts.values()) / (n * (n - 1)) if n > 1 else 1.0
        self.ties = list(range(n))
        random.Random(n).shuffle(self.ties)

    def usable(self):
        return len(self.vehicles) >= FEWEST and 0 < self.chance < 0.7

    def tell(self, pairs):
        """Do these pairs of rows tell more of one vehicle than chance would?"""
        pairs = list(pairs)
        same = sum(self.vehicles[a] == self.vehicles[b] for a, b in pairs)
        return bool(pairs) and tail(len(pairs), same, self.chance) < LIMIT

    def ordered(self, keys):
        return sorted(self.ties, key=keys.__getitem__)

    def order_tells(self, keys):
        order = self.ordered(keys)
        return self.tell(zip(order, order[1:]))

    def equality_tells(self, keys):
        order = self.ordered(keys)
        distinct = len(set(keys))
        return 1 < distinct < len(keys) and self.tell((a, b) for a, b in zip(order, order[1:]) if keys[a] == keys[b])

    def nearness_tells(self, keys):
        order = self.ordered(keys)
        gaps = sorted(keys[b] - keys[a] for a, b in zip(order, order[1:]))
        return self.tell((a, b) for a, b in zip(order, order[1:]) if keys[b] - keys[a] < gaps[len(gaps) // 2])


# ---- attacks ----

class Attack:
    def __init__(self, component, truth):
        self.component, self.truth, self.found = component, truth, {}
        self.seen = set()  # kinds

    def say(self, channel, place, text):
        self.found.setdefault((channel, place), Finding(self.component.name, channel, place, text))

    def run(self):
        for place, rows in self.component.tables():
            self.rows(place, rows, self.component.role.holds)
        for place, rows in self.component.log():
            self.rows(place, rows, set())
        for place, data in self.component.files():
            self.file(place, data)
        return list(self.found.values())

    def forbidden(self, place, things, holds):
        kinds = {thing.kind for _, thing in things}
        self.seen |= kinds
        for kind in kinds - holds:
            self.say("equality", place, f"{kind} of a vehicle")

    def is_time(self, value):
        """Could it be a time of this run: in any unit, since any year that is usual?"""
        first, last = min(self.truth.sent), max(self.truth.sent) + 3600 * SECOND
        return any((first - 60 * SECOND) <= value * unit + since * SECOND <= last for unit in (1, 1000, SECOND) for since in (0, SINCE_2004))

    def rows(self, place, rows, holds):
        known = defaultdict(list)  # column, or None where all agree -> (row, vehicle, its certificate)
        for row in rows:
            whose = {}
            for column, value in row.columns.items():
                found = self.truth.find_value(value)
                self.forbidden(f"{place}.{column}", found, holds)
                if found:
                    whose[column] = {thing[1:] for _, thing in found}
            together = set().union(*whose.values())
            if len({vehicle for vehicle, _ in together}) == 1:
                whose = {None: together}
            for column, of in whose.items():
                vehicles, certificates = {vehicle for vehicle, _ in of}, {number for _, number in of if number is not None}
                if len(vehicles) == 1:
                    known[column].append((row, vehicles.pop(), certificates.pop() if len(certificates) == 1 else None))
        for found in known.values():
            kept, vehicles, numbers = zip(*sample(found))
            labels = Labels(vehicles)
            if not self.component.role.joins and labels.usable():
                self.join(place, kept, labels)
            if len(kept) >= FEWEST and None not in numbers and "value" not in holds:
                self.rank(place, kept, numbers)
        if "hpcr" not in self.component.role.holds and (self.component.steady or not place.startswith("log")):
            self.line_up(place, rows)

    def named(self, rows):
        """(channel, place, keys) of whatever rows can be sorted by; blobs by what stands at each place of them."""
        if all(row.rowid is not None for row in rows):
            yield "row id", "rowid", [row.rowid for row in rows]
        else:
            yield "order", "as they stand", list(range(len(rows)))
        for column in rows[0].columns:
            values = [row.columns.get(column) for row in rows]
            if all(isinstance(value, int) for value in values):
                yield "timestamp" if all(map(self.is_time, values)) else "order", column, values
            elif all(isinstance(value, (str, bytes)) for value in values):
                values = [value.encode() if isinstance(value, str) else value for value in values]
                yield "order", column, values
                yield "order", f"{column}, length", [len(value) for value in values]
                yield from self.windows(column, values)

    def windows(self, column, values):
        for at in range(min(map(len, values))):
            for keys in ([value[at:at + WINDOW] for value in values], [value[len(value) - 1 - at:len(value) - 1 - at + WINDOW] for value in values]):
                if len(set(keys)) > 1:
                    time = all(len(key) == WINDOW and self.is_time(int.from_bytes(key, "big")) for key in keys)
                    yield ("timestamp", f"{column}, within", [int.from_bytes(key, "big") for key in keys]) if time else ("order", f"{column}, within", keys)

    def join(self, place, rows, labels):
        for channel, name, keys in self.named(rows):
            if labels.order_tells(keys):
                self.say(channel, f"{place}.{name}", "in this order vehicles stand together")
            if labels.equality_tells(keys):
                self.say("equality", f"{place}.{name}", "the same for one vehicle")
            if channel == "timestamp" and labels.nearness_tells(keys):
                self.say(channel, f"{place}.{name}", "at nearly the same time are rows of one vehicle")
        for column in rows[0].columns:
            self.tokens(f"{place}.{column}", [row.columns.get(column) for row in rows], labels)

    def tokens(self, place, values, labels):
        """The same few bytes anywhere in a value, where most values do not have them."""
        rows_of = defaultdict(list)
        for row in labels.ties:
            value = values[row]
            value = value.encode() if isinstance(value, str) else value
            if isinstance(value, bytes):
                for token in {value[at:at + TOKEN] for at in range(len(value) - TOKEN + 1)}:
                    rows_of[token].append(row)
        pairs = {pair for rows in rows_of.values() if 1 < len(rows) <= len(values) // 3 for pair in zip(rows, rows[1:])}
        if labels.tell(pairs):
            self.say("equality", place, "has in common what is of one vehicle")

    def line_up(self, place, rows):
        """Who may keep nothing of vehicles, or of certificates, has no row for each either: the first would be the first's."""
        count, certificates = len(rows), len(self.truth.vehicle_of)
        if count < 4 or (count != certificates and (self.component.role.holds or count != self.truth.vehicles)):
            return
        for channel, name, keys in self.named(rows):
            if channel == "row id" or name == "as they stand":
                self.say(channel, f"{place}.{name}", "a row for each vehicle or certificate")
            elif channel == "timestamp" and len(set(keys)) > count // 2:
                self.say(channel, f"{place}.{name}", "a time for each vehicle or certificate")

    def rank(self, place, rows, numbers):
        """Does what is kept have the order of what the certificates say, though they are not there?"""
        for what, part in (("linkage values", 0), ("hashes", 1)):
            said = ranks([self.truth.certificate[number][part] for number in numbers])
            for channel, name, keys in self.named(rows):
                if ", within" not in name and len(set(keys)) > 2 and correlation(ranks(keys), said) * math.sqrt(len(rows) - 1) > RANK:
                    self.say(channel, f"{place}.{name}", f"has the order of the certificates' {what}")

    def file(self, place, data):
        found = self.truth.find(data)
        self.forbidden(place, found, self.component.role.holds)
        if self.component.role.joins:
            return
        at = defaultdict(dict)
        for offset, thing in sorted(found, key=lambda one: one[0]):
            if thing.certificate is not None:
                at[thing.kind, "first"].setdefault(thing.certificate, offset)
                at[thing.kind, "last"][thing.certificate] = offset
        for (kind, which), offsets in at.items():
            labels = Labels([self.truth.vehicle_of[number] for number in offsets])
            if labels.usable() and labels.order_tells(list(offsets.values())):
                self.say("order", place, f"{which} places of {kind} in the file")


def sample(rows):
    """In their order."""
    return rows if len(rows) <= MOST else [rows[k] for k in sorted(random.Random(MOST).sample(range(len(rows)), MOST))]


def ranks(keys):
    order = {key: place for place, key in enumerate(sorted(set(keys)))}
    return [order[key] for key in keys]


def correlation(a, b):
    n = len(a)
    mean_a, mean_b = sum(a) / n, sum(b) / n
    above = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    below = math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))
    return abs(above / below) if below > 0 else 0.0


def attack(components, truth):
    return [finding for component in components for finding in Attack(component, truth).run()]

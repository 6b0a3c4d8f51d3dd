# SPDX-License-Identifier: Apache-2.0
"""Leaks put into copies of what a component kept: of every kind that its role may not hold, in every form, and of every channel.

A plan is (channel by which it must be found, what it does, the change). A change gets the database, the name of a table that it
may make, the truth, a source of chance, and a list of lines that the log gets more. It must be found where that name stands.
"""

import base64
import json
import pathlib
import random
import shutil
import sqlite3
import tempfile

from attacker import CHANNELS, Attack
from roles import KINDS, ROLES

SECOND = 1000000


def things(truth, kind):
    """[(certificate or None, vehicle, value)] of a kind."""
    return [(number, vehicle, value) for (of, number, vehicle), values in truth.values.items() if of == kind for value in values[:1]]


# ---- something stands there ----

def as_bytes(value, chance):
    return value


def as_hex(value, chance):
    return value.hex().upper()


def as_base64(value, chance):
    return json.dumps({"who": ["x", base64.urlsafe_b64encode(b"." * chance.randrange(3) + value).decode()]})


def inside(value, chance):
    return chance.randbytes(chance.randrange(40)) + value + chance.randbytes(chance.randrange(40))


def in_table(kind, form):
    def change(db, table, truth, chance, lines):
        db.execute(f"CREATE TABLE {table} (n INTEGER PRIMARY KEY, what)")
        db.execute(f"INSERT INTO {table} VALUES (7, ?)", (form(chance.choice(things(truth, kind))[2], chance),))
    return "equality", f"{kind}, {form.__name__.replace('_', ' ')}", change


def deleted(role):
    """Something that it may not hold, in a table that is there no more: the bytes still are."""
    def change(db, table, truth, chance, lines):
        kind = next(kind for kind in KINDS[2:] if things(truth, kind) and kind not in ROLES[role].holds)
        db.execute("PRAGMA secure_delete = OFF")
        db.execute(f"CREATE TABLE {table} (what)")
        db.execute(f"INSERT INTO {table} VALUES (?)", (b"".join(value for _, _, value in things(truth, kind)),))
        db.commit()
        db.execute(f"DROP TABLE {table}")
    return change


def in_log(kind):
    def change(db, table, truth, chance, lines):
        value = chance.choice(things(truth, kind))[2]
        lines.append({"event": table, "of": {"id": value.decode() if kind in ("device", "address") else value.hex()}})
    return "equality", f"{kind}, in the log", change


# ---- rows of one vehicle stand together ----

def certificates(truth, kind):
    """[(vehicle, value)], vehicle by vehicle. kind: what the role may hold of certificates."""
    return [(vehicle, value) for _, vehicle, value in sorted(things(truth, kind), key=lambda one: one[1])]


def in_order(channel, kind):
    def change(db, table, truth, chance, lines):
        rows = certificates(truth, kind)
        if channel == "order":
            db.execute(f"CREATE TABLE {table} (what BLOB PRIMARY KEY, place INTEGER) WITHOUT ROWID")
            db.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(value, 3 * place) for place, (_, value) in enumerate(rows)])
        else:
            db.execute(f"CREATE TABLE {table} (what BLOB)")
            db.executemany(f"INSERT INTO {table} VALUES (?)", [(value,) for _, value in rows])
    return channel, "vehicle after vehicle", change


def at_times(kind):
    def change(db, table, truth, chance, lines):
        rows = certificates(truth, kind)
        at = {vehicle: max(truth.sent) + chance.randrange(60 * SECOND) for vehicle, _ in rows}
        db.execute(f"CREATE TABLE {table} (what BLOB PRIMARY KEY, time INTEGER) WITHOUT ROWID")
        db.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(value, at[vehicle] + chance.randrange(SECOND // 10)) for vehicle, value in rows])
    return "timestamp", "near each other", change


def times_within(kind):
    def change(db, table, truth, chance, lines):
        rows = certificates(truth, kind)
        at = {vehicle: max(truth.sent) + chance.randrange(60 * SECOND) for vehicle, _ in rows}
        db.execute(f"CREATE TABLE {table} (what BLOB PRIMARY KEY, content BLOB) WITHOUT ROWID")
        db.executemany(f"INSERT INTO {table} VALUES (?, ?)", [
            (value, chance.randbytes(31) + (at[vehicle] + chance.randrange(SECOND // 10)).to_bytes(8, "big") + chance.randbytes(20))
            for vehicle, value in rows])
    return "timestamp", "near each other, within a value", change


def the_same(form, kind):
    def change(db, table, truth, chance, lines):
        rows = certificates(truth, kind)
        session = {vehicle: chance.randbytes(8) for vehicle, _ in rows}
        db.execute(f"CREATE TABLE {table} (what BLOB PRIMARY KEY, content BLOB) WITHOUT ROWID")
        db.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(value, form(session[vehicle], chance)) for vehicle, value in rows])
    return "equality", f"a number for each vehicle, {form.__name__.replace('_', ' ')}", change


# ---- what is kept has the order of what the certificates say ----

def ranked(channel):
    def change(db, table, truth, chance, lines):
        by_value = sorted((truth.certificate[number][0], hpcr) for number, _, hpcr in things(truth, "hpcr"))
        if channel == "row id":
            db.execute(f"CREATE TABLE {table} (what BLOB)")
            db.executemany(f"INSERT INTO {table} VALUES (?)", [(hpcr,) for _, hpcr in by_value])
        else:
            first, step = (1, 1) if channel == "order" else (max(truth.sent), 977)
            db.execute(f"CREATE TABLE {table} (what BLOB PRIMARY KEY, place INTEGER) WITHOUT ROWID")
            db.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(hpcr, first + step * place) for place, (_, hpcr) in enumerate(by_value)])
    return channel, "sorted as the linkage values are", change


# ---- a row for each ----

def a_row_each(channel, whose):
    def change(db, table, truth, chance, lines):
        count = truth.vehicles if whose == "vehicle" else len(truth.certificate)
        if channel == "order":
            db.execute(f"CREATE TABLE {table} (place INTEGER PRIMARY KEY, what INTEGER) WITHOUT ROWID")
            db.executemany(f"INSERT INTO {table} VALUES (?, 1)", [(place,) for place in range(count)])
        elif channel == "timestamp":
            db.execute(f"CREATE TABLE {table} (n BLOB PRIMARY KEY, time INTEGER) WITHOUT ROWID")
            db.executemany(f"INSERT INTO {table} VALUES (?, ?)", [(chance.randbytes(8), max(truth.sent) + 5000 * place) for place in range(count)])
        else:
            db.execute(f"CREATE TABLE {table} (what INTEGER)")
            db.executemany(f"INSERT INTO {table} VALUES (?)", [(1,)] * count)
    return channel, f"a row for each {whose}", change


def plans(role, truth):
    """What can be planted in a component of this role."""
    holds, joins, _ = ROLES[role]
    there = {kind for kind, _, _ in truth.values}
    forbidden = [kind for kind in KINDS if kind in there - holds]
    forms = (as_bytes, as_hex, as_base64, inside)
    found = [in_table(kind, forms[number % len(forms)]) for number, kind in enumerate(forbidden)]
    found += [in_log(next(kind for kind in KINDS if kind in there)), in_log("value")]
    kind = next((kind for kind in ("hpcr", "value") if kind in holds), None)
    if kind is not None and not joins:
        found += [in_order("order", kind), in_order("row id", kind), at_times(kind), times_within(kind), the_same(as_bytes, kind),
                  the_same(inside, kind)]
    elif kind is not None:
        found += [ranked(channel) for channel in CHANNELS[1:]]
    else:
        found += [a_row_each(channel, whose) for channel in CHANNELS[1:] for whose in (("vehicle", "certificate") if not holds else ("certificate",))]
    return found


def plant(component, folder, changes, truth):
    """A copy of a component in an empty folder, with leaks in it. Returns it, and for each change the name by which to know it."""
    lines, names = list(component.lines), []
    shutil.copytree(component.home, folder, dirs_exist_ok=True)
    chance = random.Random(component.name)
    db = sqlite3.connect(next(iter(sorted(folder.rglob("*.sqlite")))))
    for number, change in enumerate(changes):
        names.append(f"leak{number:02}")
        change(db, names[-1], truth, chance, lines)
        db.commit()
    db.close()
    return component.copy(folder, lines), names


def judge(components, truth, check):
    """Puts all into one copy of each component, each in a table of its own; and one that only the file's bytes have. Says how many."""
    count = 0
    for component in components:
        planned = plans(component.kind, truth)
        with tempfile.TemporaryDirectory(prefix="scms-planted-") as folder:
            leaking, names = plant(component, pathlib.Path(folder), [change for _, _, change in planned], truth)
            found = Attack(leaking, truth).run()
        for (channel, what, _), name in zip(planned, names):
            check(any(finding.channel == channel and name in finding.place for finding in found), f"{component.name}: {what}: is found by {channel}")
        with tempfile.TemporaryDirectory(prefix="scms-planted-") as folder:
            leaking, _ = plant(component, pathlib.Path(folder), [deleted(component.kind)], truth)
            found = [finding[:3] for finding in Attack(leaking, truth).run()]
        check((component.name, "equality", "db.sqlite") in found, f"{component.name}: what was deleted is found")
        count += len(planned) + 1
    return count

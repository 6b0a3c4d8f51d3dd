#!/usr/bin/env pypy3
# SPDX-License-Identifier: Apache-2.0
"""Explores small worlds exhaustively: every order of delivery, loss, replay and expiry.

Usage: worlds.py [--driver FILE] [--deeper N] [--only NAME] [--list]

In every store that is reached, every file is delivered at every instant, to the
model and (with --driver) to the library: reports and dumps must be the same. On
the way the invariants of invariants.py are checked. Two processes work side by
side. --deeper adds sessions to the depth of each world."""

import argparse
import multiprocessing
import sys
import time

import canonical
import invariants
import scenarios
from factored import Factored, Wrong
from library import NONE, Library
from rules import Rules

AHEAD = 8  # stores that the library may be ahead of the model


class Disagreement(Exception):
    pass


class Explorer:
    def __init__(self, world, driver):
        self.world, self.rules = world, Rules()
        self.model = Factored(self.rules, world.files, world.config.skew)
        self.library = Library(driver, world) if driver else None
        self.start = self.model.parts(self.rules.init(
            world.config, [e.cert for e in world.electors], [r.cert for r in world.roots],
            [c.cert for c in world.certs], [o.cert for o in world.own]))
        self.numbers = {self.start: 0}   # the library's number of each store that was reached
        self.sessions = self.exceptions = self.orders = 0

    def disagree(self, parts, number, now, place):
        store, session = self.model.store(parts), self.world.files[place].session
        new, said = self.rules.apply(store, now, session)
        raise Disagreement('%s: session "%s" at %d\n-- store before\n%s-- model\n%s%s-- library\n%s' % (
            self.world.name, self.world.files[place].name, now, canonical.dump(self.rules, store, now),
            canonical.report(session, said), canonical.dump(self.rules, new, now),
            self.library.text(number, now, place)))

    def expand(self, parts, now):
        """Every session on one store at now -> the stores not seen before."""
        fresh, model, numbers = [], self.model, self.numbers
        number = numbers[parts]
        answers = self.library.answer() if self.library else None
        for place in range(len(self.world.files)):
            new, answer = model.apply(parts, now, place)
            if answers:
                report, members, status, signed, other = answers[place]
                if (report != answer.report or members != model.members(new, now) or status != model.status(new, now)
                        or signed != model.signed_time(new)):
                    self.disagree(parts, number, now, place)
            if answer.changed and new not in numbers:
                numbers[new] = answers[place][4] if answers else NONE
                fresh.append(new)
        self.sessions += len(self.world.files)
        return fresh

    def orders_of_pairs(self, parts):
        """E2 in one store: all pairs of files, both ways round, and in one session where that can be."""
        now = self.world.instants[0]
        plain = [place for place, f in enumerate(self.world.files) if not f.session.policy and not f.session.crls]
        for k, one in enumerate(plain):
            for other in plain[k + 1:]:
                self.orders += 1
                self.exceptions += invariants.check_order(self.model, parts, now, one, other)

    def explore(self, deeper):
        layer, depth = [self.start], max(1, self.world.depth + deeper)
        for level in range(depth):
            keep = level + 1 < depth
            work = [(parts, now) for parts in layer for now in self.world.instants]
            fresh = []
            for place, (parts, now) in enumerate(work):
                if self.library:
                    for ahead in work[place:place + AHEAD] if place == 0 else work[place + AHEAD - 1:place + AHEAD]:
                        self.library.ask(self.numbers[ahead[0]], ahead[1], keep)
                fresh += self.expand(parts, now)
                if level < self.world.pairs and now == self.world.instants[0]:
                    self.orders_of_pairs(parts)
            if self.library:
                for parts in layer:
                    self.library.forget(self.numbers[parts])
            layer = fresh
            if not layer:
                break
        self.world.check(self.model, self.numbers)
        if self.library and self.library.close():
            raise Disagreement('the driver failed')


def run(job):
    """One world in a process of its own -> what was found."""
    name, driver, deeper = job
    begin = time.time()
    explorer = Explorer(scenarios.world(name), driver)
    try:
        explorer.explore(deeper)
        failure = None
    except (Disagreement, Wrong, invariants.Broken, EOFError, OSError) as error:
        failure = '%s: %s' % (name, error)
    return name, len(explorer.numbers), explorer.sessions, explorer.orders, explorer.exceptions, failure, \
        time.time() - begin


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--driver')
    parser.add_argument('--deeper', type=int, default=0)
    parser.add_argument('--only', action='append')
    parser.add_argument('--least', type=int, default=0, help='fail with fewer distinct stores than this')
    parser.add_argument('--processes', type=int, default=2)
    options = parser.parse_args()

    names = options.only or list(scenarios.ALL)
    stores = sessions = failures = 0
    begin = time.time()
    with multiprocessing.Pool(options.processes, maxtasksperchild=1) as pool:
        jobs = [(name, options.driver, options.deeper) for name in names]
        for name, found, judged, orders, exceptions, failure, seconds in pool.imap_unordered(run, jobs, 1):
            stores, sessions = stores + found, sessions + judged
            print('%-16s %9d stores %10d sessions %8d pairs in both orders, %d excepted %6.1f s' % (
                name, found, judged, orders, exceptions, seconds), flush=True)
            if failure:
                failures += 1
                print(failure, flush=True)
    # The worlds share no certificate, so no store is in two of them.
    print('%d distinct stores, %d sessions, %.1f s; library %s' % (
        stores, sessions, time.time() - begin,
        'not asked' if not options.driver else 'disagrees' if failures else 'agrees in all'))
    if stores < options.least:
        print('fewer than the %d stores wanted' % options.least)
        failures += 1
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())

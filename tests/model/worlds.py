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
from library import NONE, Library
from rules import Rules

AHEAD = 8  # stores that the library may be ahead of the model


class Disagreement(Exception):
    pass


class Explorer:
    def __init__(self, world, driver):
        self.world, self.rules = world, Rules()
        self.library = Library(driver, world) if driver else None
        self.start = self.rules.init(world.config, [e.cert for e in world.electors], [r.cert for r in world.roots],
                                     [c.cert for c in world.certs], [o.cert for o in world.own])
        self.numbers = {self.start: 0}   # the library's number of each store that was reached
        self.dumps, self.reports = {}, [{} for _ in world.files]
        self.sessions = self.exceptions = self.orders = 0

    def dump(self, store, now):
        known = self.dumps.get((store, now))
        if known is None:
            known = self.dumps[store, now] = canonical.digest(canonical.dump(self.rules, store, now))
        return known

    def report(self, place, said):
        known = self.reports[place].get(said)
        if known is None:
            text = canonical.report(self.world.files[place].session, said)
            known = self.reports[place][said] = canonical.digest(text)
        return known

    def disagree(self, store, number, now, place):
        session = self.world.files[place].session
        new, said = self.rules.apply(store, now, session)
        raise Disagreement('%s: session "%s" at %d\n-- store before\n%s-- model\n%s%s-- library\n%s' % (
            self.world.name, self.world.files[place].name, now, canonical.dump(self.rules, store, now),
            canonical.report(session, said), canonical.dump(self.rules, new, now),
            self.library.text(number, now, place)))

    def expand(self, store, now, keep):
        """Every session on one store at now -> the stores not seen before."""
        fresh = []
        number = self.numbers[store]
        answers = self.library.answer() if self.library else None
        for place, files in enumerate(self.world.files):
            new, said = self.rules.apply(store, now, files.session)
            self.sessions += 1
            if answers:
                report, dump, other = answers[place]
                if report != self.report(place, said) or dump != self.dump(new, now):
                    self.disagree(store, number, now, place)
            if new is store or new in self.numbers:
                continue
            self.numbers[new] = answers[place][2] if answers else NONE
            invariants.check_step(self.rules, store, new, now, files.session)
            fresh.append(new)
        return fresh

    def orders_of_pairs(self, store):
        """E2 in one store: all pairs of files, both ways round."""
        now = self.world.instants[0]
        plain = [f.session for f in self.world.files if not f.session.policy and not f.session.crls]
        for k, one in enumerate(plain):
            for other in plain[k + 1:]:
                self.orders += 1
                self.exceptions += invariants.check_order(self.rules, store, now, [one, other])

    def explore(self, deeper):
        layer, depth = [self.start], self.world.depth + deeper
        for level in range(depth):
            keep = level + 1 < depth
            work = [(store, now) for store in layer for now in self.world.instants]
            fresh = []
            for place, (store, now) in enumerate(work):
                if self.library:
                    for ahead in work[place:place + AHEAD] if place == 0 else work[place + AHEAD - 1:place + AHEAD]:
                        self.library.ask(self.numbers[ahead[0]], ahead[1], keep)
                fresh += self.expand(store, now, keep)
                if level < self.world.pairs and now == self.world.instants[0]:
                    self.orders_of_pairs(store)
            if self.library:
                for store in layer:
                    self.library.forget(self.numbers[store])
            self.dumps.clear()
            layer = fresh
            if not layer:
                break
        self.world.check(self.rules, self.numbers)
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
    except (Disagreement, invariants.Broken, EOFError) as error:
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

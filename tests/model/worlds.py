#!/usr/bin/env pypy3
# SPDX-License-Identifier: Apache-2.0
"""Explores small worlds exhaustively: every order of delivery, loss, replay and expiry.

Usage: worlds.py [--driver FILE] [--deeper N] [--only NAME] [--list]

In every store that is reached, every file is delivered at every instant, to the
model and (with --driver) to the library: reports and dumps must be the same. On
the way the invariants of invariants.py are checked. Two processes work side by
side. --deeper adds sessions to the depth of each world, and looks at the order
of files (E2) in more stores."""

import argparse
import multiprocessing
import resource
import sys
import time

import canonical
import invariants
import scenarios
from factored import Factored, Numbers, Wrong
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
        self.times = Numbers(14)
        self.numbers = {self.pack(self.start): 0}   # the library's number of each store that was reached
        self.sessions = self.exceptions = self.orders = 0

    def pack(self, parts):
        """A store as one number: a dictionary holds a million of these well."""
        return parts[0] | parts[1] << 12 | self.times(parts[2]) << 28 | parts[3] << 42

    def unpack(self, store):
        return store & 0xfff, store >> 12 & 0xffff, self.times.values[store >> 28 & 0x3fff], store >> 42

    def disagree(self, parts, number, now, place):
        store, session = self.model.store(parts), self.world.files[place].session
        new, said = self.rules.apply(store, now, session)
        raise Disagreement('%s: session "%s" at %d\n-- store before\n%s-- model\n%s%s-- library\n%s' % (
            self.world.name, self.world.files[place].name, now, canonical.dump(self.rules, store, now),
            canonical.report(session, said), canonical.dump(self.rules, new, now),
            self.library.text(number, now, place)))

    def expand(self, store, now):
        """Every session on one store at now -> the stores not seen before."""
        fresh, model, numbers = [], self.model, self.numbers
        parts = self.unpack(store)
        spot = model.spot(parts, now)
        members, status, signed = model.members(parts, now), model.status(parts, now), model.signed_time(parts)
        answers = self.library.answer() if self.library else None
        for place in range(len(self.world.files)):
            new, answer = model.apply_at(spot, place)
            if not answer.changed:
                if answers:
                    said = answers[place]
                    if said[0] != answer.report or said[1] != members or said[2] != status or said[3] != signed:
                        self.disagree(parts, numbers[store], now, place)
                continue
            if answers:
                said = answers[place]
                if (said[0] != answer.report or said[1] != model.members(new, now) or said[2] != model.status(new, now)
                        or said[3] != model.signed_time(new)):
                    self.disagree(parts, numbers[store], now, place)
            new = self.pack(new)
            if new not in numbers:
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
        layer, depth = [self.pack(self.start)], max(1, self.world.depth + deeper)
        pairs = self.world.pairs if deeper > 0 else 1
        for level in range(depth):
            keep = level + 1 < depth
            work = [(store, now) for store in layer for now in self.world.instants]
            fresh = []
            for place, (store, now) in enumerate(work):
                if self.library:
                    for ahead in work[place:place + AHEAD] if place == 0 else work[place + AHEAD - 1:place + AHEAD]:
                        self.library.ask(self.numbers[ahead[0]], ahead[1], keep)
                fresh += self.expand(store, now)
                if level < pairs and now == self.world.instants[0]:
                    self.orders_of_pairs(self.unpack(store))
            if self.library:
                for store in layer:
                    self.library.forget(self.numbers[store])
            layer = fresh
            if not layer:
                break
        self.world.check(self.model, map(self.unpack, self.numbers))
        if self.library and self.library.close():
            raise Disagreement('the driver failed')


def run(job):
    """One world -> what was found, and the seconds of processor time that it took, the library's among them."""
    name, driver, deeper = job
    begin = processor_time()
    explorer = Explorer(scenarios.world(name), driver)
    try:
        explorer.explore(deeper)
        failure = None
    except (Disagreement, Wrong, invariants.Broken, EOFError, OSError) as error:
        failure = '%s: %s' % (name, error)
    return name, len(explorer.numbers), explorer.sessions, explorer.orders, explorer.exceptions, failure, \
        processor_time() - begin


def processor_time():
    return sum(usage.ru_utime + usage.ru_stime
               for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--driver')
    parser.add_argument('--deeper', type=int, default=0)
    parser.add_argument('--only', action='append')
    parser.add_argument('--least', type=int, default=0, help='fail with fewer distinct stores than this')
    parser.add_argument('--processes', type=int, default=2)
    options = parser.parse_args()

    names = options.only or list(scenarios.ALL)
    stores = sessions = failures = spent = 0
    begin = time.time()
    with multiprocessing.Pool(options.processes) as pool:
        jobs = [(name, options.driver, options.deeper) for name in names]
        for name, found, judged, orders, exceptions, failure, seconds in pool.imap_unordered(run, jobs, 1):
            stores, sessions, spent = stores + found, sessions + judged, spent + seconds
            print('%-16s %9d stores %10d sessions %8d pairs in both orders, %d excepted %6.1f s' % (
                name, found, judged, orders, exceptions, seconds), flush=True)
            if failure:
                failures += 1
                print(failure, flush=True)
    # The worlds share no certificate, so no store is in two of them.
    print('%d distinct stores, %d sessions, %.1f s, of processors %.1f s; library %s' % (
        stores, sessions, time.time() - begin, spent,
        'not asked' if not options.driver else 'disagrees' if failures else 'agrees in all'))
    if stores < options.least:
        print('fewer than the %d stores wanted' % options.least)
        failures += 1
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())

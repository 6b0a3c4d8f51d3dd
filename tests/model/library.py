# SPDX-License-Identifier: Apache-2.0
"""The library at the other end of a pipe (driver.c): one world, stores by number, many sessions per request."""

import struct
import subprocess

from records import SECOND

NONE = 0xffffffff
ANSWER = struct.Struct('<qqqqI')


def slice_(data):
    return struct.pack('<I', NONE) if data is None else struct.pack('<I', len(data)) + data


def slices(items):
    return struct.pack('<I', len(items)) + b''.join(slice_(item) for item in items)


class Library:
    def __init__(self, driver, world):
        self.process = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.count = len(world.files)
        self.pending = 0  # answers that were asked for and not read
        config = world.config
        limits = [0] * 12
        limits[:3] = config.max_electors, config.max_roots, config.max_tombstones
        limits[9] = config.max_votes
        self.process.stdin.write(
            struct.pack('<12IQ3B2I', *limits, config.now, config.quorum, config.floor, config.ceiling,
                        config.skew // SECOND, config.tolerance // SECOND)
            + slices([e.raw for e in world.electors]) + slices([r.raw for r in world.roots])
            + slices([o.raw for o in world.own]) + slices([c.raw for c in world.certs])
            + struct.pack('<I', self.count)
            + b''.join(b''.join(map(slice_, f.parts)) + slices(f.own) + slices(f.certs) for f in world.files))

    def ask(self, number, now, keep):
        """Asks for all sessions on one store at now; the answer may be awaited while other things are done."""
        self.process.stdin.write(struct.pack('<cIQB', b'E', number, now, keep))
        self.process.stdin.flush()
        self.pending += 1

    def answer(self):
        """[(digests of the report, of members and of status, signed time, number of the new store or NONE), ...]"""
        data = self.process.stdout.read(ANSWER.size * self.count)
        if len(data) != ANSWER.size * self.count:
            raise EOFError('the driver ended: exit code %s' % self.process.wait())
        self.pending -= 1
        return list(ANSWER.iter_unpack(data))

    def text(self, number, now, session):
        """Report and dump of one session as text."""
        while self.pending:
            self.answer()
        self.process.stdin.write(struct.pack('<cIQI', b'T', number, now, session))
        self.process.stdin.flush()
        size, = struct.unpack('<I', self.process.stdout.read(4))
        return self.process.stdout.read(size).decode()

    def forget(self, number):
        self.process.stdin.write(struct.pack('<cI', b'F', number))

    def close(self):
        self.process.stdin.close()
        return self.process.wait()

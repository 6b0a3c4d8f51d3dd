#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wireshark's opinion of the messages that we make.

usage: wireshark.py MESSAGES-PROGRAM TSHARK TEXT2PCAP

Each message must be dissected without a malformed or expert note, and to the
same fields with the same values in the same order as our own decoder finds. A
message that is cut short must be noticed: the test of the test.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

DLT = 'uat:user_dlts:"User 0 (DLT=147)","ieee1609dot2.data","0","","0",""'


def hexdump(data):
    lines = []
    for at in range(0, len(data), 16):
        lines.append('%06x %s' % (at, data[at:at + 16].hex(' ')))
    return '\n'.join(lines) + '\n%06x\n' % len(data)


def dissect(text2pcap, tshark, folder, messages):
    """The dissection of each message, as nested lists of (name, value)."""
    dump, capture = folder / 'dump.txt', folder / 'dump.pcap'
    dump.write_text(''.join(hexdump(m) for m in messages))
    subprocess.run([text2pcap, '-q', '-l', '147', dump, capture], check=True, stderr=subprocess.DEVNULL)
    out = subprocess.run([tshark, '-r', capture, '-o', DLT, '-T', 'json'], check=True, capture_output=True).stdout
    packets = json.loads(out, object_pairs_hook=list)
    return [dict(dict(p)['_source'])['layers'] for p in packets]


def leaves(tree):
    """All (name, value) of a dissection that are not about the encoding."""
    for name, value in tree:
        if isinstance(value, list):
            yield from leaves(value)
        elif name.startswith('ieee1609dot2.'):
            yield name[len('ieee1609dot2.'):], value


def notes(tree):
    """Whatever Wireshark complains about."""
    for name, value in tree:
        if name.startswith('_ws.'):
            yield f'{name}: {value}'
        elif isinstance(value, list):
            yield from notes(value)


def main():
    program, tshark, text2pcap = sys.argv[1:]
    failures = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([program, folder], check=True, stdout=subprocess.DEVNULL)
        files = sorted(folder.glob('*.coer'))
        messages = [f.read_bytes() for f in files]
        found = dissect(text2pcap, tshark, folder, messages + [messages[0][:-9]])
        assert len(found) == len(files) + 1 and len(files) >= 15, len(found)
        for file, layers in zip(files, found):
            bad = list(notes(layers))
            theirs = list(leaves(layers))
            lines = file.with_suffix('.txt').read_text().splitlines()
            ours = [tuple(line.split(' ', 1)) for line in lines]
            if bad:
                print(f'{file.stem}: {bad[0]}')
            elif theirs != ours:
                at = next((k for k, (a, b) in enumerate(zip(theirs, ours)) if a != b), min(len(theirs), len(ours)))
                print(f'{file.stem}: field {at}: Wireshark {theirs[at:at + 2]}, we {ours[at:at + 2]}')
            failures += bool(bad) or theirs != ours
            assert len(ours) >= 3, file.stem
        if not list(notes(found[-1])):
            print('a message that is cut short went unnoticed')
            failures += 1
    print(f'{len(files)} messages, {failures} failures')
    return failures != 0


if __name__ == '__main__':
    sys.exit(main())

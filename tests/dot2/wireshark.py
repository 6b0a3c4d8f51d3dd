#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Wireshark's opinion of the messages that we make.

usage: wireshark.py TSHARK FIELDS MESSAGES

Each message must be dissected without a malformed or expert note, and to the
same fields with the same values in the same order as our own decoder (the
program FIELDS) finds. A message that is cut short must be noticed: the test of
the test.
"""
import json
import pathlib
import struct
import subprocess
import sys
import tempfile

# A file of packets: magic, version, zone, accuracy, longest packet, link type. What a link of the first user's type
# carries is said to Wireshark: its dissector of WAVE short messages looks into those of one PSID only.
USER0 = 147
PCAP = struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, USER0)
DLT = 'uat:user_dlts:"User 0 (DLT=147)","ieee1609dot2.data","0","","0",""'


def dissect(tshark, capture, packets):
    """The dissection of each packet, as nested lists of (name, value). packets: (seconds, bytes)."""
    capture.write_bytes(PCAP + b''.join(struct.pack('<IIII', int(at), int(at % 1 * 1e6), len(one), len(one)) + one
                                        for at, one in packets))
    out = subprocess.run([tshark, '-r', capture, '-o', DLT, '-T', 'json'], check=True, capture_output=True).stdout
    return [dict(dict(one)['_source'])['layers'] for one in json.loads(out, object_pairs_hook=list)]


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


def ours(fields, files):
    """What our decoder finds in each file."""
    out = subprocess.run([fields, *files], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [[tuple(line.split(' ', 1)) for line in one.splitlines()] for one in out.split('\n\n')[:-1]]


def compare(tshark, fields, capture, messages):
    """What is wrong, in words. messages: (seconds, file), as they were sent; capture: the file that is made of them."""
    files = [file for _, file in messages]
    sent = [(at, file.read_bytes()) for at, file in messages]
    at, first = sent[0]
    theirs, wrong = dissect(tshark, capture, [*sent, (at, first[:-9])]), []
    if not list(notes(theirs.pop())):
        wrong.append('a message that is cut short went unnoticed')
    for file, layers, fields_ours in zip(files, theirs, ours(fields, files), strict=True):
        bad, found = list(notes(layers)), list(leaves(layers))
        if bad:
            wrong.append(f'{file.stem}: {bad[0]}')
        elif found != fields_ours or len(found) < 3:
            at = next((k for k, (a, b) in enumerate(zip(found, fields_ours)) if a != b), min(len(found), len(fields_ours)))
            wrong.append(f'{file.stem}: field {at}: Wireshark {found[at:at + 2]}, we {fields_ours[at:at + 2]}')
    return wrong


def main():
    tshark, fields, program = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([program, folder], check=True, stdout=subprocess.DEVNULL)
        files = sorted(folder.glob('*.coer'))
        assert len(files) >= 15, len(files)
        wrong = compare(tshark, fields, folder / 'capture.pcap', [(0, file) for file in files])
    for one in wrong:
        print(one)
    print(f'{len(files)} messages, {len(wrong)} failures')
    return len(wrong) != 0


if __name__ == '__main__':
    sys.exit(main())

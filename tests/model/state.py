# SPDX-License-Identifier: Apache-2.0
"""A store in a folder: one file, written whole and renamed, with its SHA-256 in front (rule A2)."""

import hashlib
import json
import os
import pathlib

import reading
from records import Config, InForce, Root, Series, Store, Tombstone


class Unreadable(Exception):
    pass


def hexes(certs):
    return sorted(cert.raw.hex() for cert in certs)


def cert(text):
    return reading.certificate(bytes.fromhex(text))


def certs(texts):
    return frozenset(map(cert, texts))


def listed_out(entries):
    return [entry if isinstance(entry, str) else [v.hex() if isinstance(v, bytes) else v for v in entry]
            for entry in entries]


def listed_in(entries):
    return frozenset(entry if isinstance(entry, str) else
                     reading.Seeds(*(bytes.fromhex(v) if isinstance(v, str) else v for v in entry))
                     for entry in entries)


def tuples(value):
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def in_force_out(policy):
    return policy and {**policy._asdict(), 'removed': sorted(policy.removed)}


def in_force_in(value):
    return value and InForce(**{**{k: tuples(v) for k, v in value.items()}, 'removed': frozenset(value['removed'])})


def encode(store):
    value = store._asdict()
    value['config'] = store.config._asdict()
    for name in ('electors', 'chain_certs', 'certs', 'own', 'own_issuers'):
        value[name] = hexes(value[name])
    value['roots'] = [[root.cert.raw.hex(), sorted(root.endorsers), root.quorum, root.voted] for root in store.roots]
    value['tombstones'] = [list(tomb) for tomb in store.tombstones]
    for name in ('policy', 'policy_next'):
        value[name] = in_force_out(value[name])
    value['policy_signer'] = [c.raw.hex() for c in store.policy_signer]
    value['crls'] = [{**series._asdict(), 'signer': [c.raw.hex() for c in series.signer],
                      'listed': listed_out(series.listed), 'kept': listed_out(series.kept)} for series in store.crls]
    return json.dumps(value).encode()


def decode(data):
    value = json.loads(data)
    value['config'] = Config(**value['config'])
    for name in ('electors', 'chain_certs', 'certs', 'own', 'own_issuers'):
        value[name] = certs(value[name])
    value['roots'] = frozenset(Root(cert(raw), frozenset(endorsers), quorum, voted)
                               for raw, endorsers, quorum, voted in value['roots'])
    value['tombstones'] = frozenset(Tombstone(*tomb) for tomb in value['tombstones'])
    for name in ('policy', 'policy_next'):
        value[name] = in_force_in(value[name])
    value['policy_signer'] = tuple(map(cert, value['policy_signer']))
    value['crls'] = frozenset(Series(**{**series, 'signer': tuple(map(cert, series['signer'])),
                                        'place': tuples(series['place']), 'listed': listed_in(series['listed']),
                                        'kept': listed_in(series['kept'])}) for series in value['crls'])
    return Store(**value)


def save(folder, store, limits):
    data = json.dumps(limits).encode() + b'\n' + encode(store)
    path, new = pathlib.Path(folder, 'store'), pathlib.Path(folder, 'store.new')
    with open(new, 'wb') as out:
        out.write(hashlib.sha256(data).hexdigest().encode() + b'\n' + data)
        out.flush()
        os.fsync(out.fileno())
    os.replace(new, path)
    directory = os.open(folder, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def load(folder):
    """(store, limits of files)"""
    try:
        whole = pathlib.Path(folder, 'store').read_bytes()
    except OSError as error:
        raise Unreadable(str(error)) from None
    digest, _, data = whole.partition(b'\n')
    if digest != hashlib.sha256(data).hexdigest().encode():
        raise Unreadable('the store is damaged; provision it again')
    limits, _, rest = data.partition(b'\n')
    return decode(rest), json.loads(limits)

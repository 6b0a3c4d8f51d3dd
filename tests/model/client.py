#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The conformance protocol, answered by the model: a second implementation of the trust rules on real files.

Usage: client.py init|apply|check|dump --state DIR ... (conformance/README.md)"""

import argparse
import json
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / 'conformance')]

import reading
import state
from reading import BadFile
from records import SECOND, Config, Session
from rules import Rules, in_carrier_order

USAGE, UNREADABLE = 2, 3
LIMITS = {'policyBytes': 65_536, 'chainBytes': 8_388_608, 'historyBytes': 4_194_304, 'crlBytes': 67_108_864,
          'ballots': 64, 'certificates': 16_384, 'depth': 8, 'entries': 4096}
READERS = {'policy': ('policyBytes', reading.policy), 'crl': ('crlBytes', reading.composite_crl),
           'chain': ('chainBytes', reading.chain_file), 'history': ('historyBytes', reading.history)}


class Usage(Exception):
    pass


class ClockBack(Exception):
    """Rule G6: the session is refused."""


def contents(path):
    try:
        return pathlib.Path(path).read_bytes()
    except OSError as error:
        raise Usage(str(error)) from None


def read_session(paths, own, candidates, limits):
    """(session, what is refused, report places of the CRLs)"""
    found, refused = {}, []
    for name, (limit, reader) in READERS.items():
        if paths.get(name) is None:
            continue
        data = contents(paths[name])
        try:
            if len(data) > limits[limit]:
                raise BadFile('LIMIT_BYTES')
            found[name] = reader(data, limits)
        except BadFile as bad:
            refused.append({'file': name, 'reason': str(bad)})
    certs = {}
    for name, files in (('own', own), ('cert', candidates)):
        certs[name] = []
        for path in files:
            try:
                certs[name].append(reading.certificate(contents(path)))
            except BadFile as bad:
                refused.append({'file': name, 'reason': str(bad)})
    chain, chain_ballots = found.get('chain', (None, ()))
    crls, crl_ballots = found.get('crl', ((), ()))
    ballots = in_carrier_order(crl_ballots + chain_ballots + found.get('history', ()))
    session = Session(tuple(ballots), found.get('policy'), chain, tuple(crl for crl in crls if crl), tuple(certs['own']),
                      frozenset(certs['cert'] + certs['own']) | (chain.certificates if chain else frozenset()))
    return session, refused, crls


def ballot_answer(ballot, number, verdict):
    votes = [{'elector': name or '', 'counted': reason == 'COUNTED',
              **({} if reason == 'COUNTED' else {'reason': reason})} for name, reason in verdict.votes]
    return {'carrier': ballot.carrier, 'index': ballot.index, 'motion': ballot.motion,
            'subject': ballot.subject.identity if ballot.subject else '', 'outcome': verdict.outcome, 'round': number,
            'counted': verdict.counted, 'quorum': verdict.quorum, 'alarm': verdict.alarm, 'votes': votes}


def crl_answers(crls, outcomes):
    outcomes = iter(outcomes)
    return [{'craca': crl.craca, 'series': crl.series, 'outcome': next(outcomes)} if crl
            else {'craca': '', 'series': 0, 'outcome': 'MALFORMED'} for crl in crls]


def session_answer(session, said, refused, crls):
    answer = {'changed': said.changed, 'quorum': said.quorum,
              'ballots': [ballot_answer(ballot, *judged) for ballot, judged in zip(session.ballots, said.ballots)]}
    if session.policy:
        answer['policy'] = {'outcome': said.policy}
    if session.chain:
        answer['chain'] = {'outcome': said.chain, 'version': session.chain.version}
    if crls:
        answer['crls'] = crl_answers(crls, said.crls)
    if session.own:
        answer['own'] = [{'subject': cert.identity, 'outcome': outcome} for cert, outcome in zip(session.own, said.own)]
    if refused:
        answer['refused'] = refused
    return answer


class Client:
    def __init__(self, rules):
        self.rules = rules

    def init(self, folder, config_path):
        """-> (exit code, answer)"""
        folder = pathlib.Path(folder)
        if folder.exists():
            return UNREADABLE, None
        base = pathlib.Path(config_path).resolve().parent
        given = json.loads(contents(config_path))
        config, limits = self.config(given)
        lists, refused = {}, []
        for name in ('electors', 'roots', 'certificates', 'own'):
            lists[name] = []
            for path in given.get(name, ()):
                try:
                    lists[name].append(reading.certificate(contents(base / path)))
                except BadFile as bad:
                    refused.append({'file': str(path), 'reason': str(bad)})
        if not refused:
            refused = self.unfit(config, lists)
        if refused:
            return 1, {'refused': refused}
        store = self.rules.init(config, lists['electors'], lists['roots'], lists['certificates'], lists['own'])
        paths = {name: base / given[name] for name in ('chain', 'policy') if name in given}
        answer = {'changed': True, 'quorum': self.rules.quorum(store, config.now), 'ballots': []}
        if paths:
            session, refused, crls = read_session(paths, (), (), limits)
            if refused:
                return 1, {'refused': refused}
            store, said = self.rules.apply(store, config.now, session)
            answer = session_answer(session, said, refused, crls)
        folder.mkdir()
        try:
            state.save(folder, store, limits)
        except BaseException:
            shutil.rmtree(folder)
            raise
        return 0, answer

    def config(self, given):
        limits = {**LIMITS, **{k: v for k, v in given.get('limits', {}).items() if k in LIMITS}}
        room = {name: given['limits'][key] for key, name in
                (('electors', 'max_electors'), ('roots', 'max_roots'), ('tombstones', 'max_tombstones'),
                 ('votes', 'max_votes')) if key in given.get('limits', {})}
        floor = given.get('quorumFloor', 2)
        return Config(given['quorum'], floor, given.get('quorumCeiling', max(floor, len(given['electors']) - 1)),
                      given['now'], given.get('skewSeconds', 300) * SECOND,
                      given.get('crlToleranceSeconds', 1_209_600) * SECOND, **room), limits

    def unfit(self, config, lists):
        """Certificates that may not be provisioned (conformance.md, init), with the reason."""
        refused = []
        for name, profile in (('electors', 'elector'), ('roots', 'root')):
            for cert in lists[name]:
                if cert.profile != profile:
                    refused.append({'file': name, 'reason': 'SUBJECT_PROFILE'})
                elif not cert.is_self_signed():
                    refused.append({'file': name, 'reason': 'SUBJECT_SIGNATURE'})
        members = lists['electors'] + lists['roots']
        if len({cert.key for cert in members}) != len(members) or len({cert.h8 for cert in members}) != len(members):
            refused.append({'file': 'electors', 'reason': 'SUBJECT_DUPLICATE'})
        if len(lists['electors']) > config.max_electors or len(lists['roots']) > config.max_roots \
                or config.max_tombstones < len(members) + 1:
            refused.append({'file': 'limits', 'reason': 'STORE_FULL'})
        store = self.rules.init(config, lists['electors'], lists['roots'])
        known = frozenset(lists['roots'] + lists['certificates'] + lists['own'])
        for name in ('certificates', 'own'):
            for cert in lists[name]:
                reason = self.rules.check(store, config.now, cert, known)[0]
                if reason != 'VALID':
                    refused.append({'file': name, 'reason': reason})
        return refused

    def apply(self, folder, now, paths, own, candidates):
        store, limits = state.load(folder)
        session, refused, crls = read_session(paths, own, candidates, limits)
        new, said = self.rules.apply(store, now, session)
        if said.clock_back:
            raise ClockBack
        if said.changed:
            state.save(folder, new, limits)
        return 1 if refused else 0, session_answer(session, said, refused, crls)

    def check(self, folder, now, files):
        store, _ = state.load(folder)
        try:
            cert = reading.certificate(contents(files[0]))
        except BadFile:
            return 1, {'valid': False, 'reason': 'MALFORMED'}
        others = set()
        for path in files[1:]:
            try:
                others.add(reading.certificate(contents(path)))
            except BadFile:
                pass  # a candidate that is no certificate is none
        reason = self.rules.check(store, now, cert, self.rules.candidates(store) | others)[0]
        return (0 if reason == 'VALID' else 1), {'valid': reason == 'VALID', 'reason': reason}

    def dump(self, folder, now):
        store, _ = state.load(folder)
        rules, m = self.rules, self.rules.quorum(store, now)
        faults = rules.own_faults(store, now)
        stale = rules.is_stale(store, now)
        return 0, {
            'electors': [{'hash': cert.identity, 'status': rules.elector_status(now, cert)}
                         for cert in sorted(store.electors, key=lambda cert: cert.identity)],
            'roots': [{'hash': root.cert.identity, 'status': rules.root_status(store, now, root),
                       'endorsers': sorted(root.endorsers)}
                      for root in sorted(store.roots, key=lambda root: root.cert.identity)],
            'tombstones': [{'hash': tomb.identity, 'motion': tomb.motion, 'time': tomb.time}
                           for tomb in sorted(store.tombstones)],
            'quorum': m, 'quorumFloor': store.config.floor, 'quorumCeiling': store.config.ceiling,
            'gccfVersion': store.version, 'policyGenerationTime': store.policy_time,
            'quorumClamped': rules.policy_quorum(store, now) != m, 'operational': not faults, 'stale': stale,
            'withheld': rules.withheld(store, now), 'reasons': faults + (['CRL_OVERDUE'] if stale else [])}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest='command', required=True)
    for name in ('init', 'apply', 'check', 'dump'):
        command = commands.add_parser(name)
        command.add_argument('--state', required=True)
        if name == 'init':
            command.add_argument('--config', required=True)
        else:
            command.add_argument('--now', type=int, required=True)
        if name == 'apply':
            for file in READERS:
                command.add_argument('--' + file)
            command.add_argument('--own', action='append', default=[])
        if name in ('apply', 'check'):
            command.add_argument('--cert', action='append', default=[], required=name == 'check')
    return parser.parse_args()


def main(rules):
    given = arguments()
    client = Client(rules)
    try:
        if given.command == 'init':
            code, answer = client.init(given.state, given.config)
        elif given.command == 'apply':
            paths = {name: getattr(given, name) for name in READERS}
            code, answer = client.apply(given.state, given.now, paths, given.own, given.cert)
        elif given.command == 'check':
            code, answer = client.check(given.state, given.now, given.cert)
        else:
            code, answer = client.dump(given.state, given.now)
    except Usage as usage:
        print(usage, file=sys.stderr)
        return USAGE
    except ClockBack:
        print('CLOCK_BACK', file=sys.stderr)
        return UNREADABLE
    except state.Unreadable as unreadable:
        print('STORE_UNREADABLE: %s' % unreadable, file=sys.stderr)
        return UNREADABLE
    if answer is not None:
        print(json.dumps(answer))
    return code


if __name__ == '__main__':
    sys.exit(main(Rules()))

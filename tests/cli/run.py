#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the commands of scms say and with which exit code: run.py SCMS DATA ANY_VALUE MESSAGES [--write]

Every test is a method; what a command prints for people is compared with a
file in expected/ (--write renews them: read the difference before you commit).
"""
import fnmatch
import hashlib
import json
import os
import re
import resource
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SCMS, DATA, ANY_VALUE, MESSAGES = (os.path.abspath(p) for p in sys.argv[1:5])
WRITE = '--write' in sys.argv

# File, and the type that show finds by itself.
TYPES = [
    ('electors/cert-*.coer', 'Certificate'),
    ('electors/crl-*.coer', 'Ieee1609Dot2Data'),
    ('electors/v121-*ballot*.coer', 'ElectorBallot121'),
    ('electors/v121-composite-crl.coer', 'CompositeCrl121'),
    ('electors/v121-?ccf.coer', 'ScmsFile121'),
    ('electors/v121-scoped-*.coer', 'ScmsPDU121'),
    ('electors/v121-signed-*.coer', 'Ieee1609Dot2Data'),
    ('electors/v124-*ballot*.coer', 'ElectorBallot'),
    ('electors/v124-composite-crl.coer', 'CompositeCrl'),
    ('electors/v124-?ccf.coer', 'ScmsFile'),
    ('electors/v124-scoped-*.coer', 'ScmsPDU'),
    ('electors/v124-signed-*.coer', 'Ieee1609Dot2Data'),
    ('third-party/asn1c-mouse/sample-Certificate-*.coer', 'Certificate'),
    ('third-party/asn1c-mouse/sample-Ieee1609Dot2Data-*.coer', 'Ieee1609Dot2Data'),
    ('third-party/asn1_codec/*.coer', 'Ieee1609Dot2Data'),
    ('third-party/rasn/E7A4B2B045E7ACF9.oer', 'Certificate'),
    ('third-party/rasn/CE4CF6C19BFED720.oer', 'Ieee1609Dot2Data'),
]


def samples():
    for folder, _, names in sorted(os.walk(DATA)):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), DATA)
            for pattern, kind in TYPES:
                if fnmatch.fnmatch(path, pattern):
                    yield path, kind
                    break


def scms(*args, cwd=DATA, **more):
    return subprocess.run([SCMS, *args], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, **more)


def read(path):
    with open(os.path.join(DATA, path), 'rb') as f:
        return f.read()


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def file(self, content, name='file'):
        path = os.path.join(self.dir, name)
        with open(path, 'wb') as f:
            f.write(content if isinstance(content, bytes) else content.encode())
        return path

    def good(self, *args, **more):
        run = scms(*args, **more)
        self.assertEqual((run.returncode, run.stderr.decode()), (0, ''), args)
        return run.stdout

    def refused(self, error, *args, code=1, **more):
        """The command fails and says just this."""
        run = scms(*args, **more)
        self.assertEqual((run.stderr.decode().strip(), run.returncode), (error, code), args)
        return run.stdout

    def expected(self, name, output):
        path = os.path.join(HERE, 'expected', name)
        if WRITE:
            with open(path, 'wb') as f:
                f.write(output)
        with open(path, 'rb') as f:
            self.assertEqual(output.decode(), f.read().decode(), name)


class Show(Case):
    def test_finds_the_type_of_every_sample(self):
        found = 0
        for path, kind in samples():
            first = self.good('show', path).decode().split('\n')[0]
            self.assertEqual(first, '%s: %s, %d bytes' % (path, kind, len(read(path))))
            found += 1
        self.assertGreater(found, 45)

    def test_words(self):
        for name, files in {
            'certificates.txt': ['cert-root-1', 'cert-ica', 'cert-pca', 'cert-pg', 'cert-crlg', 'cert-ma', 'cert-elector-A'],
            'ballot-124.txt': ['v124-ballot-addRoot1-by-ABC', 'cert-elector-A', 'cert-elector-B', 'cert-elector-C'],
            'ballot-121.txt': ['v121-ballot-addRoot1-by-ABC-efftime', 'cert-elector-B'],
            'ballot-sender.txt': ['v124-ballot-addRoot1-by-A-certsigner'],
            'composite-crl.txt': ['v124-composite-crl', 'cert-crlg', 'cert-elector-D'],
            'lccf.txt': ['v124-lccf'],
        }.items():
            self.expected(name, self.good('show', *('electors/%s.coer' % f for f in files)))
        self.expected('ectl.txt', self.good('show', 'third-party/rasn/CE4CF6C19BFED720.oer'))
        self.expected('signed-bsm.txt', self.good('show', 'third-party/asn1c-mouse/sample-Ieee1609Dot2Data-1.coer'))
        self.expected('implicit.txt', self.good('show', 'third-party/asn1c-mouse/sample-Certificate-2.coer'))

    def test_every_signature_whose_key_is_there_is_good(self):
        files = [path for path, _ in samples() if path.startswith(('electors/', 'third-party/rasn/'))]
        verdicts = re.findall(r'\n *signature +(.*)', self.good('show', *files).decode())
        self.assertEqual({v for v in verdicts}, {'NIST P-256, good', 'Brainpool P-384r1, good'})
        self.assertEqual(len(verdicts), 133)

    def test_implicit_signer(self):
        subprocess.run([MESSAGES, self.dir], check=True, stdout=subprocess.DEVNULL, timeout=60)
        # The first carries the signer's certificate only, the second its issuer's too.
        signed, issuer = (os.path.join(self.dir, name + '.coer') for name in ('p256-header', 'p256-certificates'))
        text = self.good('show', signed, issuer).decode().split(issuer)[0]
        self.assertRegex(text, r'\n +signature +NIST P-256, good\n')
        text = self.good('show', signed).decode()
        self.assertIn('not checked: the certificate of the implicit signer\'s issuer is not at hand', text)
        bad = bytearray(read(signed))
        bad[-1] ^= 1
        self.assertRegex(self.good('show', self.file(bytes(bad)), issuer).decode(), r'\n +signature +NIST P-256, BAD\n')

    def test_bad_signature_is_called_bad(self):
        cert = bytearray(read('electors/cert-elector-A.coer'))
        cert[-1] ^= 1
        text = self.good('show', self.file(bytes(cert))).decode()
        self.assertRegex(text, r'signature +NIST P-256, BAD\n')
        self.assertNotIn('good', text)
        vote = bytearray(read('electors/v124-signed-elector-endorsement-addRoot1-by-A.coer'))
        vote[-1] ^= 1
        text = self.good('show', self.file(bytes(vote)), 'electors/cert-elector-A.coer').decode()
        self.assertRegex(text, r'signer +313b60582d60a6fd, elector 41 "A"\n +signature +NIST P-256, BAD\n')

    def test_policy_extension(self):
        policy = {'global': {'...': {'0': '0053434D530102030100'}}}
        value = {'policyID': '41', 'generationTime': 1, 'activeTime': 2, 'policy': policy}

        def show(addition):
            policy['global']['...'] = {'0': addition}
            oer = os.path.join(self.dir, 'policy')
            self.good('encode', '-t', 'ToBeSignedPolicyData', '-o', oer, self.file(json.dumps(value), 'json'))
            again = json.loads(self.good('show', '-t', 'ToBeSignedPolicyData', '--json', oer))
            self.assertEqual(again['policy']['global']['...']['0'], addition)
            return self.good('show', '-t', 'ToBeSignedPolicyData', oer).decode()

        ours = self.good('encode', '-t', 'ScmsPolicyExtension', self.file(json.dumps({
            'magic': '53434D53', 'version': 1, 'removed': ['11' * 32],
            'quorum': {'initialQuorum': 2, 'intervals': [{'startTime': 500000000000000, 'quorum': 3}]}})))
        self.expected('policy-extension.txt', re.sub(rb'^.*?:', b'policy:', show(ours.hex().upper()).encode(), count=1))
        self.assertIn('unknown addition 0: 0453434d00', show('53434D00'))

    def test_a_claim_that_is_not_kept(self):
        vote = json.loads(self.good('show', '--json', 'electors/v124-signed-elector-endorsement-addRoot1-by-A.coer'))
        header = vote['content']['signedData']['tbsData']['headerInfo']
        header['expiryTime'] = header['generationTime'] + 1
        path = os.path.join(self.dir, 'vote')
        self.good('encode', '-t', 'Ieee1609Dot2Data', '-o', path, self.file(json.dumps(vote), 'json'))
        text = self.good('show', path).decode()
        self.assertIn('like SignedElectorEndorsement, but SignedElectorEndorsement.tbsData.headerInfo.expiryTime: '
                      'expected it to be absent, found it; signedData:', text)
        self.refused('scms show: %s: offset 3: SignedElectorEndorsement.tbsData.headerInfo.expiryTime: out of range: '
                     'expected it to be absent, found it' % path, 'show', '--type', 'SignedElectorEndorsement', path)

    def test_no_terminal_takes_orders(self):
        cert = json.loads(self.good('show', '--json', 'electors/cert-root-1.coer'))
        cert['toBeSigned']['id'] = {'name': 'a\x1b[31m"\\\x7f\x9b\u202e\u2066\n\u20ac'}
        path = os.path.join(self.dir, 'cert')
        self.good('encode', '-t', 'Certificate', '-o', path, self.file(json.dumps(cert), 'json'))
        text = self.good('show', path).decode()
        self.assertIn(r'"a\x1b[31m\x22\x5c\x7f\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\x0a€"', text)
        self.assertNotRegex(text, '[\x00-\x09\x0b-\x1f\x7f-\x9f]')

    def test_long_lists(self):
        entries = [{'id': '%020X' % i, 'expiry': i} for i in range(1000)]
        path = os.path.join(self.dir, 'crl')
        self.good('encode', '-t', 'ToBeSignedHashIdCrl', '-o', path, self.file(json.dumps({'crlSerial': 1, 'entries': entries})))
        text = self.good('show', '-t', 'ToBeSignedHashIdCrl', path).decode()
        self.assertIn('... and 980 more (--all shows them)', text)
        self.assertEqual(text.count('until'), 20)
        self.assertEqual(self.good('show', '--all', '-t', 'ToBeSignedHashIdCrl', path).decode().count('until'), 1000)

    def test_json_and_back(self):
        for path, kind in samples():
            text = self.good('show', '--json', path)
            json.loads(text)
            again = self.good('encode', '--type', kind, self.file(text))
            self.assertEqual(again, read(path), path)

    def test_any_value_of_any_type(self):
        """Whatever decodes can be shown in every form, and no byte of it reaches the terminal as it is."""
        subprocess.run([ANY_VALUE, self.dir, '4'], check=True, timeout=60)
        files = {}
        for name in sorted(os.listdir(self.dir)):
            files.setdefault(name.split('.')[0], []).append(os.path.join(self.dir, name))
        self.assertGreater(len(files), 250)
        # As messages, those of the same name would have to keep to more rules.
        messages = {m['name'] for m in json.loads(self.good('types', '--json'))['messages']}
        for kind, paths in files.items():
            if kind in messages:
                continue
            text = self.good('show', '--type', kind, *paths).decode()
            self.assertNotRegex(text, '[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]', kind)
            self.assertGreaterEqual(text.count(': %s, ' % kind), len(paths))
        for kind in ('Ieee1609Dot2Data', 'ScmsPDU', 'ScmsFile', 'BallotHistory', 'TrustStore', 'GlobalPolicyData'):
            for path in files[kind]:
                self.good('show', '--type', kind, '--hex', path)
                text = self.good('show', '--type', kind, '--json', path)
                again = self.good('encode', '--type', kind, self.file(text))
                self.assertEqual(again, read(path), path)

    def test_hash_crl_of_either_edition(self):
        """1609.2-2022 has a byte more in each entry; what a file is, its bytes tell."""
        older = self.good('show', '--json', 'electors/crl-series2-by-crlg.coer').decode()
        newer = self.file(older.replace('"CrlContents"', '"CrlContents2022"'), 'json')
        path = os.path.join(self.dir, 'crl')
        self.good('encode', '-t', 'Ieee1609Dot2Data', '-o', path, newer)
        entries = older.count('"expiry"')
        self.assertGreater(entries, 0)
        self.assertEqual(len(read(path)), len(read('electors/crl-series2-by-crlg.coer')) + entries)
        words = self.good('show', path).decode()
        for part in ('SecuredCrl2022', 'holds unsecuredData: CrlContents2022, ', ', until '):
            self.assertIn(part, words)
        self.assertEqual(json.loads(self.good('show', '--json', path)), json.loads(read(newer)))
        self.good('show', '--type', 'SecuredCrl2022', path)
        run = scms('show', '--type', 'SecuredCrl', path)
        self.assertEqual(run.returncode, 1)
        self.assertIn(': CrlContents: trailing bytes: ', run.stderr.decode())

    def test_json_opens_envelopes(self):
        value = json.loads(self.good('show', '--json', 'electors/v124-ballot-addRoot1-by-ABC.coer'))
        vote = value['endorsements'][2]['content']['signedData']['tbsData']['payload']['data']['content']['unsecuredData']
        self.assertEqual(vote['ScmsPDU']['content']['ccm']['tbsElectorEndorsement']['type'], 'addRoot')
        ssp = value['certificate']['toBeSigned']['appPermissions'][1]['ssp']['opaque']
        self.assertEqual(ssp, {'CrlSsp': {'version': 1, 'associatedCraca': 'isCraca', 'crls': [256]}})

    def test_hex_has_every_byte_in_order(self):
        for path, _ in samples():
            data = b''
            for line in self.good('show', '--hex', path).decode().split('\n')[1:-1]:
                offset, row, rest = line[:8], line[10:58], line[58:]
                if row.strip():
                    self.assertEqual(int(offset, 16), len(data), path)
                data += bytes.fromhex(row)
            self.assertEqual(data, read(path), path)
        self.expected('hex.txt', self.good('show', '--hex', 'electors/v124-signed-elector-endorsement-addRoot1-by-A.coer'))


class BadInput(Case):
    def test_truncated_at_every_byte(self):
        whole = read('electors/v124-ballot-addRoot2-by-AB.coer')
        paths = [self.file(whole[:n], 'cut-%d' % n) for n in range(1, len(whole))]
        run = scms('show', '--type', 'ElectorBallot', *paths)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stdout, b'')
        for path, line in zip(paths, run.stderr.decode().splitlines(), strict=True):
            self.assertRegex(line, r'^scms show: %s: offset \d+: ElectorBallot[^:]*: truncated: expected .*, found .*$' % path)

    def test_truncated_of_unknown_type(self):
        path = self.file(read('electors/cert-root-1.coer')[:100])
        self.refused('scms show: %s: is of no type that is known here; as the one that fits best: offset 97: '
                     'Certificate.toBeSigned.verifyKeyIndicator.verificationKey.ecdsaNistP256.compressed-y-1: truncated: '
                     'expected OCTET STRING (SIZE (32)), found 3 bytes left' % path, 'show', path)

    def test_refusals(self):
        root = read('electors/cert-root-1.coer')
        for content, kind, error in [
            (root + b'\0', 'Certificate', 'offset 195: Certificate: trailing bytes: expected the end of the input, found 1 more '
             'bytes'),
            (b'\x81' + root[1:], 'Certificate', 'offset 0: Certificate: not canonical: expected zeros in the unused bits of the '
             'preamble, found 0x81'),
            (root[:7] + b'\x81\x0b' + root[8:], 'Certificate', 'offset 7: Certificate.toBeSigned.id.name: not canonical: expected '
             'the shortest form of the length, found 0x81 0x0b'),
            (b'\x02' + root[1:], 'Certificate', 'offset 0: Certificate: not canonical: expected zeros in the unused bits of '
             'the preamble, found 0x02'),
            (root[:1] + b'\x04' + root[2:], 'Certificate', 'offset 1: Certificate.version: out of range: expected INTEGER (3), found 4'),
            (b'\x00\x01\x00\x01\x00\x02\x00\x00', 'CompositeCrl', 'offset 6: CompositeCrl.revokedElectors: not canonical: '
             'expected the shortest form of the integer, found 0x00 0x00'),
            (root, 'ElectorBallot', 'offset 1: ElectorBallot.certificate: not canonical: expected zeros in the unused bits of '
             'the preamble, found 0x03'),
            (b'\x03\x85\x01\x00' + b'x', 'Ieee1609Dot2Data', 'offset 4: Ieee1609Dot2Data: trailing bytes: expected the end of '
             'the input, found 1 more bytes'),
        ]:
            path = self.file(content)
            run = scms('show', '--type', kind, path)
            self.assertEqual((run.returncode, run.stdout), (1, b''), error)
            self.assertEqual(run.stderr.decode(), 'scms show: %s: %s\n' % (path, error))

    def test_too_deep(self):
        path = 'third-party/rasn/CE4CF6C19BFED720_with_recursion_depth150.oer'
        run = scms('show', path)
        self.assertEqual(run.returncode, 1)
        self.assertIn('offset 36: ', run.stderr.decode())
        self.assertTrue(run.stderr.decode().endswith('nested too deeply: expected fewer levels of nesting, found one more than '
                                                     'the limit\n'))

    def test_not_a_file(self):
        for command in (['show'], ['hash'], ['encode', '-t', 'Uint8', '-o', os.path.join(self.dir, 'out')]):
            say = 'scms %s: ' % command[0]
            self.refused(say + 'nothing: cannot be opened: No such file or directory', *command, 'nothing')
            self.refused(say + 'electors: is a directory', *command, 'electors')
            self.refused(say + '/dev/null: is not a regular file', *command, '/dev/null')
            pipe = os.path.join(self.dir, 'pipe')
            if not os.path.exists(pipe):
                os.mkfifo(pipe)
            self.refused(say + pipe + ': is not a regular file', *command, pipe)
            self.refused(say + '%s: is empty' % self.file(b''), *command, self.file(b''))

    def test_unreadable(self):
        path = self.file(read('electors/cert-pg.coer'))
        os.chmod(path, 0)
        os.chmod(self.dir, 0o755)
        program, become = SCMS, {}
        if os.geteuid() == 0:
            # root may read anything: be somebody else, who may run a copy of the program.
            program = shutil.copy(SCMS, os.path.join(self.dir, 'scms'))
            become = {'user': 65534, 'group': 65534, 'extra_groups': []}
        run = subprocess.run([program, 'show', path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, cwd='/', **become)
        self.assertEqual(run.stderr.decode(), 'scms show: %s: cannot be opened: Permission denied\n' % path)
        self.assertEqual(run.returncode, 1)

    def test_too_long(self):
        path = os.path.join(self.dir, 'long')
        with open(path, 'wb') as f:
            f.truncate(2 << 30)
        start = time.monotonic()
        self.refused('scms show: %s: is 2147483648 bytes long; the limit is 67108864' % path, 'show', path)
        self.refused('scms hash: %s: is 2147483648 bytes long; the limit is 67108864' % path, 'hash', path)
        self.refused('scms encode: %s: is 2147483648 bytes long; the limit is 134217728' % path, 'encode', '-t', 'Uint8', path)
        self.assertLess(time.monotonic() - start, 20)
        # Memory of all children so far, in KiB: none took what that file would.
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 1 << 20)
        small = os.path.join(self.dir, 'small')
        with open(small, 'wb') as f:
            f.truncate((1 << 20) + 1)
        self.refused('scms show: %s: is 1048577 bytes long; the limit is 1048576' % small, 'show', '--limit', '1', small)

    def test_one_bad_file_does_not_hide_others(self):
        run = scms('show', 'nothing', 'electors/cert-pg.coer')
        self.assertEqual(run.returncode, 1)
        self.assertIn(b'holder       pg', run.stdout)

    def test_full_disk(self):
        for args in (['show', 'electors/cert-pg.coer'], ['show', '--json', 'electors/v124-gccf.coer'], ['types'],
                     ['hash', 'electors/cert-pg.coer'], ['show', '--hex', 'electors/v124-gccf.coer']):
            with open('/dev/full', 'wb') as full:
                run = subprocess.run([SCMS, *args], cwd=DATA, stdout=full, stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(run.returncode, 1, args)
            self.assertIn('standard output cannot be written: No space left on device', run.stderr.decode(), args)


class Judged(Case):
    def test_negative_ballots(self):
        """The samples' two ballots that must not be believed, each in a chain file: refused, and for the right reason."""
        store = os.path.join(self.dir, 'store')
        self.assertEqual(scms('store', 'init', '--state', store, '--config', 'bootstrap.json').returncode, 0)
        for form in ('121', '124'):
            for name, outcome, reasons in (('duplicate-elector', 'QUORUM_NOT_MET', [None, 'VOTER_DUPLICATE']),
                                           ('mixed-types', 'TBS_MISMATCH', [])):
                file = json.loads(self.good('show', '--json', 'electors/v%s-gccf.coer' % form))
                ballot = json.loads(self.good('show', '--json', 'electors/v%s-neg-ballot-%s.coer' % (form, name)))
                certs = file['content']['cert-chain']['globalCertificateChainFile']['certStore']
                certs['rootCAEndorsements'], certs['electorEndorsements'] = [ballot], []
                path = os.path.join(self.dir, 'chain')
                self.good('encode', '-t', 'ScmsFile' if form == '124' else 'ScmsFile121', '-o', path,
                          self.file(json.dumps(file), 'json'))
                run = scms('store', 'explain', '--json', '--state', store, '--now', '600000000000000', path)
                self.assertEqual(run.returncode, 0, run.stderr)
                told, = json.loads(run.stdout)['ballots']
                self.assertEqual(told['outcome'], outcome, (form, name))
                self.assertEqual([vote.get('reason') for vote in told['votes']], reasons, (form, name))
                self.assertLess(told['counted'], told['quorum'])


class BadStores(Case):
    """A directory that is no store, or a damaged one, is named and stays as it is, whatever is asked of it."""

    def refused_untouched(self, path, words):
        def state():
            return {os.path.join(folder, name): read(os.path.join(folder, name)) for folder, _, names in os.walk(path)
                    for name in names}
        before = state()
        now = ('--state', path, '--now', '600000000000000')
        for command in (('dump', *now), ('show', *now), ('apply', *now, '--chain', 'electors/v124-gccf.coer'),
                        ('explain', *now, 'electors/v124-gccf.coer'), ('check', *now, '--cert', 'electors/cert-pca.coer')):
            run = scms('store', *command)
            self.assertEqual((run.returncode, run.stdout), (3, b''), command)
            self.assertRegex(run.stderr.decode(), 'scms store %s: %s: .*%s' % (command[0], path, words))
        self.assertEqual(state(), before)

    def store(self, name):
        path = os.path.join(self.dir, name)
        self.assertEqual(scms('store', 'init', '--state', path, '--config', 'bootstrap.json').returncode, 0)
        return path

    def test_foreign(self):
        foreign = os.path.join(self.dir, 'foreign')
        os.mkdir(foreign)
        self.refused_untouched(foreign, 'not a trust store .*provision it anew')
        shutil.copy(os.path.join(DATA, 'electors/v124-gccf.coer'), os.path.join(foreign, 'slot-0'))
        self.refused_untouched(foreign, 'damaged .*restore it from a backup')
        self.refused_untouched(os.path.join(self.dir, 'none'), 'not a trust store: No such file')
        self.refused_untouched(os.path.join(DATA, 'bootstrap.json'), 'not a trust store: Not a directory')

    def test_truncated(self):
        path = self.store('store')
        slot = os.path.join(path, 'slot-1')
        whole = read(slot)
        open(os.path.join(path, 'lock'), 'a').close()
        for n in [*range(0, 64, 7), len(whole) // 2, len(whole) - 1]:
            with open(slot, 'wb') as f:
                f.write(whole[:n])
            self.refused_untouched(path, 'damaged .*restore it from a backup')

    def test_an_object_is_missing_or_damaged(self):
        path = self.store('store')
        objects = [os.path.join(path, 'objects', name) for name in os.listdir(os.path.join(path, 'objects'))]
        self.assertTrue(objects)
        open(os.path.join(path, 'lock'), 'a').close()
        for spoil in (lambda name: os.truncate(name, 5), os.unlink):
            for name in objects:
                spoil(name)
            run = scms('store', 'apply', '--state', path, '--now', '600000000000000', '--chain', 'electors/v124-gccf.coer')
            self.assertEqual((run.returncode, run.stdout), (3, b''))
            self.assertRegex(run.stderr.decode(), 'scms store apply: %s: .*objects/.*restore the directory' % path)


class Encode(Case):
    def test_errors_name_line_column_and_field(self):
        path = self.file('{\n  "start": 1,\n  "duration": {"days": 2}\n}\n')
        self.refused('scms encode: %s: line 3, column 16: ValidityPeriod.duration: expected an alternative of Duration, found '
                     '"days"' % path, 'encode', '--type', 'ValidityPeriod', path)
        path = self.file('{"start": 1,\n')
        self.refused("scms encode: %s: line 2, column 1: expected a member's name, found the end of the text" % path,
                     'encode', '--type', 'ValidityPeriod', path)

    def test_output_is_replaced_at_a_stroke(self):
        out = self.file(b'old', 'out')
        path = self.file('256')
        self.refused('scms encode: %s: line 1, column 1: Uint8: expected a number from 0 to 255, found 256' % path, 'encode',
                     '-t', 'Uint8', '-o', out, path)
        self.assertEqual(read(out), b'old')
        self.good('encode', '-t', 'Uint8', '-o', out, self.file('255'))
        self.assertEqual(read(out), b'\xff')
        self.assertEqual(stat.S_IMODE(os.stat(out).st_mode), 0o644)
        self.assertEqual(sorted(os.listdir(self.dir)), ['file', 'out'])
        self.refused('scms encode: %s: cannot be replaced: Is a directory' % self.dir, 'encode', '-t', 'Uint8', '-o', self.dir,
                     self.file('1'))
        nowhere = os.path.join(self.dir, 'no', 'out')
        self.refused('scms encode: %s: cannot be made: No such file or directory' % nowhere, 'encode', '-t', 'Uint8', '-o',
                     nowhere, self.file('1'))


class Hash(Case):
    def test_hashes_are_those_of_the_manifest(self):
        manifest = json.loads(read('electors/manifest.json'))
        table = manifest.get('files', manifest)
        certs = [n for n in table if n.startswith('cert-')]
        self.assertEqual(len(certs), 11)
        for name in certs:
            row = json.loads(self.good('hash', '--json', 'electors/' + name))[0]
            self.assertEqual(row['SHA-256'], table[name]['sha256'], name)
            self.assertEqual(row['SHA-256'], hashlib.sha256(read('electors/' + name)).hexdigest(), name)
            for length in (10, 8, 3):
                self.assertEqual(row['HashedId%d' % length], row['SHA-256'][-2 * length:])

    def test_384_bits(self):
        row = json.loads(self.good('hash', '--json', 'third-party/rasn/E7A4B2B045E7ACF9.oer'))[0]
        self.assertEqual(row['HashedId8'], 'e7a4b2b045e7acf9')
        self.assertEqual(row['SHA-384'], hashlib.sha384(read('third-party/rasn/E7A4B2B045E7ACF9.oer')).hexdigest())

    def test_words(self):
        self.expected('hash.txt', self.good('hash', 'electors/cert-root-1.coer', 'third-party/rasn/E7A4B2B045E7ACF9.oer'))

    def test_the_form_of_rsig_does_not_matter(self):
        """The hash is of the canonical form, in which rSig is x-only."""
        root = read('electors/cert-root-1.coer')
        at = len(root) - 65
        self.assertEqual(root[at], 0x80)
        path = self.file(root[:at] + b'\x82' + root[at + 1:])
        row = json.loads(self.good('hash', '--json', path))[0]
        self.assertEqual(row['SHA-256'], hashlib.sha256(root).hexdigest())

    def test_no_certificate(self):
        self.refused('scms hash: electors/v124-composite-crl.coer: offset 1: Certificate.version: out of range: expected INTEGER (3), '
                     'found 1', 'hash', 'electors/v124-composite-crl.coer')


class Usage(Case):
    def usage(self, error, *args):
        run = scms(*args)
        self.assertEqual(run.returncode, 2, args)
        self.assertIn(error, run.stderr.decode(), args)
        self.assertEqual(run.stdout, b'')

    def test_errors(self):
        self.usage('Usage: scms COMMAND')
        self.usage("scms: no command 'shwo'", 'shwo')
        self.usage('scms show: a file is missing', 'show')
        self.usage("no type or message 'Ballot'", 'show', '--type', 'Ballot', 'x')
        self.usage('--json or --hex, one of them and once', 'show', '--json', '--hex', 'x')
        self.usage("--limit: expected 1 to 4096 MiB, found '0'", 'show', '--limit', '0', 'x')
        self.usage("--limit: expected 1 to 4096 MiB, found '-1'", 'show', '--limit=-1', 'x')
        self.usage("--limit: expected 1 to 4096 MiB, found '5000'", 'show', '--limit', '5000', 'x')
        self.usage('unrecognized option', 'show', '--jason', 'x')
        self.usage('--type is missing', 'encode', 'x')
        self.usage('the JSON file is missing', 'encode', '--type', 'Uint8')
        self.usage("one file is expected, found 'y' too", 'encode', '--type', 'Uint8', 'x', 'y')
        self.usage("no type 'SignedLIRequest'", 'encode', '--type', 'SignedLIRequest', 'x')
        self.usage('a file is missing', 'hash')
        self.usage("no argument is expected, found 'x'", 'types', 'x')

    def test_help_has_an_example(self):
        for command in ('show', 'encode', 'hash', 'types'):
            text = self.good(command, '--help').decode()
            self.assertIn('Usage: scms %s' % command, text)
            self.assertRegex(text, r'Example:\s+scms %s' % ('show' if command == 'encode' else command))
        self.assertIn('  show ', self.good('--help').decode())

    def test_types(self):
        words = self.good('types').decode()
        listed = json.loads(self.good('types', '--json'))
        names = [t['name'] for t in listed['types']]
        self.assertEqual(names, sorted(names))
        self.assertEqual(len(names), len(set(names)))
        for name in ('Certificate', 'ElectorBallot', 'ElectorBallot121', 'CompositeCrl', 'BallotHistory', 'ScmsPolicyExtension'):
            self.assertIn(name, names)
            self.assertRegex(words, r'\n  %s +\w+\n' % name)
        self.assertIn({'name': 'SecuredCrl', 'wrapping': 'signed', 'holds': 'CrlContents'}, listed['messages'])
        for row in listed['types'] + listed['messages']:
            self.assertIn('  %s ' % row['name'], words)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]])

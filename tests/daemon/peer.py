# SPDX-License-Identifier: Apache-2.0
"""What a component says with each request of who it is (src/service/peer.h), for tests that speak as one."""

import base64
import hashlib
import pathlib
import re
import subprocess
import sys
import types

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / 'conformance'))

from plain import messages
from plain.ecdsa import Key

BEGIN = b'SCMS peer 1: my TLS key is '


def statement(who, tls_key, begin=BEGIN, head=messages.header(0x23), **more):
    """The value of SCMS-Peer: who has this TLS key (a PEM file)."""
    public = subprocess.run(['openssl', 'pkey', '-in', tls_key, '-pubout', '-outform', 'DER'], capture_output=True, check=True).stdout
    return base64.b64encode(messages.signed_data(who, begin + hashlib.sha256(public).digest(), head, signer='certificate', **more)).decode()


def of_home(home):
    """The same for a component in a folder whose key is a file."""
    pin = re.search(r'secret = "file:([^"]*)"', (home / 'component.conf').read_text()).group(1)
    text = subprocess.run(['openssl', 'pkey', '-in', home / 'active' / 'sign.pem', '-passin', 'file:' + pin, '-noout', '-text'],
                          capture_output=True, text=True, check=True).stdout
    secret = int(re.search(r'priv:([0-9a-f:\s]*)', text).group(1).translate({ord(c): None for c in ': \n'}), 16)
    certificate = (home / 'active' / 'certificate.coer').read_bytes()
    who = types.SimpleNamespace(key=Key('', secret=secret), bytes=certificate, canonical=certificate)
    return statement(who, home / 'tls' / 'key.pem')

# SPDX-License-Identifier: Apache-2.0
"""A second, plain implementation of the SCMS wire formats. It shares nothing with the C library and needs the standard
library only; nothing in it is constant time, and it is for tests alone.

  coer      canonical OER: primitive values to bytes, and a reader
  schema    schema.txt: the types as published
  codec     decode(type, bytes) -> value, encode(type, value) -> bytes, canonical(value), jer(value)
  ecdsa     four curves, keys made from names, RFC 6979 signatures, verification
  cert      certificates made, good ones and bad ones: Certificate, elector, root, component, enrolment, pseudonym
  messages  signed data, endorsements, ballots, chain files, CRLs, policy files, ballot history, as bytes
  verify    CertificateView and SignedView: hashes, keys and signatures of what was decoded
  linkage   linkage seeds and values
"""

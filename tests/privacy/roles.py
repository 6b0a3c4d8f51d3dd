# SPDX-License-Identifier: Apache-2.0
"""What each component may keep of vehicles. Whatever is not said here is a leak.

The kinds of things that there are of a vehicle:

    device       its serial number at the factory
    address      where it calls from: IP address and port
    enrolment    its enrolment certificate
    request      the hash by which it and the RA name its request
    chain        its linkage chain identifiers, sealed by the LAs
    seed         its linkage seeds
    and of each of its certificates: hpcr, the hash of the RA's request to the PCA; cocoon, the keys in that request;
    plv, both pre-linkage values; value, the linkage value; certificate

A role's row: the kinds that its files may hold; whether what is of one vehicle may be told to be of one; the source. In logs
nothing of a vehicle may stand, whoever writes them: they outlive the row, and go to more people.
"""

from collections import namedtuple

Role = namedtuple("Role", "holds joins source")

ROLES = {
    "ra": Role({"enrolment", "request", "chain", "hpcr", "cocoon"}, True,
               "it authenticates devices, expands their keys, keeps LCIs and what the PCA made, encrypted to the device; the MA asks it by "
               "HPCR (UC3, UC16): it never sees a certificate"),
    "pca": Role({"hpcr", "cocoon", "plv", "value", "certificate"}, False,
                "'all pre-linkage values, certificates, request hashes' (Add PCA), of requests that the RA shuffles (UC3)"),
    "la": Role(set(), False, "it computes what it is asked for; its seeds are in the LCIs, sealed, at the RA (UC3, Linkage Values)"),
    "ma": Role({"value", "certificate"}, False, "reports that are open: which certificate, and about which (UC16); who is behind either "
               "it learns when it revokes"),
    "ma, closed": Role(set(), False, "who reported is forgotten with the case, and so is what was revoked but for a hash"),
    "eca": Role({"enrolment"}, False, "it issues enrolment certificates, and knows no device by name (UC2)"),
    "dcm": Role({"device", "enrolment"}, True, "it knows which device has which enrolment (UC2), and no request of it"),
    "crlg": Role(set(), False, "it signs what the MA orders"),
    "crl-store": Role(set(), False, "it serves what the CRLG signed"),
    "pg": Role(set(), False, "it has to do with components only"),
    "manager": Role(set(), False, "it has to do with components only"),
}

KINDS = ("device", "address", "enrolment", "request", "chain", "seed", "hpcr", "cocoon", "plv", "value", "certificate")

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a source leaky: each leak is one that a tired programmer may write, and the attack must find it in what scmsd then keeps.

    leaky.py SOURCE OUTPUT
"""

import pathlib
import sys

# (what it does, file under src/components, text that it has once, instead, (component, channel, place) of the finding)
LEAKS = [
    ("the RA does not shuffle", "ra/aggregator.c", "*ticket = (int64_t)(random >> 1);", "static int64_t next;\n\t*ticket = next++;",
     ("pca", "order", "db.sqlite-wal")),
    ("the PCA's rows have numbers", "pca/service.c", "craca BLOB NOT NULL) WITHOUT ROWID", "craca BLOB NOT NULL)",
     ("pca", "row id", "issued.rowid")),
    ("the PCA keeps times, not days", "pca/service.c", "db_bytes(answer->p, answer->n), db_integer(role_now() / DAY)",
     "db_bytes(answer->p, answer->n), db_integer((int64_t)clock_now())", ("pca", "timestamp", "issued.day")),
    ("the RA tells the PCA something by which vehicles differ", "ra/supply.c", "hosts = {.ra = role_host(service)",
     "hosts = {.ra = {role_host(service).p, role_host(service).n - (size_t)(seat->request % 7)}", ("pca", "equality", "issued.ra")),
    ("the PCA tells the RA which certificate it made", "pca/service.c", "wrap(&asked, &response, NULL, &answer, &err)",
     "wrap(&asked, &response, issued.linkage_value, &answer, &err)", ("ra", "equality", "item.id10")),
    ("the LA keeps its answers", "la/service.c", "steps[] = {SHARED_KEY_TABLE}",
     "steps[] = {SHARED_KEY_TABLE, \"CREATE TABLE answered (hash BLOB, answer BLOB)\"}", ("la1", "equality", "answered.answer")),
    ("which it does here", "la/service.c", "\t\tif (refused)\n\t\t\tstate->refused++;\n\t\trole_answer(",
     "\t\tif (refused)\n\t\t\tstate->refused++;\n\t\tif (commit_begin(service->commit))\n\t\t\tdb_run(service->db, \"INSERT INTO answered "
     "VALUES ($1, $2)\", DB_VALUES(db_bytes(message.hash, 32), db_bytes(pdu.p, pdu.n)));\n\t\trole_answer(",
     ("la2", "equality", "db.sqlite-wal")),
    ("the LA logs its seeds", "la/chain.c", "\t\tif (!linkage_pre_values(",
     "\t\tjson_t *text = json_array();\n\t\tchar hex[33];\n\n\t\tfor (unsigned k = 0; k < 16; k++)\n\t\t\tsnprintf(hex + 2 * k, 3, \"%02x\", "
     "seed[k]);\n\t\tjson_array_append_new(text, json_string(hex));\n\t\tlog_event(la->id == 0x8e09 ? \"la1\" : \"la2\", LOG_LEVEL_INFO, "
     "\"seeds\", \"s:o\", \"seed\", text);\n\t\tif (!linkage_pre_values(", ("la1", "equality", "log: seeds.seed.0")),
    ("for which it needs this", "la/chain.c", "#include <stdlib.h>", "#include \"service/log.h\"\n\n#include <jansson.h>\n#include <stdio.h>\n"
     "#include <stdlib.h>", None),
]


def main():
    source, output = map(pathlib.Path, sys.argv[1:])
    text = source.read_text()
    for what, file, before, after, _ in LEAKS:
        if not source.match(f"src/components/{file}"):
            continue
        if text.count(before) != 1:
            print(f"leak '{what}': {source} has its text {text.count(before)} times, not once")
            return 1
        text = text.replace(before, after)
    output.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())

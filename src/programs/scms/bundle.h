/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h: the bootstrap bundle: a folder that a new device or component is given in a secure place.
 *
 *   bootstrap.json          the `init --config` file of the conformance protocol
 *   elector-*.coer, root-*.coer   whom it names
 *   chain.oer               a chain file with the ballots behind the roots
 *   tls-roots.pem           X.509 roots of the servers
 */
#ifndef PROGRAMS_BUNDLE_H
#define PROGRAMS_BUNDLE_H

#include "service/store_dir.h"

/*
 * Makes a store at path from a bundle's bootstrap.json, with certificates of its holder and those above it beside what
 * the file says, and applies the bundle's chain and policy. path NULL: tries only, and leaves nothing. text says why
 * not, and on success how many roots and electors it trusts.
 */
bool bundle_store_make(const char *json, const char *path, const struct scms_slice *own, size_t own_count,
		       const struct scms_slice *certificates, size_t certificate_count,
		       const struct scms_crypto *crypto, char *text, size_t size);

#endif

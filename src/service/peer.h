/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peer.h: is a component that calls still one?
 *
 * TLS says the host and the role of a caller, for as long as its TLS certificate holds, which nobody takes back. Whether it is
 * believed is the trust store's to say: with each request a component shows a statement, signed by its IEEE 1609.2 certificate in
 * use, that the key of its TLS certificate is its own. That certificate must be of the same host and role, and valid in the store of
 * whom it calls. So who is revoked, or whose root is removed or suspended, is refused with its next request (rule D7), on
 * connections that are open too; and the TLS key of a component that was revoked is of no use beside the certificate of the one that
 * took its place under its name.
 *
 * What is judged is what was signed: a chain file that lacks a component takes nothing from it. Roles that have no such
 * certificate (CRL store, manager, factory) are known by TLS alone.
 *
 * The statement is SignedData of PSID 0x23 without header fields, its signer one certificate, its payload PEER_STATEMENT and the
 * SHA-256 of the TLS key (SubjectPublicKeyInfo, DER), in Base64. It is no secret: only who has the TLS key can use it.
 */
#ifndef SERVICE_PEER_H
#define SERVICE_PEER_H

#include "service/daemon.h"

#define PEER_HEADER "SCMS-Peer"
#define PEER_STATEMENT "SCMS peer 1: my TLS key is " /* no other message begins like this */

/* The header line of a component (cert and sign of party) that has the TLS key with this hash (tls_key_hash). To be freed. */
SCMS_CHECKED enum key_status peer_line_make(const struct party *party, const uint8_t tls_key[32], char **line, struct key_error *err);

/* Statements that were found to be their signers', of the callers of a component; whether these are valid is asked each time. */
#define PEERS_KNOWN_MAX 32
struct peers {
	struct peer_known {
		uint8_t hash[32]; /* of the line and the TLS key */
		struct bytes signer; /* its certificate; empty: nothing is here */
	} known[PEERS_KNOWN_MAX];
	unsigned next;
};

void peers_free(struct peers *peers);

#define PEER_WHY_BYTES 256

/* May who called act in this role, which its TLS certificate has? False: why says what is wrong. */
SCMS_CHECKED bool peer_is_believed(const struct service *service, struct peers *peers, const struct http_exchange *exchange,
				   const char *role, char why[PEER_WHY_BYTES]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trustee.h: a component's trust store in its process: judges signers for it, takes updates, and says whether the
 * component itself may go on (trust rules D6.1, D6.2).
 *
 * It is the same library that a vehicle has, over the same directory (service/store_dir.h). While a trustee is open,
 * others may read the directory and nobody else changes it.
 *
 * Verdicts on components' certificates are remembered, and forgotten when the store changes, when the quorum in force
 * changes, and at the end of a certificate's validity: a removal takes effect with the next message (rule D7). So do chains and slices that the
 * trustee gave: they are good until the next trustee_apply(). What a handler needs for longer it copies.
 *
 * One thread at a time.
 */
#ifndef COMPONENTS_TRUSTEE_H
#define COMPONENTS_TRUSTEE_H

#include "components/message.h"
#include "service/store_dir.h"

#include <jansson.h>

struct trustee;

/* Opens the store in this directory; crypto must outlive the trustee. NULL: err says why and what would mend it. */
struct trustee *trustee_open(const char *path, const struct scms_crypto *crypto, struct store_dir_error *err);
void trustee_close(struct trustee *trustee);

/* For message_open(). Signers are looked for among all that the store knows, and what a message brings. */
const struct message_judge *trustee_judge(struct trustee *trustee);

/* Is this certificate valid now? */
enum scms_reason trustee_check(struct trustee *trustee, struct scms_slice certificate, scms_time64 now);

/*
 * Finds the k-th certificate, k from 0, with this HashedId8 among all that the store knows (roots, chain file, issuers at hand,
 * own). False past the last.
 */
bool trustee_find(struct trustee *trustee, const uint8_t id8[8], unsigned k, struct scms_slice *certificate);

/*
 * Further candidates (encodings one after another, copied) among which issuers and signers are looked for, in place of those given
 * before. As all candidates they are trusted for nothing (rule B8). False: without memory; then the store cannot be used any more.
 */
SCMS_CHECKED bool trustee_know(struct trustee *trustee, struct scms_slice certificates);

/* Those; until the next of it. */
struct scms_slice trustee_known(const struct trustee *trustee);

/*
 * Whose the store is: its holder's certificate in force, and the encodings of those above it (SequenceOfCertificate; empty:
 * the store knows them), both copied; after each change of identity. Empty for those that have none (CRL store, manager).
 */
SCMS_CHECKED bool trustee_identify(struct trustee *trustee, struct scms_slice certificate, struct scms_slice issuers);

/*
 * SCMS_VALID while the holder may issue; otherwise why it must stop at once and say so to callers (rule D6.2). Cheap: to
 * be asked before each act. Without a certificate: SCMS_VALID as long as the store can be read.
 */
enum scms_reason trustee_standing(struct trustee *trustee, scms_time64 now);

enum trustee_status {
	TRUSTEE_DONE = 0,   /* carried out; some file may have been refused */
	TRUSTEE_CLOCK_BACK, /* rule G6: nothing was done */
	TRUSTEE_BUSY,	    /* another process has the store: nothing was done */
	TRUSTEE_FAILED,	    /* the store could not be read or written: it is as it was */
};

/* What came of a session. */
struct trustee_outcome {
	enum trustee_status status;
	bool changed, refused; /* as in struct scms_session_result */
	json_t *report;	       /* the session's report (conformance/README.md); NULL unless TRUSTEE_DONE. To be let go */
	char text[256];	       /* where not TRUSTEE_DONE: what is wrong, for people */
};

/* One session (rule E1): applied, made durable, logged. The slices may not be the trustee's own. */
struct trustee_outcome trustee_apply(struct trustee *trustee, const struct scms_session *session, scms_time64 now);

/* For questions that change nothing (scms/trust.h); until the next trustee_apply(). NULL: the store cannot be read any more. */
const struct scms_store *trustee_store(const struct trustee *trustee);
const struct scms_objects *trustee_objects(const struct trustee *trustee);

/*
 * For one who asks and applies nothing: others may change the store from now on, and what this one has read stays as it is until it is
 * opened again. False: the store cannot be read.
 */
SCMS_CHECKED bool trustee_release(struct trustee *trustee);

/* Rises with every change of the store, also by other processes between two sessions. */
uint64_t trustee_counter(const struct trustee *trustee);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * component_work.h: what the sub-commands of `scms component` and `scms found` share: homes in a workspace, who issues,
 * and the making of identities.
 */
#ifndef PROGRAMS_COMPONENT_WORK_H
#define PROGRAMS_COMPONENT_WORK_H

#include "components/authority/issue.h"
#include "operator.h"

/* A command at work on a workspace. */
struct work {
	const struct operator_options *options;
	struct workspace workspace;
	const struct scms_crypto *crypto;
	scms_time64 now;
};

/* Opens the workspace. The exit code; on OPERATOR_DONE to be ended with work_end(). */
int work_begin(struct work *work, const struct operator_options *options, enum workspace_use use);
void work_end(struct work *work);

/* Writes an entry into the workspace's journal; code unless that fails. file may be NULL. */
int work_journal(struct work *work, int code, const char *what, const char *why, const char *file,
		 struct scms_slice bytes);

/* Opens the home of a component of the workspace; NULL: said why, *code is the exit code. */
struct home *work_home(struct work *work, const char *name, int *code);

/*
 * Calls visit for the home of each component of the workspace, by name; what is not OPERATOR_DONE, or a home that cannot be
 * opened, ends it and is the exit code.
 */
int work_each(struct work *work, int (*visit)(void *ctx, struct work *work, struct home *home), void *ctx);

/* The name of the component of this workspace that has this certificate in use, to be freed; NULL: none has. */
char *work_holder(struct work *work, const struct cert *cert);

/* Has it no time left? */
bool work_is_expired(const struct work *work, const struct cert *cert);

/* ---- issuers ---- */

struct work_issuer {
	struct home *home;
	const struct home_identity *identity;
	struct private_key *key;
	struct component_issuer by;
	struct scms_slice chain; /* SequenceOfCertificate: the issuer and those above it */
};

/*
 * Opens the issuer of a certificate of this profile: the component of that name, or, with NULL, the only one that may
 * be. Refused: one of the wrong role, without certificate, expired, revoked, or whose own trust store says that it must
 * stop (rule D6.2). The exit code; to be closed in any case.
 */
int work_issuer_open(struct work *work, enum profile profile, const char *name, enum home_slot slot,
		     struct work_issuer *issuer);
void work_issuer_close(struct work_issuer *issuer);

/* ---- identities ---- */

struct work_order {
	const char *issuer;         /* NULL: the only one that may be */
	enum home_slot issuer_slot; /* HOME_STAGED: issued by what the issuer will be */
	bool request;               /* stop at the request: another workspace issues */
	bool has_start;
	scms_time32 start;
	enum scms_curve curve; /* of the signing key */
	const char *keys;      /* as in scms.conf; NULL: as there */
};

/* What was made. */
struct work_made {
	char id8[17], hash[65]; /* hex; empty without a certificate */
};

/*
 * Gives a home a staged identity: a rehearsal with keys that are thrown away, then keys, request and, unless
 * order->request, the certificate. Nothing is activated. The exit code; on failure the home is as it was.
 */
int work_identity_make(struct work *work, struct home *home, const struct work_order *order, struct work_made *made);

/* Activates what is staged if its moment has come, says so, and says what keys are left in tokens. The exit code. */
int work_activate(struct work *work, struct home *home, bool *changed);

/* The certificates above an identity, in an array of CHAIN_MAX - 1 of the caller's. They point into the identity. */
const struct scms_slice *work_issuer_slices(const struct home_identity *identity, struct scms_slice *to, size_t *count);

/* ---- TLS identities (component_tls.c). Offline roles have none. The exit code; on failure what was there stays ---- */

/* Makes it, or makes it anew, under the workspace's TLS root, which is made if there is none yet. */
int work_tls_make(struct work *work, const struct home_settings *settings, const char *home);

/* A key and a request for another workspace, kept in the home until the answer comes. */
int work_tls_request(struct work *work, const struct home_settings *settings, const char *home);

/* The request as a file to be carried. */
int work_tls_request_out(struct work *work, const struct home *home, struct workspace_file *file);

/* Is it such a request, or the answer to one, by its first line? */
bool work_tls_is_request(struct scms_slice bytes);
bool work_tls_is_answer(struct scms_slice bytes);

/* Issues what such a file asks for, to the file `out`; NULL: requests/HOST.tls.pem. */
int work_tls_issue(struct work *work, const char *file, const char *out);

/* Takes the answer: it is the home's TLS identity from now on. */
int work_tls_install(struct work *work, const struct home *home, const char *file);

/* ---- new components ---- */

/* Makes a new component, whole or not at all: home, TLS identity, keys, certificate; activates it unless
 * order->request. */
int work_component_create(struct work *work, const struct home_settings *settings, const struct work_order *order,
			  struct work_made *made);

/* The settings of a new component: host and secret from the workspace where NULL. False: name, host or secret will not
 * do. */
bool work_settings(const struct work *work, enum role role, const char *name, const char *host, uint16_t la_id,
		   struct home_settings *settings);

/* Says each finding on standard error. */
void work_lint_say(const struct work *work, const struct lint *lint);

#endif

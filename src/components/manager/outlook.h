/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outlook.h: what a motion or a plan would mean: the elector body and the roots before and after, and what is wrong with it.
 *
 * All of it is judged against a store of one's own; nothing that a proposal says of the world is believed.
 */
#ifndef COMPONENTS_MANAGER_OUTLOOK_H
#define COMPONENTS_MANAGER_OUTLOOK_H

#include "base/leap.h"
#include "components/authority/profile.h"
#include "components/manager/proposal.h"
#include "components/manager/simulation.h"

#include <jansson.h>
#include <stdio.h>

/* The elector body and the roots of a store, in numbers. */
struct outlook {
	uint32_t electors; /* in the store */
	uint32_t able;	   /* of these, who may vote now */
	uint8_t quorum;
	uint32_t roots;
	uint32_t trusted_roots;
};

struct outlook outlook_of(const struct scms_store *store, scms_time64 now);

/*
 * The times after `now` at which the policy's quorum changes, those of a policy that is not active yet included, in order.
 * Returns how many there are in times.
 */
#define OUTLOOK_CHANGES_MAX 33
size_t outlook_quorum_changes(const struct scms_store *store, scms_time64 now, scms_time64 times[OUTLOOK_CHANGES_MAX]);

/* How bad a finding is. */
enum gravity {
	FINDING_NOTE,	 /* to be known */
	FINDING_WARNING, /* to be thought about */
	FINDING_GRAVE,	 /* needs an explicit override */
	FINDING_REFUSED, /* the motion cannot be carried out, or must not be signed */
};

struct finding {
	enum gravity gravity;
	const char *code; /* "LOCK_OUT", or the name of a reason */
	char text[400];
};

#define FINDINGS_MAX 48

struct findings {
	size_t n; /* in list; more are dropped, the gravest never */
	struct finding list[FINDINGS_MAX];
};

void finding_add(struct findings *findings, enum gravity gravity, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The greatest gravity among them; FINDING_NOTE for none. */
enum gravity findings_worst(const struct findings *findings);

/*
 * What the change from one store to another means: LOCK_OUT (fewer electors than votes needed), NO_ROOT, ROOT_SUSPENDED,
 * NO_SPARE, EVEN, QUORUM_LOWER, members gone and come (rules F2, G3, H7; 2n + 1 electors).
 */
void outlook_compare(const struct scms_store *before, const struct scms_store *after, scms_time64 now,
		     struct findings *findings);

/*
 * What speaks against a motion: lint of a candidate, times that cannot be, what the store says of its subject. outcome is
 * that of simulation_carry_out on a copy of store.
 */
void outlook_motion(const struct proposal *proposal, enum profile_level level, const struct scms_store *store, scms_time64 now,
		    enum scms_reason outcome, const struct scms_crypto *crypto, struct findings *findings);

/* ---- in words and as JSON ---- */

/* A proposal: motion, subject with fingerprint in hex and in words, validity, who proposes, when, and why. */
void proposal_words(FILE *to, const struct proposal *proposal, const struct leap_table *leaps);
json_t *proposal_json(const struct proposal *proposal);

/* Text of a file, in quotation marks, without what a terminal would obey. */
void text_words(FILE *to, struct scms_slice text);

/* Members of a store: who may vote, which roots are trusted, on how many votes. */
void outlook_words(FILE *to, const struct scms_store *store, scms_time64 now, const struct leap_table *leaps,
		   const struct scms_crypto *crypto);
json_t *outlook_json(const struct scms_store *store, scms_time64 now);

void findings_words(FILE *to, const struct findings *findings);
json_t *findings_json(const struct findings *findings);

#endif

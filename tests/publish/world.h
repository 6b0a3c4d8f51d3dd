/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h: a whole SCMS in memory, for the tests of what publishers make: electors, roots, all components, votes, and trust
 * stores that judge the files.
 */
#ifndef TESTS_PUBLISH_WORLD_H
#define TESTS_PUBLISH_WORLD_H

#include "components/authority/profile.h"
#include "components/message.h"
#include "tests/publish/votes.h"

#include <scms/trust.h>

/* 2026-11-25, as Time32; all certificates begin a day before. */
#define WORLD_START 722736005u
#define WORLD_NOW ((scms_time64)(WORLD_START + 86400) * 1000000u)
#define WORLD_DAY ((scms_time64)86400 * 1000000u)

/* Somebody with a certificate and its key. */
struct actor {
	struct private_key *key;
	struct bytes bytes;
	struct cert cert;
	struct party party;
};

enum { ELECTOR_A, ELECTOR_B, ELECTOR_C, ELECTOR_D, ELECTOR_E, ELECTORS };

struct world {
	struct actor elector[ELECTORS];
	struct actor root, root2;
	struct actor ica, eca, pca, pca2, ra, la, ma, crlg, pg, dcm;
	struct actor ica2, pca3, ma2, pg2; /* below root2 */
};

/* Makes everybody; ends the test where that fails. */
void world_make(struct world *world);
void world_free(struct world *world);

/* One more, with its own validity. issuer NULL: self-issued. `hours` 0: the profile's own. */
void actor_make(struct actor *actor, enum profile profile, const char *name, const struct actor *issuer,
		const struct actor *root, scms_time32 start, uint16_t hours);
void actor_free(struct actor *actor);

/* ---- trust stores ---- */

/* A trust store in memory with its objects. */
struct memory_store {
	struct scms_store *store;
	void *room;
	struct scms_objects objects;
	struct memory_object *first;
};

/* A new one that trusts electors A, B and C and the root, quorum 2; `crls` and chain files come by sessions. */
void store_make(struct memory_store *store, const struct world *world, scms_time64 now);
/* With the first, or both, of the roots. */
void store_make_roots(struct memory_store *store, const struct world *w, scms_time64 now, uint32_t root_count);
void store_free(struct memory_store *store);

/* What a session reported of each file: the last outcome of each kind, and of ballots by subject. */
#define SEEN_MAX 64
struct seen {
	enum scms_session_status status;
	bool refused, changed;
	bool has_policy, has_chain;
	enum scms_reason policy, chain;
	uint16_t version;
	size_t crls, ballots, refusals;
	struct {
		uint16_t series;
		enum scms_reason outcome;
	} crl[SEEN_MAX];
	struct {
		enum scms_motion motion;
		uint8_t subject[32];
		enum scms_reason outcome;
	} ballot[SEEN_MAX];
};

/* One session. */
void store_session(struct memory_store *store, const struct scms_session *session, scms_time64 now, struct seen *seen);

/* Outcome of the ballot with this motion on this subject; SCMS_REASON_FAILED: none was reported. */
enum scms_reason seen_ballot(const struct seen *seen, enum scms_motion motion, const struct actor *subject);
enum scms_reason seen_crl(const struct seen *seen, uint16_t series);

extern const struct scms_crypto judge;

#endif

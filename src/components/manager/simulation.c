/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/simulation.h"

#include "dot2/validity.h"
#include "trust/effects.h"
#include "trust/members.h"
#include "trust/quorum.h"
#include "trust/tombstone.h"

#include <stdlib.h>
#include <string.h>

/* An object that the simulation made itself. */
struct made {
	struct made *next;
	uint8_t digest[32];
	size_t n;
	uint8_t bytes[];
};

struct simulation {
	const struct scms_crypto *crypto;
	const struct scms_objects *below; /* or NULL */
	struct scms_objects objects;
	struct made *made;
	struct scms_store *store;
	void *memory;
};

static bool object_get(void *ctx, const uint8_t digest[32], struct scms_slice *bytes)
{
	const struct simulation *simulation = ctx;

	for (const struct made *made = simulation->made; made != NULL; made = made->next)
		if (memcmp(made->digest, digest, 32) == 0) {
			*bytes = (struct scms_slice){made->bytes, made->n};
			return true;
		}
	return simulation->below != NULL && simulation->below->get(simulation->below->ctx, digest, bytes);
}

static bool object_put(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n)
{
	struct simulation *simulation = ctx;
	struct made *made;
	size_t size = 0;

	for (size_t k = 0; k < n; k++)
		size += parts[k].n;
	made = malloc(sizeof(*made) + size);
	if (made == NULL)
		return false;
	memcpy(made->digest, digest, 32);
	made->n = 0;
	for (size_t k = 0; k < n; made->n += parts[k++].n)
		if (parts[k].n > 0)
			memcpy(made->bytes + made->n, parts[k].p, parts[k].n);
	made->next = simulation->made;
	simulation->made = made;
	return true;
}

static struct simulation *begin(const struct scms_limits *limits, const struct scms_objects *below,
				const struct scms_crypto *crypto)
{
	struct simulation *simulation = calloc(1, sizeof(*simulation));

	if (simulation == NULL)
		return NULL;
	*simulation = (struct simulation){.crypto = crypto, .below = below, .objects = {simulation, object_get, object_put}};
	simulation->memory = malloc(scms_store_size(limits));
	if (simulation->memory != NULL)
		return simulation;
	free(simulation);
	return NULL;
}

struct simulation *simulation_new(const struct scms_store *store, const struct scms_objects *objects,
				  const struct scms_crypto *crypto)
{
	struct simulation *simulation = begin(&store->limits, objects, crypto);
	uint8_t *encoded;
	size_t n;

	if (simulation == NULL)
		return NULL;
	(void)scms_store_encode(store, NULL, 0, &n);
	encoded = malloc(n);
	if (encoded != NULL && scms_store_encode(store, encoded, n, &n))
		simulation->store =
		    scms_store_decode(simulation->memory, scms_store_size(&store->limits), (struct scms_slice){encoded, n}, crypto);
	free(encoded);
	if (simulation->store != NULL)
		return simulation;
	simulation_free(simulation);
	return NULL;
}

struct simulation *simulation_bootstrap(const struct scms_bootstrap *bootstrap, const struct scms_crypto *crypto,
					struct scms_bootstrap_error *err)
{
	struct simulation *simulation = begin(&bootstrap->limits, NULL, crypto);

	*err = (struct scms_bootstrap_error){.list = "limits"};
	if (simulation == NULL)
		return NULL;
	simulation->store = scms_store_init(simulation->memory, scms_store_size(&bootstrap->limits), bootstrap, crypto,
					    &simulation->objects, err);
	if (simulation->store != NULL)
		return simulation;
	simulation_free(simulation);
	return NULL;
}

struct scms_store *simulation_store(struct simulation *simulation)
{
	return simulation->store;
}

struct trust_env simulation_env(struct simulation *simulation)
{
	return (struct trust_env){simulation->crypto, &simulation->objects};
}

struct scms_session_result simulation_apply(struct simulation *simulation, const struct scms_session *session, scms_time64 now,
					    const struct scms_report *report)
{
	static const struct scms_report silent = {0};
	struct scms_session_result result = {.status = SCMS_SESSION_NO_ROOM};
	size_t size = scms_session_work_size(simulation->store, session);
	void *work = malloc(size);

	if (work != NULL)
		result = scms_store_apply(simulation->store, session, now, simulation->crypto, &simulation->objects, work, size,
					  report != NULL ? report : &silent);
	free(work);
	return result;
}

bool elector_may_vote(const struct scms_store *store, uint32_t k, scms_time64 now)
{
	struct scms_member member;

	return scms_store_elector(store, now, k, &member) && member.valid_from <= now && now < member.valid_until;
}

/* Is this an elector who may vote at `now`? */
static bool has_voter(const struct scms_store *store, const uint8_t identity[32], scms_time64 now)
{
	int k = elector_find(store, identity);

	return k >= 0 && elector_may_vote(store, (uint32_t)k, now);
}

/* Places of all electors who may vote, there and here, the subject left out (B6). */
static uint64_t all_votes(const struct scms_store *store, const struct scms_store *body, const struct cert *subject, scms_time64 now)
{
	uint64_t places = 0;

	for (uint32_t k = 0; k < store->elector_count; k++)
		if (elector_may_vote(store, k, now) && has_voter(body, store->electors[k].identity, now) &&
		    memcmp(store->electors[k].identity, subject->hash256, 32) != 0)
			places |= UINT64_C(1) << store->electors[k].endorser;
	return places;
}

static enum scms_reason add(struct scms_store *store, enum scms_motion motion, const struct cert *subject, uint64_t votes,
			    struct scms_slice bytes, scms_time64 now, const struct scms_crypto *crypto)
{
	int root = root_find(store, subject->hash256);
	uint8_t m = quorum_in_force(store, now, NULL);

	if (motion == SCMS_ADD_ELECTOR && elector_find(store, subject->hash256) >= 0)
		return SCMS_ALREADY;
	if (motion == SCMS_ADD_ROOT && root >= 0) {
		if ((votes & ~store->roots[root].endorsers) == 0)
			return SCMS_ALREADY;
		root_endorse(store, (uint32_t)root, votes);
		return SCMS_APPLIED;
	}
	if (tombstone_bars(store, subject, crypto))
		return SCMS_SUBJECT_TOMBSTONED;
	if (member_duplicates(store, subject))
		return SCMS_SUBJECT_DUPLICATE;
	if (now >= validity_end(&subject->c.toBeSigned.validityPeriod))
		return SCMS_SUBJECT_EXPIRED;
	if (!member_fits(store, motion == SCMS_ADD_ELECTOR, now))
		return SCMS_STORE_FULL;
	if ((unsigned)__builtin_popcountll(votes) < m)
		return SCMS_QUORUM_NOT_MET;
	if (motion == SCMS_ADD_ELECTOR)
		elector_add(store, subject, bytes, now);
	else
		root_add(store, subject, bytes, m, votes, false);
	return SCMS_APPLIED;
}

static enum scms_reason take_out(struct scms_store *store, enum scms_motion motion, const struct cert *subject, uint64_t votes,
				 scms_time64 time, scms_time64 now, const struct scms_crypto *crypto)
{
	int elector = motion == SCMS_REMOVE_ELECTOR ? elector_find(store, subject->hash256) : -1;
	int root = motion == SCMS_REMOVE_ROOT ? root_find(store, subject->hash256) : -1;
	bool member = elector >= 0 || root >= 0;

	if (tombstone_find(store, subject->hash256) >= 0)
		return SCMS_ALREADY;
	if (!member && now > validity_end(&subject->c.toBeSigned.validityPeriod) + TIME64_YEAR)
		return SCMS_SUBJECT_EXPIRED;
	if (!tombstone_fits(store, member))
		return SCMS_TOMBSTONE_FULL;
	if ((unsigned)__builtin_popcountll(votes) < quorum_in_force(store, now, NULL))
		return SCMS_QUORUM_NOT_MET;
	if (motion == SCMS_REMOVE_ELECTOR)
		elector_bury(store, subject, elector, time, crypto);
	else
		root_bury(store, subject, root, time, now, crypto);
	return SCMS_APPLIED;
}

enum scms_reason simulation_carry_out(struct simulation *simulation, const struct scms_store *body, enum scms_motion motion,
				      struct scms_slice certificate, scms_time64 time, scms_time64 now)
{
	struct scms_store *store = simulation->store;
	struct cert subject;
	uint64_t votes;

	if (cert_read(&subject, certificate, simulation->crypto, NULL) != OER_OK)
		return SCMS_SUBJECT_PROFILE;
	if (time > now + store->skew)
		return SCMS_TBS_TIME_FUTURE;
	votes = all_votes(store, body, &subject, now);
	return motion_removes(motion) ? take_out(store, motion, &subject, votes, time, now, simulation->crypto)
				      : add(store, motion, &subject, votes, certificate, now, simulation->crypto);
}

void simulation_free(struct simulation *simulation)
{
	if (simulation == NULL)
		return;
	for (struct made *made = simulation->made, *next; made != NULL; made = next) {
		next = made->next;
		free(made);
	}
	free(simulation->memory);
	free(simulation);
}

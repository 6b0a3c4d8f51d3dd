/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/publish/world.h"

#include "dot2/issue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool ok, const char *what, const char *text)
{
	if (ok)
		return;
	fprintf(stderr, "world: %s: %s\n", what, text);
	exit(1);
}

void actor_make(struct actor *actor, enum profile profile, const char *name, const struct actor *issuer,
		const struct actor *root, scms_time32 start, uint16_t hours)
{
	const struct Duration duration = {.choice = Duration_is_hours, .u.hours = hours};
	struct profile_subject subject = {
	    .name = {(const uint8_t *)name, strlen(name)}, .start = start, .la_id = 1, .duration = hours ? &duration : NULL};
	struct key_error err = {.text = ""};
	struct private_key *encryption = NULL;
	struct signer by = {.crypto = &judge};
	struct ToBeSignedCertificate tbs;
	struct profile_room room;

	memset(actor, 0, sizeof(*actor));
	must(private_key_random(SCMS_NIST_P256, &actor->key, &err) == KEY_OK, name, err.text);
	subject.verify = private_key_public(actor->key);
	if (root != NULL)
		memcpy(subject.craca_id, root->cert.hash256 + 29, 3);
	if (profile_row(profile)->encryption == PRESENT) {
		must(private_key_random(SCMS_NIST_P256, &encryption, &err) == KEY_OK, name, err.text);
		subject.encrypt = private_key_public(encryption);
	}
	must(profile_fill(profile, LEVEL_POC, &subject, &room, &tbs, &err) == KEY_OK, name, err.text);
	if (hours != 0)
		tbs.validityPeriod.duration = duration;
	by.key = issuer ? issuer->key : actor->key;
	by.cert = issuer ? &issuer->cert : NULL;
	must(cert_issue(&tbs, &by, &actor->bytes, &err) == KEY_OK, name, err.text);
	must(cert_read(&actor->cert, bytes_view(&actor->bytes), &judge, NULL) == OER_OK, name, "cannot be read");
	actor->party = (struct party){.crypto = &judge, .cert = &actor->cert, .sign = actor->key};
	private_key_free(encryption);
}

void actor_free(struct actor *actor)
{
	private_key_free(actor->key);
	bytes_free(&actor->bytes);
}

static void below(struct actor *actor, enum profile profile, const char *name, const struct actor *issuer, const struct actor *root)
{
	actor_make(actor, profile, name, issuer, root, WORLD_START, 0);
}

void world_make(struct world *w)
{
	static const char *const names[ELECTORS] = {"A", "B", "C", "D", "E"};

	memset(w, 0, sizeof(*w));
	for (unsigned k = 0; k < ELECTORS; k++)
		below(&w->elector[k], PROFILE_ELECTOR, names[k], NULL, NULL);
	below(&w->root, PROFILE_ROOT, "root.example.org", NULL, NULL);
	below(&w->root2, PROFILE_ROOT, "root2.example.org", NULL, NULL);
	below(&w->ica, PROFILE_ICA, "ica.example.org", &w->root, &w->root);
	below(&w->eca, PROFILE_ECA, "eca.example.org", &w->ica, &w->root);
	below(&w->pca, PROFILE_PCA, "pca.example.org", &w->ica, &w->root);
	below(&w->pca2, PROFILE_PCA, "pca2.example.org", &w->ica, &w->root);
	below(&w->ra, PROFILE_RA, "ra.example.org", &w->ica, &w->root);
	below(&w->la, PROFILE_LA, "la.example.org", &w->ica, &w->root);
	below(&w->dcm, PROFILE_DCM, "dcm.example.org", &w->ica, &w->root);
	below(&w->ma, PROFILE_MA, "ma.example.org", &w->root, &w->root);
	below(&w->crlg, PROFILE_CRLG, "crlg.example.org", &w->root, &w->root);
	below(&w->pg, PROFILE_PG, "pg.example.org", &w->root, &w->root);
	below(&w->ica2, PROFILE_ICA, "ica2.example.org", &w->root2, &w->root2);
	below(&w->pca3, PROFILE_PCA, "pca3.example.org", &w->ica2, &w->root2);
	below(&w->ma2, PROFILE_MA, "ma2.example.org", &w->root2, &w->root2);
	below(&w->pg2, PROFILE_PG, "pg2.example.org", &w->root2, &w->root2);
}

void world_free(struct world *w)
{
	struct actor *others[] = {&w->root, &w->root2, &w->ica, &w->eca, &w->pca, &w->pca2, &w->ra, &w->la, &w->dcm, &w->ma,
				  &w->crlg, &w->pg, &w->ica2, &w->pca3, &w->ma2, &w->pg2};

	for (unsigned k = 0; k < ELECTORS; k++)
		actor_free(&w->elector[k]);
	for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
		actor_free(others[k]);
}

/* ---- trust stores ---- */

struct memory_object {
	struct memory_object *next;
	uint8_t digest[32];
	struct scms_slice bytes;
};

static bool object_get(void *ctx, const uint8_t digest[32], struct scms_slice *bytes)
{
	const struct memory_store *store = ctx;

	for (const struct memory_object *o = store->first; o != NULL; o = o->next)
		if (memcmp(o->digest, digest, 32) == 0) {
			*bytes = o->bytes;
			return true;
		}
	return false;
}

static bool object_put(void *ctx, const uint8_t digest[32], const struct scms_slice *parts, size_t n)
{
	struct memory_store *store = ctx;
	struct memory_object *o;
	size_t size = 0;
	uint8_t *to;

	for (size_t k = 0; k < n; k++)
		size += parts[k].n;
	o = malloc(sizeof(*o) + size);
	must(o != NULL, "object", "no memory");
	to = (uint8_t *)(o + 1);
	*o = (struct memory_object){.next = store->first, .bytes = {to, size}};
	memcpy(o->digest, digest, 32);
	for (size_t k = 0; k < n; k++) {
		if (parts[k].n > 0)
			memcpy(to, parts[k].p, parts[k].n);
		to += parts[k].n;
	}
	store->first = o;
	return true;
}

void store_make_roots(struct memory_store *store, const struct world *w, scms_time64 now, uint32_t root_count)
{
	const struct scms_slice electors[] = {bytes_view(&w->elector[ELECTOR_A].bytes), bytes_view(&w->elector[ELECTOR_B].bytes),
					      bytes_view(&w->elector[ELECTOR_C].bytes)};
	const struct scms_slice roots[] = {bytes_view(&w->root.bytes), bytes_view(&w->root2.bytes)};
	const struct scms_bootstrap bootstrap = {.now = now,
						 .electors = electors,
						 .elector_count = 3,
						 .roots = roots,
						 .root_count = root_count,
						 .quorum = 2,
						 .quorum_ceiling = 4};
	struct scms_bootstrap_error err = {.list = ""};
	size_t size = scms_store_size(&bootstrap.limits);

	*store = (struct memory_store){.room = malloc(size)};
	store->objects = (struct scms_objects){.ctx = store, .get = object_get, .put = object_put};
	store->store = scms_store_init(store->room, size, &bootstrap, &judge, &store->objects, &err);
	must(store->store != NULL, "store", err.list);
}

void store_make(struct memory_store *store, const struct world *w, scms_time64 now)
{
	store_make_roots(store, w, now, 1);
}

void store_free(struct memory_store *store)
{
	while (store->first != NULL) {
		struct memory_object *o = store->first;

		store->first = o->next;
		free(o);
	}
	free(store->room);
}

static void see_ballot(void *ctx, const struct scms_ballot_report *ballot)
{
	struct seen *seen = ctx;
	size_t k = 0;

	while (k < seen->ballots &&
	       (seen->ballot[k].motion != ballot->motion || memcmp(seen->ballot[k].subject, ballot->subject, 32) != 0))
		k++;
	if (k == SEEN_MAX)
		return;
	if (k == seen->ballots)
		seen->ballots++;
	seen->ballot[k].motion = ballot->motion;
	memcpy(seen->ballot[k].subject, ballot->subject, 32);
	seen->ballot[k].outcome = ballot->outcome;
}

static void see_policy(void *ctx, enum scms_reason outcome)
{
	struct seen *seen = ctx;

	seen->has_policy = true;
	seen->policy = outcome;
}

static void see_chain(void *ctx, enum scms_reason outcome, uint16_t version)
{
	struct seen *seen = ctx;

	seen->has_chain = true;
	seen->chain = outcome;
	seen->version = version;
}

static void see_crl(void *ctx, const uint8_t craca[8], uint16_t series, enum scms_reason outcome)
{
	struct seen *seen = ctx;

	(void)craca;
	if (seen->crls < SEEN_MAX) {
		seen->crl[seen->crls].series = series;
		seen->crl[seen->crls++].outcome = outcome;
	}
}

static void see_refusal(void *ctx, const struct scms_refusal *refusal)
{
	struct seen *seen = ctx;

	fprintf(stderr, "refused: file %d: %s at %zu: %s: expected %s, found %s\n", refusal->file,
		scms_reason_name(refusal->reason), refusal->offset, refusal->path, refusal->expected, refusal->found);
	seen->refusals++;
}

void store_session(struct memory_store *store, const struct scms_session *session, scms_time64 now, struct seen *seen)
{
	const struct scms_report report = {.ctx = seen,
					   .ballot = see_ballot,
					   .policy = see_policy,
					   .chain = see_chain,
					   .crl = see_crl,
					   .refused = see_refusal};
	size_t size = scms_session_work_size(store->store, session);
	void *work = malloc(size);
	struct scms_session_result result;

	must(work != NULL, "session", "no memory");
	memset(seen, 0, sizeof(*seen));
	result = scms_store_apply(store->store, session, now, &judge, &store->objects, work, size, &report);
	seen->status = result.status;
	seen->refused = result.refused;
	seen->changed = result.changed;
	free(work);
}

enum scms_reason seen_ballot(const struct seen *seen, enum scms_motion motion, const struct actor *subject)
{
	for (size_t k = 0; k < seen->ballots; k++)
		if (seen->ballot[k].motion == motion && memcmp(seen->ballot[k].subject, subject->cert.hash256, 32) == 0)
			return seen->ballot[k].outcome;
	return SCMS_REASON_FAILED;
}

enum scms_reason seen_crl(const struct seen *seen, uint16_t series)
{
	for (size_t k = 0; k < seen->crls; k++)
		if (seen->crl[k].series == series)
			return seen->crl[k].outcome;
	return SCMS_REASON_FAILED;
}

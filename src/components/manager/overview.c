/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/overview.h"

#include "components/manager/outlook.h"
#include "components/session_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HISTORY_SHOWN 40

/* ---- members ---- */

/* The name in a certificate, without the quotation marks that texts for people have; NULL: it has none. */
static json_t *name_json(struct scms_slice certificate, const struct scms_crypto *crypto)
{
	struct cert *cert = calloc(1, sizeof(*cert));
	char text[SUBJECT_NAME_BYTES] = "";
	struct oer_error err;
	size_t n;

	if (cert != NULL && cert_read(cert, certificate, crypto, &err) == OER_OK)
		subject_name(cert, text);
	free(cert);
	n = strlen(text);
	return n > 2 && text[0] == '"' ? json_stringn(text + 1, n - 2) : n > 0 ? json_string(text) : json_null();
}

static const char *status_name(const struct scms_member *member)
{
	return member->status == SCMS_MEMBER_SUSPENDED ? "suspended" : member->status == SCMS_MEMBER_EXPIRED ? "expired" : "trusted";
}

static json_t *member_json(const struct scms_member *member, const struct scms_crypto *crypto)
{
	return json_pack("{s:o, s:o, s:s, s:I}", "hash", json_hex(member->identity, 32), "name", name_json(member->certificate, crypto),
			 "status", status_name(member), "validUntil", (json_int_t)member->valid_until);
}

json_t *overview_members(const struct scms_store *store, scms_time64 now, const struct scms_crypto *crypto)
{
	json_t *electors = json_array(), *roots = json_array();
	struct scms_member member;
	uint8_t identity[32];

	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++) {
		json_t *json = member_json(&member, crypto);

		json_object_set_new(json, "mayVote", json_boolean(elector_may_vote(store, k, now)));
		json_array_append_new(electors, json);
	}
	for (uint32_t k = 0; scms_store_root(store, now, k, &member); k++) {
		json_t *json = member_json(&member, crypto), *endorsers = json_array();

		for (uint32_t j = 0; scms_store_endorser(store, k, j, identity); j++)
			json_array_append_new(endorsers, json_hex(identity, 32));
		json_object_set_new(json, "endorsers", endorsers);
		json_object_set_new(json, "needed", json_integer((json_int_t)member.needed));
		json_array_append_new(roots, json);
	}
	return json_pack("{s:o, s:o}", "electors", electors, "roots", roots);
}

/* ---- motions ---- */

static bool has_vote(const struct motion_tally *tally, const uint8_t elector[32])
{
	for (size_t k = 0; k < tally->vote_count; k++)
		if (tally->votes[k].reason == SCMS_COUNTED && memcmp(tally->votes[k].elector, elector, 32) == 0)
			return true;
	return false;
}

/* Adds who signed and who did not. */
static void count(json_t *json, const struct motion_dir *motion, struct simulation *simulation, scms_time64 now,
		  struct motion_tally *tally)
{
	struct scms_store *store = simulation_store(simulation);
	const struct proposal *proposal = &motion->proposal;
	json_t *votes = json_array(), *missing = json_array();
	struct scms_member member;
	struct motion_error err;
	struct bytes ballot;

	*tally = (struct motion_tally){.fixed = SCMS_APPLIED, .quorum = outlook_of(store, now).quorum};
	if (motion->vote_count > 0 && ballot_make(proposal->form, proposal->certificate, motion->votes, motion->vote_count, &ballot, &err)) {
		if (!motion_count(store, simulation_env(simulation), now, proposal->form, proposal->motion, bytes_view(&ballot), tally))
			json_object_set_new(json, "error", json_string("the crypto engine failed"));
		bytes_free(&ballot);
	} else if (motion->vote_count > 0) {
		json_object_set_new(json, "error", json_string(err.text));
	}
	for (size_t k = 0; k < tally->vote_count; k++)
		json_array_append_new(votes, json_pack("{s:o, s:b, s:s, s:s}", "elector",
						       json_hex(tally->votes[k].elector, tally->votes[k].elector_bytes), "counted",
						       tally->votes[k].reason == SCMS_COUNTED, "reason", scms_reason_name(tally->votes[k].reason),
						       "text", scms_reason_text(tally->votes[k].reason)));
	for (uint32_t k = 0; scms_store_elector(store, now, k, &member); k++)
		if (elector_may_vote(store, k, now) && !has_vote(tally, member.identity) &&
		    memcmp(member.identity, proposal->subject.hash256, 32) != 0)
			json_array_append_new(missing, json_hex(member.identity, 32));
	json_object_set_new(json, "counted", json_integer((json_int_t)tally->counted));
	json_object_set_new(json, "quorum", json_integer((json_int_t)tally->quorum));
	json_object_set_new(json, "outcome", json_string(scms_reason_name(tally->fixed)));
	json_object_set_new(json, "signed", votes);
	json_object_set_new(json, "missing", missing);
}

static json_t *motion_json(const struct motion_dir *motion, const struct scms_crypto *crypto)
{
	return json_pack("{s:s, s:s, s:I, s:s, s:s, s:o, s:o}", "id", motion->id, "state", motion_state_name(motion->state), "votes",
			 (json_int_t)motion->vote_count, "note", motion->note, "motion", motion_type_name(motion->proposal.motion), "subject",
			 json_hex(motion->proposal.subject.hash256, 32), "name", name_json(motion->proposal.certificate, crypto));
}

json_t *overview_motions(const struct workspace *workspace, const struct scms_store *store, const struct scms_objects *objects,
			 scms_time64 now, const struct scms_crypto *crypto)
{
	struct simulation *simulation = store != NULL ? simulation_new(store, objects, crypto) : NULL;
	struct motion_dir *motion = calloc(1, sizeof(*motion));
	struct motion_tally *tally = calloc(1, sizeof(*tally));
	json_t *list = json_array();
	char **names = NULL;
	size_t n = 0;

	if (motion != NULL && tally != NULL && workspace_names(workspace, WORKSPACE_MOTIONS, &names, &n))
		for (size_t k = 0; k < n; k++) {
			struct motion_error err;

			if (motion_dir_read(motion, workspace, names[k], crypto, &err)) {
				json_t *json = motion_json(motion, crypto);

				if (simulation != NULL)
					count(json, motion, simulation, now, tally);
				json_array_append_new(list, json);
			} else {
				json_array_append_new(list, json_pack("{s:s, s:s}", "id", names[k], "error", err.text));
			}
			motion_dir_free(motion);
		}
	workspace_names_free(names, n);
	free(tally);
	free(motion);
	if (simulation != NULL)
		simulation_free(simulation);
	return list;
}

/* ---- history ---- */

static void history_line(void *ctx, uint64_t n, const json_t *entry)
{
	json_t *list = ctx, *json = json_pack("{s:I}", "n", (json_int_t)n);
	static const char *const shown[] = {"time", "who", "what", "why"};

	for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++)
		json_object_set(json, shown[k], json_object_get(entry, shown[k]));
	json_array_insert_new(list, 0, json);
	json_array_remove(list, HISTORY_SHOWN);
}

json_t *overview_history(const struct workspace *workspace)
{
	json_t *list = json_array();
	struct journal_summary summary;
	struct journal_error err;
	char path[sizeof(workspace->path) + 16];
	bool good;

	snprintf(path, sizeof(path), "%s/journal", workspace->path);
	good = journal_verify(path, NULL, &summary, history_line, list, &err) == JOURNAL_OK;
	return json_pack("{s:o, s:o}", "entries", list, "broken", good ? json_null() : json_string(err.text));
}

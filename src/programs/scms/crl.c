/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms crl: the composite CRL.
 */
#include "commands.h"
#include "group.h"
#include "crl_pending.h"
#include "components/crlg/crl_check.h"
#include "components/crlg/crl_sign.h"
#include "components/manager/vote_make.h"
#include "dot2/profile.h"
#include "dot2/validity.h"
#include "publish_work.h"
#include "service/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_BYTES_MAX (64u << 10)
#define COMMAND_FILES_MAX 64
#define NEXT_DEFAULT (7u * 86400u)

enum { OPTION_CRLG = 300, OPTION_ROOT, OPTION_DELTA, OPTION_NEXT, OPTION_REASON, OPTION_SEEDS, OPTION_OLD, OPTION_NEW, OPTION_UNSIGNED };

struct crl_command {
	struct operator_options common;
	const char *signer, *reason, *seeds, *old, *new;
	bool delta, is_unsigned;
	uint32_t next;
	struct operator_args args;
};

static void take_next(struct crl_command *command, const char *arg, struct argp_state *state)
{
	unsigned long n;
	char *end;

	n = strtoul(arg, &end, 10);
	if (arg[0] < '0' || arg[0] > '9' || n == 0 || n > 400 ||
	    (strcmp(end, "d") != 0 && strcmp(end, "h") != 0 && strcmp(end, "w") != 0))
		argp_error(state, "--next: expected hours, days or weeks as 12h, 7d, 1w, found '%s'", arg);
	command->next = (uint32_t)n * (*end == 'h' ? 3600u : *end == 'd' ? 86400u : 604800u);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct crl_command *command = state->input;

	switch (key) {
	case OPTION_CRLG:
	case OPTION_ROOT:
		command->signer = arg;
		break;
	case OPTION_DELTA:
		command->delta = true;
		break;
	case OPTION_NEXT:
		take_next(command, arg, state);
		break;
	case OPTION_REASON:
		command->reason = arg;
		break;
	case OPTION_SEEDS:
		command->seeds = arg;
		break;
	case OPTION_OLD:
		command->old = arg;
		break;
	case OPTION_NEW:
		command->new = arg;
		break;
	case OPTION_UNSIGNED:
		command->is_unsigned = true;
		break;
	default:
		return operator_key(key, arg, state, &command->common, &command->args);
	}
	return 0;
}

#define ROW_REASON {"reason", OPTION_REASON, "TEXT", 0, "Why, for the journal", 0}
#define ROW_NEXT {"next", OPTION_NEXT, "TIME", 0, "When the next CRL is due: 12h, 7d, 1w. Default: 7d", 0}

/* ---- add ---- */

/* The root of this workspace that a certificate says to belong to, by the three bytes of its cracaId. */
static int find_craca(const struct publish_work *work, const char *path, const struct cert *cert, uint8_t craca[8])
{
	const struct scms_store *store = store_dir_store(work->store);

	for (uint32_t k = 0; k < store->root_count; k++)
		if (memcmp(store->roots[k].id8 + 5, cert->c.toBeSigned.cracaId, 3) == 0) {
			memcpy(craca, store->roots[k].id8, 8);
			return OPERATOR_DONE;
		}
	return operator_fail(work->options, OPERATOR_REFUSED,
			     "%s: its cracaId is that of no root that the workspace's trust store has; a root or elector is removed by a "
			     "ballot: scms motion propose",
			     path);
}

static int add_certificate(struct publish_work *work, struct crl_pending *pending, const char *path)
{
	struct crl_pending_hash hash = {.series = 0};
	struct scms_slice bytes;
	struct oer_error oer;
	struct cert cert;
	int code = publish_read_path(work, path, CERTIFICATE_BYTES_MAX, &bytes);

	if (code != OPERATOR_DONE)
		return code;
	if (cert_read(&cert, bytes, engine_crypto(), &oer) != OER_OK)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: no certificate: offset %zu: %s: expected %s, found %s", path,
				     oer.offset, oer.path, oer.expected, oer.found);
	if (cert.c.toBeSigned.id.choice == CertificateId_is_linkageData)
		return operator_fail(work->options, OPERATOR_REFUSED,
				     "%s: a pseudonym certificate is revoked with all of its device's, by linkage seeds: --seeds", path);
	if (validity_end(&cert.c.toBeSigned.validityPeriod) <= work->now)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: has expired; there is nothing to revoke", path);
	code = find_craca(work, path, &cert, hash.craca);
	if (code != OPERATOR_DONE)
		return code;
	hash.series = cert.c.toBeSigned.crlSeries;
	memcpy(hash.entry.id, cert_id10(&cert), 10);
	hash.entry.expiry = (scms_time32)(validity_end(&cert.c.toBeSigned.validityPeriod) / TIME64_SECOND);
	if (!crl_pending_add_hash(pending, &hash))
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "no memory");
	if (!work->options->json)
		printf("%s: series %u%s\n", path, hash.series,
		       hash.series == CRL_SERIES_SPECIAL ? ": the root signs it, with 'scms crl sign-root'" : "");
	return OPERATOR_DONE;
}

static int add_seeds(struct publish_work *work, struct crl_pending *pending, const char *path)
{
	const struct scms_store *store = store_dir_store(work->store);
	struct scms_slice bytes;
	struct key_error err;
	int code = publish_read_path(work, path, CRL_BYTES_MAX, &bytes);

	if (code != OPERATOR_DONE)
		return code;
	if (store->root_count != 1)
		return operator_fail(work->options, OPERATOR_REFUSED,
				     "%s: with %u roots each entry must name its own: \"craca\": HashedId8 of the root", path, store->root_count);
	if (crl_pending_read_seeds(pending, bytes, store->roots[0].id8, &err) != KEY_OK)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: %s", path, err.text);
	return OPERATOR_DONE;
}

static int crl_add(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"seeds", OPTION_SEEDS, "FILE", 0,
	     "Devices to revoke, as the MA has them: a JSON list of {\"i\", \"iMax\", \"jMax\", \"la1\", \"la2\", \"seed1\", \"seed2\"}", 0},
	    ROW_REASON,
	    {0}};
	static const char doc[] =
	    "Note what the next composite CRL is to revoke: component, enrolment, application and identification certificates by hash, "
	    "devices by linkage seeds.\v"
	    "Series, root and expiry are taken from the certificate. Nothing is revoked until 'scms crl make'.\n\n"
	    "Example:\n  scms crl add components/pca1/active/certificate.coer --reason \"key in doubt\"\n\n"
	    "Exit code: 0 noted, 1 refused, 2 usage, 3 the workspace cannot be used.";
	struct crl_pending pending = {.hash_count = 0};
	struct crl_command command = {.common = {.command = "crl add"}, .args = {.most = OPERATOR_ARGS_MAX}, .next = NEXT_DEFAULT};
	struct publish_work work;
	struct scms_slice bytes;
	struct key_error err;
	json_t *details;
	int code;

	operator_parse_rows(rows, parse_option, "[CERTIFICATE...]", doc, argc, argv, "crl add", &command);
	if (command.args.count == 0 && command.seeds == NULL)
		return operator_fail(&command.common, OPERATOR_USAGE, "a certificate or --seeds is missing");
	code = publish_begin(&work, &command.common, WORKSPACE_CHANGE, PUBLISH_STORE);
	if (code == OPERATOR_DONE)
		code = publish_read(&work, OUTGOING, OUTGOING_REVOCATIONS, CRL_BYTES_MAX, &bytes);
	if (code == OPERATOR_DONE && crl_pending_read(&pending, bytes, &err) != KEY_OK)
		code = operator_fail(&command.common, OPERATOR_REFUSED, "%s/%s: %s", OUTGOING, OUTGOING_REVOCATIONS, err.text);
	for (size_t k = 0; code == OPERATOR_DONE && k < command.args.count; k++)
		code = add_certificate(&work, &pending, command.args.arg[k]);
	if (code == OPERATOR_DONE && command.seeds != NULL)
		code = add_seeds(&work, &pending, command.seeds);
	if (code == OPERATOR_DONE)
		code = publish_write_json(&work, OUTGOING, OUTGOING_REVOCATIONS, crl_pending_json(&pending));
	details = json_pack("{s:i,s:i}", "certificates", (int)pending.hash_count, "devices", (int)pending.device_count);
	if (code == OPERATOR_DONE)
		code = publish_journal(&work, "crl add", command.reason, NULL, 0, json_incref(details));
	if (code == OPERATOR_DONE)
		operator_json(&command.common, json_incref(details));
	json_decref(details);
	crl_pending_free(&pending);
	publish_end(&work);
	return code;
}

/* ---- what make, reset and sign-root share ---- */

/* The state that a new composite CRL begins from, and what is to be added to it. */
struct making {
	struct publish_work work;
	struct revocations state;
	struct crl_pending pending;
	struct scms_slice published; /* the composite CRL that is out; empty: none */
};

/* Is this a root that the workspace's trust store has? What was under one that was removed went with it (rule H5). */
static bool craca_is_known(const struct publish_work *work, const uint8_t craca[8])
{
	const struct scms_store *store = store_dir_store(work->store);

	for (uint32_t k = 0; k < store->root_count; k++)
		if (memcmp(store->roots[k].id8, craca, 8) == 0)
			return true;
	return false;
}

/* Components that were revoked: their entries stay in revocations/, and go into every CRL until they expire. */
static int add_revoked(struct making *m)
{
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	if (!workspace_names(&m->work.workspace, WORKSPACE_REVOCATIONS, &names, &count))
		return operator_fail(m->work.options, OPERATOR_ENVIRONMENT, "%s/%s: cannot be read", m->work.workspace.path,
				     WORKSPACE_REVOCATIONS);
	for (size_t k = 0; k < count && code == OPERATOR_DONE; k++) {
		size_t n = strlen(names[k]);
		const struct crl_pending_hash *new;
		struct scms_slice bytes;
		struct key_error err;

		if (n < 5 || strcmp(names[k] + n - 5, ".json") != 0)
			continue;
		code = publish_read(&m->work, WORKSPACE_REVOCATIONS, names[k], CERTIFICATE_BYTES_MAX, &bytes);
		if (code != OPERATOR_DONE)
			break;
		if (crl_pending_read_revoked(&m->pending, bytes, &err) != KEY_OK) {
			code = operator_fail(m->work.options, OPERATOR_REFUSED, "%s/%s: %s", WORKSPACE_REVOCATIONS, names[k], err.text);
			break;
		}
		new = &m->pending.hashes[m->pending.hash_count - 1];
		if (time64_of(new->entry.expiry) <= m->work.now || !craca_is_known(&m->work, new->craca))
			m->pending.hash_count--;
	}
	workspace_names_free(names, count);
	return code;
}

static int making_begin(struct making *m, const struct crl_command *command)
{
	struct scms_slice outgoing, pending;
	struct key_error err;
	int code = publish_begin(&m->work, &command->common, WORKSPACE_CHANGE, PUBLISH_STORE);

	if (code == OPERATOR_DONE)
		code = publish_read(&m->work, WORKSPACE_PUBLISHED, PUBLISHED_CRL, CRL_BYTES_MAX, &m->published);
	if (code == OPERATOR_DONE)
		code = publish_read(&m->work, OUTGOING, OUTGOING_CRL, CRL_BYTES_MAX, &outgoing);
	if (code == OPERATOR_DONE)
		code = publish_read(&m->work, OUTGOING, OUTGOING_REVOCATIONS, CRL_BYTES_MAX, &pending);
	if (code != OPERATOR_DONE)
		return code;
	/*
	 * One that was made and not published yet is gone on from; not where nothing is signed any more: its lists are those of a signer
	 * that is believed no more, and were never out.
	 */
	if (command->is_unsigned && outgoing.p != NULL) {
		(void)operator_fail(&command->common, OPERATOR_DONE,
				    OUTGOING "/" OUTGOING_CRL " was not published and is left out: note what it was to revoke again (scms crl add); "
				    "components that were revoked are kept");
		outgoing = (struct scms_slice){NULL, 0};
	}
	if (revocations_read(&m->state, outgoing.p != NULL ? outgoing : m->published, engine_crypto(), &err) != KEY_OK)
		return operator_fail(&command->common, OPERATOR_REFUSED, "%s: %s",
				     outgoing.p != NULL ? OUTGOING "/" OUTGOING_CRL : WORKSPACE_PUBLISHED "/" PUBLISHED_CRL, err.text);
	if (m->state.ballot_count == 0)
		m->state.form = m->work.workspace.settings.form_121 ? FORM_121 : FORM_124;
	if (crl_pending_read(&m->pending, pending, &err) != KEY_OK)
		return operator_fail(&command->common, OPERATOR_REFUSED, "%s/%s: %s", OUTGOING, OUTGOING_REVOCATIONS, err.text);
	return add_revoked(m);
}

static void making_end(struct making *m)
{
	revocations_free(&m->state);
	crl_pending_free(&m->pending);
	publish_end(&m->work);
}

/* Released ballots that remove something (rule H4). */
static int add_ballots(struct making *m)
{
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	if (!workspace_names(&m->work.workspace, WORKSPACE_BALLOTS, &names, &count))
		return operator_fail(m->work.options, OPERATOR_ENVIRONMENT, "%s/%s: cannot be read", m->work.workspace.path, WORKSPACE_BALLOTS);
	for (size_t k = 0; k < count && code == OPERATOR_DONE; k++) {
		struct ballot_parts parts;
		struct motion_error why;
		struct scms_slice bytes;
		struct key_error err;
		enum key_status status;

		if (strncmp(names[k], "remove-", 7) != 0)
			continue;
		code = publish_read(&m->work, WORKSPACE_BALLOTS, names[k], BALLOT_BYTES_MAX, &bytes);
		if (code != OPERATOR_DONE)
			break;
		if (!ballot_parts_read(&parts, bytes, &why)) {
			code = operator_fail(m->work.options, OPERATOR_REFUSED, "%s/%s: %s", WORKSPACE_BALLOTS, names[k], why.text);
			break;
		}
		status = revocations_add_ballot(&m->state, parts.form, parts.motion, bytes, engine_crypto(), &err);
		if (status != KEY_OK && status != KEY_EXISTS)
			code = operator_fail(m->work.options, OPERATOR_REFUSED, "%s/%s: %s", WORKSPACE_BALLOTS, names[k], err.text);
	}
	workspace_names_free(names, count);
	return code;
}

/* Every series that the CRLG may sign has a list, be it empty: a store that sees none is stale in time (rule G5.5). */
static int open_lists(struct making *m, const struct party *crlg)
{
	struct oer_iter it;
	struct key_error err;
	struct crl_list *list;
	struct CrlSsp ssp;
	const uint8_t *craca = cert_issuer_id8(crlg->cert);
	uint16_t series;

	if (craca == NULL || !cert_crl_ssp(crlg->cert, &ssp))
		return operator_fail(m->work.options, OPERATOR_REFUSED, "the signer's certificate may sign no CRL");
	it = oer_iterate(&ssp.crls);
	while (oer_next(&it, &series))
		if (series != CRL_SERIES_SPECIAL && crl_list_find(&m->state, craca, series) == NULL &&
		    crl_list_open(&m->state, craca, series, series == CRL_SERIES_PSEUDONYM, &list, &err) != KEY_OK)
			return operator_key_failed(m->work.options, &err);
	return OPERATOR_DONE;
}

/* The root's CRL, where it has been signed since. */
static int take_root_crl(struct making *m)
{
	struct scms_slice bytes;
	struct key_error err;
	int code = publish_read(&m->work, OUTGOING, OUTGOING_ROOT_CRL, CRL_BYTES_MAX, &bytes);

	if (code != OPERATOR_DONE || bytes.p == NULL)
		return code;
	if (revocations_take_crl(&m->state, bytes, &err) != KEY_OK)
		return operator_fail(m->work.options, OPERATOR_REFUSED, "%s/%s: %s", OUTGOING, OUTGOING_ROOT_CRL, err.text);
	return OPERATOR_DONE;
}

static int sign_lists(struct making *m, const struct party *crlg, const struct crl_command *command)
{
	const struct crl_signing signing = {
	    .party = crlg, .now = m->work.now, .next_seconds = command->next, .delta = command->delta,
	    .after = crl_special_date(&m->state, cert_issuer_id8(crlg->cert))};
	struct key_error err;

	for (size_t k = 0; k < m->state.list_count; k++) {
		struct crl_list *list = &m->state.lists[k];
		struct crl_signing this = signing;

		if (list->series == CRL_SERIES_SPECIAL) {
			if (list->changed)
				return operator_fail(m->work.options, OPERATOR_REFUSED,
						     "series 256 was changed, and the root has not signed it: scms crl sign-root");
			continue;
		}
		/* Lists under another root are its own CRLG's. */
		if (!list->changed && memcmp(list->craca, cert_issuer_id8(crlg->cert), 8) != 0)
			continue;
		/* A list that never had a full CRL begins with one. */
		this.delta = command->delta && list->full.p != NULL;
		if (crl_list_sign(list, &this, &err) != KEY_OK)
			return operator_key_failed(m->work.options, &err);
	}
	return OPERATOR_DONE;
}

static int check_composite(struct making *m, const struct bytes *composite)
{
	const struct crl_checker checker = {.store = store_dir_store(m->work.store),
					    .objects = store_dir_objects(m->work.store),
					    .crypto = engine_crypto(),
					    .now = m->work.now};
	struct crl_faults faults;
	struct key_error err;

	if (crl_composite_check(&checker, bytes_view(composite), m->published, &faults, &err) != KEY_OK)
		return operator_key_failed(m->work.options, &err);
	for (unsigned k = 0; k < faults.n && k < CRL_FAULTS_MAX; k++)
		(void)operator_fail(m->work.options, OPERATOR_REFUSED, "%s", faults.text[k]);
	if (faults.n > 0)
		return operator_fail(m->work.options, OPERATOR_REFUSED, "nothing was made: the CRL store would not let it out");
	return OPERATOR_DONE;
}

static json_t *lists_json(const struct revocations *state)
{
	json_t *lists = json_array();

	for (size_t k = 0; k < state->list_count; k++) {
		const struct crl_list *list = &state->lists[k];

		json_array_append_new(lists, json_pack("{s:i,s:i,s:I,s:I,s:b}", "series", list->series, "entries",
						       (int)(list->hash_count + list->device_count + list->group_count), "issued",
						       (json_int_t)list->issue_date, "next", (json_int_t)list->next_crl, "delta",
						       list->delta.p != NULL));
	}
	return lists;
}

/* Signs (crlg NULL: nothing is signed), puts together, checks, writes. */
static int finish(struct making *m, const struct party *crlg, const struct crl_command *command, const char *what, json_t *details)
{
	struct bytes composite = {NULL, 0};
	struct crl_expired expired = {0};
	struct key_error err;
	int code = OPERATOR_DONE;

	if (crlg != NULL) {
		expired = revocations_expire(&m->state, m->work.now);
		code = sign_lists(m, crlg, command);
	}

	json_object_set_new(details, "expired", json_integer(expired.hashes + expired.devices + expired.groups));
	json_object_set_new(details, "expiredBallots", json_integer(expired.ballots));
	if (code == OPERATOR_DONE && revocations_compose(&m->state, &composite, &err) != KEY_OK)
		code = operator_key_failed(m->work.options, &err);
	if (code == OPERATOR_DONE)
		code = check_composite(m, &composite);
	if (code == OPERATOR_DONE)
		code = publish_write(&m->work, OUTGOING, OUTGOING_CRL, bytes_view(&composite));
	/* Interrupted here, what is noted is added once more: that changes nothing. */
	if (code == OPERATOR_DONE && crlg != NULL)
		code = publish_delete(&m->work, OUTGOING, OUTGOING_REVOCATIONS);
	if (code == OPERATOR_DONE)
		code = publish_delete(&m->work, OUTGOING, OUTGOING_ROOT_CRL);
	json_object_set_new(details, "lists", lists_json(&m->state));
	json_object_set_new(details, "ballots", json_integer((json_int_t)m->state.ballot_count));
	if (code == OPERATOR_DONE) {
		const struct journal_file files[] = {{OUTGOING "/" OUTGOING_CRL, bytes_view(&composite)}};

		code = publish_journal(&m->work, what, command->reason, files, 1, json_incref(details));
	}
	if (code == OPERATOR_DONE && command->common.json)
		operator_json(&command->common, json_incref(details));
	else if (code == OPERATOR_DONE)
		printf("%s/%s/%s: %zu lists, %zu removal ballots, %zu bytes\n", m->work.workspace.path, OUTGOING, OUTGOING_CRL,
		       m->state.list_count, m->state.ballot_count, composite.n);
	bytes_free(&composite);
	return code;
}

/* ---- make ---- */

/* A CRLG's signature is not needed for ballots (rule H4). Lists under a root that is gone go with it. */
static int make_unsigned(struct making *m)
{
	struct crl_expired gone;
	struct key_error err;

	for (size_t k = 0; k < m->state.list_count;) {
		uint8_t craca[8];

		memcpy(craca, m->state.lists[k].craca, 8);
		if (craca_is_known(&m->work, craca)) {
			k++;
			continue;
		}
		if (revocations_reset(&m->state, craca, craca, false, &gone, &err) != KEY_OK)
			return operator_key_failed(m->work.options, &err);
	}
	return OPERATOR_DONE;
}

static int crl_make(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"crlg", OPTION_CRLG, "NAME", 0, "The CRL generator that signs. Default: the only one that is valid", 0},
	    {"delta", OPTION_DELTA, NULL, 0, "Only what was added since the last full CRL of each series", 0},
	    {"unsigned", OPTION_UNSIGNED, NULL, 0,
	     "Sign nothing: lists stay as they are out, and only ballots are added. For when no CRLG may sign any more", 0},
	    ROW_NEXT,
	    ROW_REASON,
	    {0}};
	static const char doc[] =
	    "Make the composite CRL: what was noted, components that were revoked, what stands in the one that is out, without what has expired, and every released "
	    "ballot that removes an elector or a root (rule H4): outgoing/crl.oer.\v"
	    "Series 256 (CRLG, PG, MA) is the root's: see 'scms crl sign-root'. Nothing that is out is taken back before its expiry, and "
	    "nothing is made that the CRL store would not let out.\n\n"
	    "Example:\n  scms crl make --next 7d\n\n"
	    "Exit code: 0 made, 1 refused, 2 usage, 3 keys or workspace cannot be used.";
	struct making m = {.published = {NULL, 0}};
	struct crl_command command = {.common = {.command = "crl make"}, .next = NEXT_DEFAULT};
	struct key_error err;
	struct party crlg;
	int code;

	operator_parse_rows(rows, parse_option, "", doc, argc, argv, "crl make", &command);
	code = making_begin(&m, &command);
	if (code == OPERATOR_DONE && !command.is_unsigned)
		code = publish_party(&m.work, ROLE_CRLG, command.signer, &crlg);
	if (code == OPERATOR_DONE)
		code = take_root_crl(&m);
	if (code == OPERATOR_DONE)
		code = command.is_unsigned ? make_unsigned(&m) : open_lists(&m, &crlg);
	if (code == OPERATOR_DONE && !command.is_unsigned && crl_pending_apply(&m.pending, &m.state, &err) != KEY_OK)
		code = operator_key_failed(&command.common, &err);
	if (code == OPERATOR_DONE)
		code = add_ballots(&m);
	if (code == OPERATOR_DONE) {
		json_t *details = json_object();

		code = finish(&m, command.is_unsigned ? NULL : &crlg, &command, "crl make", details);
		json_decref(details);
	}
	making_end(&m);
	return code;
}

/* ---- sign-root ---- */

static int crl_sign_root(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"root", OPTION_ROOT, "NAME", 0, "The root that signs. Default: the only one that is valid", 0}, ROW_NEXT, ROW_REASON, {0}};
	static const char doc[] =
	    "Sign series 256 (CRLG, PG, MA) as the root: outgoing/root_crl.oer. 'scms crl make' takes it up.\v"
	    "The root is offline: this runs where its key is, on a copy of the workspace that is carried there and back.\n\n"
	    "Example:\n  scms crl add components/ma1/active/certificate.coer && scms crl sign-root\n\n"
	    "Exit code: 0 signed, 1 refused, 2 usage, 3 keys or workspace cannot be used.";
	struct making m = {.published = {NULL, 0}};
	struct crl_command command = {.common = {.command = "crl sign-root"}, .next = NEXT_DEFAULT};
	struct crl_list *list;
	struct key_error err;
	struct party root;
	int code;

	operator_parse_rows(rows, parse_option, "", doc, argc, argv, "crl sign-root", &command);
	code = making_begin(&m, &command);
	if (code == OPERATOR_DONE)
		code = publish_party(&m.work, ROLE_ROOT, command.signer, &root);
	if (code == OPERATOR_DONE && crl_pending_apply(&m.pending, &m.state, &err) != KEY_OK)
		code = operator_key_failed(&command.common, &err);
	if (code == OPERATOR_DONE && crl_list_open(&m.state, cert_id8(root.cert), CRL_SERIES_SPECIAL, false, &list, &err) != KEY_OK)
		code = operator_key_failed(&command.common, &err);
	if (code == OPERATOR_DONE) {
		const struct crl_signing signing = {.party = &root, .now = m.work.now, .next_seconds = command.next};

		(void)revocations_expire(&m.state, m.work.now);
		if (crl_list_sign(list, &signing, &err) != KEY_OK)
			code = operator_key_failed(&command.common, &err);
	}
	if (code == OPERATOR_DONE)
		code = publish_write(&m.work, OUTGOING, OUTGOING_ROOT_CRL, bytes_view(&list->full));
	if (code == OPERATOR_DONE) {
		const struct journal_file files[] = {{OUTGOING "/" OUTGOING_ROOT_CRL, bytes_view(&list->full)}};

		code = publish_journal(&m.work, "crl sign-root", command.reason, files, 1,
				       json_pack("{s:i}", "entries", (int)list->hash_count));
	}
	if (code == OPERATOR_DONE && command.common.json)
		operator_json(&command.common, json_pack("{s:s,s:i}", "file", OUTGOING "/" OUTGOING_ROOT_CRL, "entries", (int)list->hash_count));
	else if (code == OPERATOR_DONE)
		printf("%s/%s/%s: series 256, %u entries; next: scms crl make\n", m.work.workspace.path, OUTGOING, OUTGOING_ROOT_CRL, list->hash_count);
	making_end(&m);
	return code;
}

/* ---- reset ---- */

static int read_root(struct publish_work *work, const char *path, struct cert *cert)
{
	struct scms_slice bytes;
	int code = publish_read_path(work, path, CERTIFICATE_BYTES_MAX, &bytes);

	if (code != OPERATOR_DONE)
		return code;
	if (cert_read(cert, bytes, engine_crypto(), NULL) != OER_OK || !cert_fits_root(cert))
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: expected the certificate of a root CA, found something else", path);
	return OPERATOR_DONE;
}

static int crl_reset(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"old", OPTION_OLD, "FILE", 0, "Certificate of the root that was revoked", 0},
	    {"new", OPTION_NEW, "FILE", 0, "Certificate of the root that takes its place", 0},
	    {"crlg", OPTION_CRLG, "NAME", 0, "The CRL generator under the new root. Default: the only one that is valid", 0},
	    ROW_NEXT,
	    ROW_REASON,
	    {0}};
	static const char doc[] =
	    "Make the composite CRL anew after a root's revocation (rule H5): entries by hash go with the root, those by linkage seeds "
	    "stay, under the new root. Removal ballots stay.\v"
	    "Refused as long as no released ballot removes the old root, and what the CRL store would not let out.\n\n"
	    "Example:\n  scms crl reset --old root1.coer --new root2.coer --crlg crlg2\n\n"
	    "Exit code: 0 made, 1 refused, 2 usage, 3 keys or workspace cannot be used.";
	struct making m = {.published = {NULL, 0}};
	struct crl_command command = {.common = {.command = "crl reset"}, .next = NEXT_DEFAULT};
	struct cert old, new;
	struct crl_expired gone;
	struct key_error err;
	struct party crlg;
	bool removed = false;
	int code;

	operator_parse_rows(rows, parse_option, "", doc, argc, argv, "crl reset", &command);
	if (command.old == NULL || command.new == NULL)
		return operator_fail(&command.common, OPERATOR_USAGE, "--old and --new are both wanted");
	code = making_begin(&m, &command);
	if (code == OPERATOR_DONE)
		code = read_root(&m.work, command.old, &old);
	if (code == OPERATOR_DONE)
		code = read_root(&m.work, command.new, &new);
	if (code == OPERATOR_DONE)
		code = publish_party(&m.work, ROLE_CRLG, command.signer, &crlg);
	if (code == OPERATOR_DONE)
		code = add_ballots(&m);
	for (size_t k = 0; code == OPERATOR_DONE && k < m.state.ballot_count; k++)
		removed = removed || (m.state.ballots[k].motion == SCMS_REMOVE_ROOT && memcmp(m.state.ballots[k].subject, old.hash256, 32) == 0);
	if (code == OPERATOR_DONE && !removed)
		code = operator_fail(&command.common, OPERATOR_REFUSED, "%s: no released ballot removes this root", command.old);
	if (code == OPERATOR_DONE && crl_pending_apply(&m.pending, &m.state, &err) != KEY_OK)
		code = operator_key_failed(&command.common, &err);
	if (code == OPERATOR_DONE &&
	    revocations_reset(&m.state, cert_id8(&old), cert_id8(&new), true, &gone, &err) != KEY_OK)
		code = operator_key_failed(&command.common, &err);
	if (code == OPERATOR_DONE)
		code = take_root_crl(&m);
	if (code == OPERATOR_DONE)
		code = open_lists(&m, &crlg);
	if (code == OPERATOR_DONE) {
		json_t *details = json_pack("{s:i,s:i}", "droppedHashes", (int)gone.hashes, "droppedDevices", (int)gone.devices);

		code = finish(&m, &crlg, &command, "crl reset", details);
		json_decref(details);
	}
	making_end(&m);
	return code;
}

/* ---- take ---- */

static int crl_take(int argc, char **argv)
{
	static const struct argp_option rows[] = {ROW_REASON, {0}};
	static const char doc[] =
	    "Take the composite CRL that is out by now, as the CRL store or a running CRL generator has it: the MA's revocations have "
	    "come in since. What is made next begins from it.\v"
	    "Refused is what the CRL store would not have let out, and what would take back anything that is out here.\n\n"
	    "Example:\n  scms crl take composite_crl.oer\n\n"
	    "Exit code: 0 taken, 1 refused, 2 usage, 3 the workspace cannot be used.";
	struct making m = {.state = {.list_count = 0}};
	struct crl_command command = {.common = {.command = "crl take"}, .args = {.least = 1, .most = 1}, .next = NEXT_DEFAULT};
	struct scms_slice taken;
	int code;

	operator_parse_rows(rows, parse_option, "FILE", doc, argc, argv, "crl take", &command);
	if (command.args.count == 0)
		return operator_fail(&command.common, OPERATOR_USAGE, "the file is missing");
	code = publish_begin(&m.work, &command.common, WORKSPACE_CHANGE, PUBLISH_STORE);
	if (code == OPERATOR_DONE)
		code = publish_read(&m.work, WORKSPACE_PUBLISHED, PUBLISHED_CRL, CRL_BYTES_MAX, &m.published);
	if (code == OPERATOR_DONE)
		code = publish_read_path(&m.work, command.args.arg[0], CRL_BYTES_MAX, &taken);
	if (code == OPERATOR_DONE) {
		const struct bytes composite = {(uint8_t *)(uintptr_t)taken.p, taken.n};

		code = check_composite(&m, &composite);
	}
	if (code == OPERATOR_DONE)
		code = publish_write(&m.work, WORKSPACE_PUBLISHED, PUBLISHED_CRL, taken);
	if (code == OPERATOR_DONE) {
		const struct journal_file files[] = {{WORKSPACE_PUBLISHED "/" PUBLISHED_CRL, taken}};

		code = publish_journal(&m.work, "crl take", command.reason, files, 1, json_object());
	}
	publish_end(&m.work);
	return code;
}

int cmd_crl(int argc, char **argv)
{
	static const struct group_command commands[] = {
	    {"add", crl_add, "note certificates and devices that are to be revoked"},
	    {"make", crl_make, "make and sign the composite CRL"},
	    {"reset", crl_reset, "make it anew after a root's revocation"},
	    {"sign-root", crl_sign_root, "sign series 256 as the root"},
	    {"take", crl_take, "take the composite CRL that is out by now"},
	};
	static const struct group group = GROUP("scms crl", "The composite CRL.", commands,
						"  scms crl make\n");

	return group_run(&group, argc, argv);
}

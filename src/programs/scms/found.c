/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms found: the founding of an SCMS, step by step: each run does what can be done now, and says what people do next.
 *
 *   1  electors: their certificates are brought here, linted, and become electors/
 *   2  the first bundle, of electors alone, from which the Manager and each elector make their trust stores
 *   3  a root; the electors vote on it (scms motion, scms-elector)
 *   4  when its ballot is out: all components
 *   5  the bundle with root and ballot; each component's trust store
 */
#include "bundle_make.h"
#include "commands.h"
#include "component_work.h"
#include "components/manager/fingerprint.h"

#include "base/file.h"
#include "dot2/profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ELECTORS_MAX 32

enum { OPTION_ELECTOR = 256, OPTION_ROOT };

struct found {
	struct operator_options options;
	struct operator_args args; /* none */
	const char *elector[ELECTORS_MAX], *root;
	size_t elector_count;
	json_t *done, *next;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct found *found = state->input;

	switch (key) {
	case OPTION_ELECTOR:
		if (found->elector_count == ELECTORS_MAX)
			argp_error(state, "--elector: at most %d", ELECTORS_MAX);
		found->elector[found->elector_count++] = arg;
		break;
	case OPTION_ROOT:
		found->root = arg;
		break;
	default:
		return operator_key(key, arg, state, &found->options, &found->args);
	}
	return 0;
}

static void done(struct found *found, const char *text)
{
	json_array_append_new(found->done, json_string(text));
	if (!found->options.json)
		printf("done: %s\n", text);
}

/* A fingerprint as people compare it: for those whose certificates the ceremony is about. hex: 64 digits. */
static void say_words(const struct found *found, const char *hex)
{
	char words[FINGERPRINT_WORDS_BYTES(32)];
	uint8_t hash[32];

	for (unsigned k = 0; k < sizeof(hash); k++)
		if (sscanf(hex + 2 * k, "%2hhx", &hash[k]) != 1)
			return;
	if (!found->options.json)
		printf("      in words: %s\n", fingerprint_words(hash, sizeof(hash), words));
}

static void next(struct found *found, const char *text)
{
	json_array_append_new(found->next, json_string(text));
	if (!found->options.json)
		printf("next: %s\n", text);
}

/* ---- electors ---- */

/* One elector's certificate: right, and nobody's double. */
static int take_elector(struct work *work, struct found *found, const char *path)
{
	struct lint_question question = {
	    .profile = PROFILE_ELECTOR, .level = work->workspace.settings.level, .crypto = work->crypto};
	char name[64], hex[160], text[600];
	struct workspace_file to;
	struct file_error refused;
	struct scms_slice bytes;
	struct cert cert;
	struct lint lint;
	int code = OPERATOR_DONE;

	if (file_read(path, 64u << 10, &bytes, &refused) != FILE_OK)
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", path, refused.text);
	question.cert = &cert;
	if (cert_read(&cert, bytes, work->crypto, NULL) != OER_OK) {
		code = operator_fail(work->options, OPERATOR_REFUSED, "%s: is no certificate", path);
	} else if (!lint_certificate(&question, &lint)) {
		lint_text(&lint.finding[0], text, sizeof(text));
		code = operator_fail(work->options, OPERATOR_REFUSED, "%s: %s", path, text);
	} else if (work_is_expired(work, &cert)) {
		code = operator_fail(work->options, OPERATOR_REFUSED, "%s: has expired", path);
	} else {
		snprintf(name, sizeof(name), "%s.coer", operator_hex(cert_id8(&cert), 8, false, hex));
		to = workspace_file(&work->workspace, WORKSPACE_ELECTORS, name);
		if (access(to.text, F_OK) != 0) {
			if (file_write(to.text, 0644, bytes, &refused) != FILE_OK)
				code =
				    operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", to.text, refused.text);
			snprintf(text, sizeof(text), "elector %.300s: %s", path,
				 operator_hex(cert.hash256, 32, false, hex));
			if (code == OPERATOR_DONE)
				code = work_journal(work, code, "found elector", text, path, bytes);
			if (code == OPERATOR_DONE) {
				done(found, text);
				say_words(found, hex);
			}
		}
	}
	free((void *)(uintptr_t)bytes.p);
	return code;
}

static int count_electors(struct work *work, size_t *count)
{
	char **names;

	if (!workspace_names(&work->workspace, WORKSPACE_ELECTORS, &names, count))
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s/" WORKSPACE_ELECTORS ": cannot be read",
				     work->workspace.path);
	workspace_names_free(names, *count);
	return OPERATOR_DONE;
}

/* ---- components ---- */

struct member {
	enum role role;
	const char *name;
	uint16_t la_id;
};

/* The smallest whole SCMS: one of each, and two linkage authorities. */
static const struct member layout[] = {
    {ROLE_ICA, "ica1", 0},
    {ROLE_ECA, "eca1", 0},
    {ROLE_PCA, "pca1", 0},
    {ROLE_RA, "ra1", 0},
    {ROLE_LA, "la1", 1},
    {ROLE_LA, "la2", 2},
    {ROLE_MA, "ma1", 0},
    {ROLE_CRLG, "crlg1", 0},
    {ROLE_PG, "pg1", 0},
    {ROLE_DCM, "dcm1", 0},
    {ROLE_CRL_STORE, "crl-store1", 0},
    {ROLE_MANAGER, "manager1", 0},
};

static bool is_there(const struct work *work, const char *name)
{
	struct workspace_file path = workspace_file(&work->workspace, WORKSPACE_COMPONENTS, name);

	return access(path.text, F_OK) == 0;
}

static int create(struct work *work, struct found *found, const struct member *member, const char *issuer)
{
	const struct work_order order = {.curve = SCMS_NIST_P256, .issuer = issuer};
	char text[HOME_TEXT_BYTES + 160], hash[160] = "";
	struct home_settings settings;
	struct work_made made;
	int code;

	if (is_there(work, member->name))
		return OPERATOR_DONE;
	if (!work_settings(work, member->role, member->name, NULL, member->la_id, &settings))
		return OPERATOR_REFUSED;
	code = work_component_create(work, &settings, &order, &made);
	snprintf(hash, sizeof(hash), "%s", role_has_certificate(member->role) ? made.hash : "by TLS alone");
	snprintf(text, sizeof(text), "%s %s %s", role_name(member->role), member->name, hash);
	if (code == OPERATOR_DONE)
		code = work_journal(work, code, "component create", text, NULL, (struct scms_slice){NULL, 0});
	if (code == OPERATOR_DONE)
		done(found, text);
	if (code == OPERATOR_DONE && member->role == ROLE_ROOT)
		say_words(found, made.hash);
	return code;
}

/* Those under the root itself are issued by it, the others by the ICA. */
static int create_all(struct work *work, struct found *found)
{
	int code = OPERATOR_DONE;

	for (size_t k = 0; code == OPERATOR_DONE && k < sizeof(layout) / sizeof(layout[0]); k++) {
		bool has = role_has_certificate(layout[k].role);
		unsigned by = has ? profile_row((enum profile)layout[k].role)->issuers : 0;

		code = create(work, found, &layout[k], !has ? NULL : by & 1u << ROLE_ROOT ? found->root : "ica1");
	}
	return code;
}

/* ---- the root's ballot ---- */

static int has_ballot(struct work *work, const char *name, bool *there)
{
	int code = OPERATOR_DONE;
	struct home *home = work_home(work, name, &code);
	char file[200], hex[160];
	struct workspace_file ballot;

	*there = false;
	if (home == NULL)
		return code;
	if (home_identity(home, HOME_ACTIVE) == NULL || home_settings(home)->role != ROLE_ROOT) {
		code = operator_fail(work->options, OPERATOR_REFUSED, "%s: is no root with a certificate", name);
	} else {
		snprintf(file, sizeof(file), "add-root-%s.oer",
			 operator_hex(home_identity(home, HOME_ACTIVE)->cert.hash256, 32, false, hex));
		ballot = workspace_file(&work->workspace, WORKSPACE_BALLOTS, file);
		*there = access(ballot.text, F_OK) == 0;
	}
	home_close(home);
	return code;
}

static int make_bundle(struct work *work, struct found *found)
{
	struct bundle_made made;
	char text[2200];
	int code = bundle_make(work, NULL, &made);

	if (code != OPERATOR_DONE)
		return code;
	code = work_journal(work, code, "bundle make", made.folder, NULL, (struct scms_slice){NULL, 0});
	snprintf(text, sizeof(text), "%s: %zu electors, %zu roots, %zu ballots", made.folder, made.electors, made.roots,
		 made.ballots);
	if (code == OPERATOR_DONE)
		done(found, text);
	return code;
}

static void say_ballot(struct work *work, struct found *found)
{
	const char *ws = work->workspace.path;
	char text[4096];

	snprintf(text, sizeof(text),
		 "each elector: scms-elector init with %s/" WORKSPACE_BOOTSTRAP ", brought on a stick", ws);
	next(found, text);
	snprintf(text, sizeof(text),
		 "scms motion propose add-root %s/" WORKSPACE_COMPONENTS
		 "/%s/active/certificate.coer --reason 'founding' --workspace %s; "
		 "carry it to the electors, collect their votes, assemble; then this command again",
		 ws, found->root, ws);
	next(found, text);
}

static int run(struct work *work, struct found *found)
{
	const struct member root = {ROLE_ROOT, found->root, 0};
	struct workspace_file store = workspace_file(&work->workspace, "store", NULL);
	size_t electors;
	bool voted;
	int code = OPERATOR_DONE;

	for (size_t k = 0; code == OPERATOR_DONE && k < found->elector_count; k++)
		code = take_elector(work, found, found->elector[k]);
	if (code == OPERATOR_DONE)
		code = count_electors(work, &electors);
	if (code != OPERATOR_DONE)
		return code;
	if (electors < work->workspace.settings.quorum) {
		char text[256];

		snprintf(text, sizeof(text),
			 "%zu electors are known here, and %u decide; bring more: scms found --elector FILE", electors,
			 work->workspace.settings.quorum);
		next(found, text);
		return OPERATOR_DONE;
	}
	code = create(work, found, &root, NULL);
	/* Until the Manager has a store, the bundle follows the electors that are brought. */
	if (code == OPERATOR_DONE && access(store.text, F_OK) != 0)
		code = make_bundle(work, found);
	if (code == OPERATOR_DONE)
		code = has_ballot(work, found->root, &voted);
	if (code != OPERATOR_DONE)
		return code;
	if (!voted) {
		say_ballot(work, found);
		return OPERATOR_DONE;
	}
	code = create_all(work, found);
	if (code == OPERATOR_DONE)
		code = make_bundle(work, found);
	if (code == OPERATOR_DONE)
		next(found,
		     "scms component provision --all; then policy and chain file (scms policy, scms chain), and scmsd");
	return code;
}

int cmd_found(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"elector", OPTION_ELECTOR, "FILE", 0, "An elector's certificate (scms-elector create); may be given again",
	     0},
	    {"root", OPTION_ROOT, "NAME", 0, "Name of the root. Default: root1", 0},
	    {0}};
	static const char doc[] =
	    "Found an SCMS: do what can be done now, and say what people do next. To be called again after each of "
	    "their steps.\v"
	    "1. Electors found themselves (scms-elector create); their certificates are brought here with --elector.\n"
	    "2. A root is made, and a bundle with the electors alone.\n"
	    "3. The electors vote on the root (scms motion, scms-elector).\n"
	    "4. When the ballot is out, all components are made: ica1 eca1 pca1 ra1 la1 la2 ma1 crlg1 pg1 dcm1 "
	    "crl-store1 manager1. More, or "
	    "others: scms component create.\n"
	    "5. The bundle is made anew, with root and ballot.\n\n"
	    "There should be 2n + 1 electors, of whom n + 1 decide, so that the loss of n can be borne; an even number "
	    "is warned of.\n\n"
	    "Example:\n  scms found --workspace ws --elector a.coer --elector b.coer --elector c.coer\n\n"
	    "Exit code: 0 done as far as could be, 1 refused, 2 usage, 3 files, token or another operator.";
	struct found found = {
	    .options = {.command = "found"}, .root = "root1", .done = json_array(), .next = json_array()};
	struct work work;
	int code;

	operator_parse_rows(rows, parse_option, "", doc, argc, argv, "found", &found);
	code = work_begin(&work, &found.options, WORKSPACE_CHANGE);
	if (code == OPERATOR_DONE) {
		code = run(&work, &found);
		work_end(&work);
	}
	if (code == OPERATOR_DONE)
		operator_json(&found.options, json_pack("{s:O, s:O}", "done", found.done, "next", found.next));
	json_decref(found.done);
	json_decref(found.next);
	return code;
}

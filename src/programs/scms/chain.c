/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms chain: chain files, global and local.
 */
#include "commands.h"
#include "group.h"
#include "base/file.h"
#include "components/manager/vote_make.h"
#include "components/pg/chain_local.h"
#include "components/pg/chain_make.h"
#include "publish_work.h"
#include "service/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CERTIFICATE_BYTES_MAX (64u << 10)
#define COMMAND_FILES_MAX 64

enum { OPTION_VERSION = 300, OPTION_FORCE, OPTION_CERT, OPTION_REASON, OPTION_RA, OPTION_PCA, OPTION_OUT };

struct chain_command {
	struct operator_options common;
	bool has_version, force;
	uint16_t version;
	const char *file[COMMAND_FILES_MAX];
	size_t file_count;
	const char *reason, *ra, *out;
	struct operator_args args;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct chain_command *command = state->input;
	unsigned long n;
	char *end;

	switch (key) {
	case OPTION_VERSION:
		n = strtoul(arg, &end, 10);
		if (arg[0] < '0' || arg[0] > '9' || *end != '\0' || n > UINT16_MAX)
			argp_error(state, "--version: expected a number from 0 to 65535, found '%s'", arg);
		command->version = (uint16_t)n;
		command->has_version = true;
		break;
	case OPTION_FORCE:
		command->force = true;
		break;
	case OPTION_CERT:
	case OPTION_PCA:
		if (command->file_count == COMMAND_FILES_MAX)
			argp_error(state, "at most %d files", COMMAND_FILES_MAX);
		command->file[command->file_count++] = arg;
		break;
	case OPTION_REASON:
		command->reason = arg;
		break;
	case OPTION_RA:
		command->ra = arg;
		break;
	case OPTION_OUT:
		command->out = arg;
		break;
	default:
		return operator_key(key, arg, state, &command->common, &command->args);
	}
	return 0;
}

/* ---- make ---- */

/* What a file is made of. */
struct material {
	struct publish_work work;
	struct scms_slice *certificates;
	size_t certificate_count;
	struct chain_ballot *ballots;
	size_t ballot_count;
};

static int no_memory(const struct material *m)
{
	return operator_fail(m->work.options, OPERATOR_ENVIRONMENT, "no memory");
}

/* Electors and roots are not among the certificates: their ballots carry them. */
static int add_certificate(struct material *m, struct scms_slice bytes)
{
	struct scms_slice *longer;
	struct cert cert;

	if (bytes.n == 0 || (cert_read(&cert, bytes, engine_crypto(), NULL) == OER_OK && cert_is_self_issued(&cert)))
		return OPERATOR_DONE;
	longer = realloc(m->certificates, (m->certificate_count + 1) * sizeof(*longer));
	if (longer == NULL)
		return no_memory(m);
	m->certificates = longer;
	m->certificates[m->certificate_count++] = bytes;
	return OPERATOR_DONE;
}

static int add_list(struct material *m, const struct oer_list *list)
{
	struct oer_iter it = oer_iterate(list);
	struct scms_slice bytes;
	int code = OPERATOR_DONE;

	while (code == OPERATOR_DONE && oer_next_raw(&it, &bytes))
		code = add_certificate(m, bytes);
	return code;
}

/* certificate.coer and issuers.coer of one identity. */
static int add_identity(struct material *m, const char *home, const char *slot)
{
	struct scms_slice bytes;
	struct oer_list list;
	char folder[512];
	int code;

	if (snprintf(folder, sizeof(folder), "%s/%s/%s", WORKSPACE_COMPONENTS, home, slot) >= (int)sizeof(folder))
		return operator_fail(m->work.options, OPERATOR_REFUSED, "%s: its name is too long", home);
	code = publish_read(&m->work, folder, "certificate.coer", CERTIFICATE_BYTES_MAX, &bytes);
	if (code == OPERATOR_DONE)
		code = add_certificate(m, bytes);
	if (code == OPERATOR_DONE)
		code = publish_read(&m->work, folder, "issuers.coer", CERTIFICATE_BYTES_MAX, &bytes);
	if (code != OPERATOR_DONE || bytes.n == 0)
		return code;
	if (oer_decode(&oer_SequenceOfCertificate, bytes, OER_DEPTH_DEFAULT, &list, NULL) != OER_OK)
		return operator_fail(m->work.options, OPERATOR_REFUSED, "%s/%s/issuers.coer: expected SequenceOfCertificate, found something else",
				     m->work.workspace.path, folder);
	return add_list(m, &list);
}

/* What a component is, will be, and was: certificates outlive the keys that signed with them. */
static int add_component(struct material *m, const char *home)
{
	char retired[512], **names = NULL;
	size_t count = 0;
	int code = add_identity(m, home, "active");

	if (code == OPERATOR_DONE)
		code = add_identity(m, home, "staged");
	snprintf(retired, sizeof(retired), "%s/%.200s/retired", WORKSPACE_COMPONENTS, home);
	if (code != OPERATOR_DONE || !workspace_names(&m->work.workspace, retired, &names, &count))
		return code; /* nothing was retired yet */
	for (size_t k = 0; k < count && code == OPERATOR_DONE; k++) {
		char slot[256];

		snprintf(slot, sizeof(slot), "retired/%.200s", names[k]);
		code = add_identity(m, home, slot);
	}
	workspace_names_free(names, count);
	return code;
}

/* A certificate, or the answer of scms component issue. */
static int add_file(struct material *m, const char *path, struct scms_slice bytes)
{
	struct Certificate one;
	struct oer_list list;

	if (oer_decode(&oer_Certificate, bytes, OER_DEPTH_DEFAULT, &one, NULL) == OER_OK)
		return add_certificate(m, bytes);
	if (oer_decode(&oer_SequenceOfCertificate, bytes, OER_DEPTH_DEFAULT, &list, NULL) == OER_OK)
		return add_list(m, &list);
	return operator_fail(m->work.options, OPERATOR_REFUSED, "%s: expected a certificate, or the answer of scms component issue, found something else",
			     path);
}

static int add_components(struct material *m)
{
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	if (!workspace_names(&m->work.workspace, WORKSPACE_COMPONENTS, &names, &count))
		return operator_fail(m->work.options, OPERATOR_ENVIRONMENT, "%s/%s: cannot be read", m->work.workspace.path, WORKSPACE_COMPONENTS);
	for (size_t k = 0; k < count && code == OPERATOR_DONE; k++)
		code = add_component(m, names[k]);
	workspace_names_free(names, count);
	return code;
}

/* Released ballots that add something; those that remove go into the composite CRL. */
static int add_ballots(struct material *m)
{
	char **names;
	size_t count;
	int code = OPERATOR_DONE;

	if (!workspace_names(&m->work.workspace, WORKSPACE_BALLOTS, &names, &count))
		return operator_fail(m->work.options, OPERATOR_ENVIRONMENT, "%s/%s: cannot be read", m->work.workspace.path, WORKSPACE_BALLOTS);
	for (size_t k = 0; k < count && code == OPERATOR_DONE; k++) {
		struct chain_ballot *longer;
		struct ballot_parts parts;
		struct motion_error err;
		struct scms_slice bytes;

		if (strncmp(names[k], "add-", 4) != 0)
			continue;
		code = publish_read(&m->work, WORKSPACE_BALLOTS, names[k], BALLOT_BYTES_MAX, &bytes);
		if (code != OPERATOR_DONE)
			break;
		if (!ballot_parts_read(&parts, bytes, &err)) {
			code = operator_fail(m->work.options, OPERATOR_REFUSED, "%s/%s/%s: %s", m->work.workspace.path, WORKSPACE_BALLOTS,
					     names[k], err.text);
			break;
		}
		longer = realloc(m->ballots, (m->ballot_count + 1) * sizeof(*longer));
		if (longer == NULL) {
			code = no_memory(m);
			break;
		}
		m->ballots = longer;
		m->ballots[m->ballot_count++] = (struct chain_ballot){parts.form, parts.motion, bytes};
	}
	workspace_names_free(names, count);
	return code;
}

/* The certificates that are out, and the version that follows. */
static int add_current(struct material *m, struct chain_command *command)
{
	struct scms_slice current;
	struct chain_file file;
	struct oer_error oer;
	int code = publish_current_chain(&m->work, &current);

	if (code != OPERATOR_DONE)
		return code;
	if (current.p == NULL) {
		if (!command->has_version)
			command->version = 1;
		return OPERATOR_DONE;
	}
	if (chain_file_read(&file, current, &oer) != OER_OK)
		return operator_fail(m->work.options, OPERATOR_REFUSED, "the chain file that is out: offset %zu: %s: expected %s, found %s",
				     oer.offset, oer.path, oer.expected, oer.found);
	if (!command->has_version)
		command->version = chain_next_version(file.version);
	else if (!version_newer(command->version, file.version))
		return operator_fail(m->work.options, OPERATOR_REFUSED, "--version: %u is not newer than %u, which is out (rule G4)",
				     command->version, file.version);
	code = add_certificate(m, file.ma_certificate);
	return code == OPERATOR_DONE ? add_list(m, &file.certs) : code;
}

static void say_notes(const struct chain_made *made, FILE *to)
{
	for (size_t k = 0; k < made->note_count; k++)
		fprintf(to, "%s (rule %s): %s\n", chain_note_name(made->notes[k].kind), made->notes[k].rule, made->notes[k].text);
}

static int make_file(struct material *m, const struct chain_command *command, struct chain_made *made)
{
	struct chain_input input = {.crypto = engine_crypto(),
				    .now = m->work.now,
				    .form = m->work.workspace.settings.form_121 ? FORM_121 : FORM_124,
				    .version = command->version,
				    .ballots = m->ballots,
				    .ballot_count = m->ballot_count,
				    .certificates = m->certificates,
				    .certificate_count = m->certificate_count,
				    .forced = command->force};
	struct simulation *ahead;
	enum chain_status status;
	struct trust_env env;
	int code;

	ahead = publish_ahead(&m->work, &code);
	if (ahead == NULL)
		return code;
	env = simulation_env(ahead);
	input.store = simulation_store(ahead);
	input.objects = env.objects;
	status = chain_make(&input, made);
	simulation_free(ahead);
	say_notes(made, stderr);
	if (status == CHAIN_FAILED)
		return operator_fail(m->work.options, OPERATOR_ENVIRONMENT, "the chain file could not be made");
	if (status == CHAIN_NOT_MADE)
		return operator_fail(m->work.options, OPERATOR_REFUSED, "no chain file was made; see above");
	return OPERATOR_DONE;
}

static int chain_command_make(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"version", OPTION_VERSION, "N", 0, "Version of the file. Default: the one after that which is out", 0},
	    {"cert", OPTION_CERT, "FILE", 0, "A component's certificate beside those of the workspace; may be given again", 0},
	    {"force", OPTION_FORCE, NULL, 0, "Make it although a root loses its quorum of votes (rule H2)", 0},
	    {"reason", OPTION_REASON, "TEXT", 0, "Why, for the journal", 0},
	    {0}};
	static const char doc[] =
	    "Make the global certificate chain file (GCCF) of the components' certificates and the released ballots: "
	    "outgoing/gccf.oer.\v"
	    "What is no longer in it, and why, is said and recorded (rule H1). Votes of removed electors are left out; where a root "
	    "then lacks the quorum nothing is made, and the electors whose votes would mend it are named (rule H2). Make the composite "
	    "CRL first: what it revokes is not in the file.\n\n"
	    "Example:\n  scms crl make && scms chain make --reason \"elector D\"\n\n"
	    "Exit code: 0 made, 1 refused, 2 usage, 3 the workspace cannot be used.";
	struct material m = {.certificates = NULL};
	struct chain_command command = {.common = {.command = "chain make"}};
	struct chain_made made = {.note_count = 0};
	int code;

	operator_parse_rows(rows, parse_option, "", doc, argc, argv, "chain make", &command);
	code = publish_begin(&m.work, &command.common, WORKSPACE_CHANGE, PUBLISH_STORE);
	if (code == OPERATOR_DONE)
		code = add_components(&m);
	if (code == OPERATOR_DONE)
		code = add_current(&m, &command);
	for (size_t k = 0; code == OPERATOR_DONE && k < command.file_count; k++) {
		struct scms_slice bytes;

		code = publish_read_path(&m.work, command.file[k], CERTIFICATE_BYTES_MAX, &bytes);
		if (code == OPERATOR_DONE)
			code = add_file(&m, command.file[k], bytes);
	}
	if (code == OPERATOR_DONE)
		code = add_ballots(&m);
	if (code == OPERATOR_DONE)
		code = make_file(&m, &command, &made);
	if (code == OPERATOR_DONE)
		code = publish_write(&m.work, OUTGOING, OUTGOING_CHAIN, bytes_view(&made.file));
	if (code == OPERATOR_DONE) {
		const struct journal_file files[] = {{OUTGOING "/" OUTGOING_CHAIN, bytes_view(&made.file)}};

		code = publish_journal(&m.work, "chain make", command.reason, files, 1,
				       json_pack("{s:i,s:b,s:o}", "version", command.version, "forced", command.force, "notes",
						 chain_notes_json(&made)));
	}
	if (code == OPERATOR_DONE && command.common.json)
		operator_json(&command.common, json_pack("{s:s,s:i,s:i,s:i,s:i,s:o}", "file", OUTGOING "/" OUTGOING_CHAIN, "version",
							 command.version, "rootBallots", (int)made.root_ballots, "electorBallots",
							 (int)made.elector_ballots, "certificates", (int)made.certificates, "notes",
							 chain_notes_json(&made)));
	else if (code == OPERATOR_DONE)
		printf("%s/%s/%s: version %u, %u root and %u elector ballots, %u certificates and the MA's\n", m.work.workspace.path,
		       OUTGOING, OUTGOING_CHAIN, command.version, made.root_ballots, made.elector_ballots, made.certificates);
	chain_made_free(&made);
	free(m.certificates);
	free(m.ballots);
	publish_end(&m.work);
	return code;
}

/* ---- compare ---- */

static int say_comparison(const struct chain_command *command, const struct chain_comparison *c)
{
	if (command->common.json) {
		json_t *list = json_array();

		for (size_t k = 0; k < c->n; k++)
			json_array_append_new(list, json_pack("{s:b,s:s}", "missing", c->list[k].missing, "text", c->list[k].text));
		operator_json(&command->common, json_pack("{s:b,s:o}", "complete", c->missing == 0, "differences", list));
	} else {
		for (size_t k = 0; k < c->n; k++)
			printf("%s%s\n", c->list[k].missing ? "MISSING: " : "", c->list[k].text);
		printf("%s\n", c->missing > 0 ? "not complete (rule H3): it must not go out"
				  : c->n > 0  ? "every ballot is there (rule H3)"
					      : "complete");
	}
	return c->missing > 0 ? OPERATOR_REFUSED : OPERATOR_DONE;
}

static int chain_command_compare(int argc, char **argv)
{
	static const struct argp_option rows[] = {{0}};
	static const char doc[] =
	    "Hold an RA's local certificate chain file against the global one: every elector and root ballot must be in it "
	    "(rule H3).\v"
	    "Example:\n  scms chain compare gccf.oer local_certificate_chains_02_01.oer\n\n"
	    "Exit code: 0 nothing is missing, 1 something is, or a file is none, 2 usage, 3 a file cannot be read.";
	struct publish_work work = {.workspace = {.lock = -1}};
	struct chain_comparison c = {.n = 0};
	struct chain_command command = {.common = {.command = "chain compare"}, .args = {.least = 2, .most = 2}};
	struct scms_slice files[2];
	struct key_error err;
	int code = OPERATOR_DONE;

	operator_parse_rows(rows, parse_option, "GCCF LCCF", doc, argc, argv, "chain compare", &command);
	work.options = &command.common;
	for (unsigned k = 0; k < 2 && code == OPERATOR_DONE; k++)
		code = publish_read_path(&work, command.args.arg[k], CHAIN_BYTES_MAX, &files[k]);
	if (code == OPERATOR_DONE && chain_compare(files[0], files[1], engine_crypto(), &c, &err) != KEY_OK)
		code = operator_key_failed(&command.common, &err);
	else if (code == OPERATOR_DONE)
		code = say_comparison(&command, &c);
	chain_comparison_free(&c);
	publish_end(&work);
	return code;
}

/* ---- derive ---- */

static int read_pcas(struct publish_work *work, const struct chain_command *command, uint8_t (*pcas)[32])
{
	int code = OPERATOR_DONE;

	for (size_t k = 0; k < command->file_count && code == OPERATOR_DONE; k++) {
		struct scms_slice bytes;
		struct cert cert;

		code = publish_read_path(work, command->file[k], CERTIFICATE_BYTES_MAX, &bytes);
		if (code != OPERATOR_DONE)
			break;
		if (cert_read(&cert, bytes, engine_crypto(), NULL) != OER_OK)
			return operator_fail(work->options, OPERATOR_REFUSED, "%s: no certificate", command->file[k]);
		memcpy(pcas[k], cert.hash256, 32);
	}
	return code;
}

static int chain_command_derive(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"ra", OPTION_RA, "HOST", 0, "Host name of the RA whose file it is", 0},
	    {"version", OPTION_VERSION, "N", 0, "Its own number. Default: 1", 0},
	    {"pca", OPTION_PCA, "FILE", 0,
	     "Certificate of a PCA that serves the RA's devices; may be given again. Without: everything is required", 0},
	    {"out", OPTION_OUT, "FILE", 0, "Where to write. Default: local_certificate_chains_GCCF_N.oer here", 0},
	    {0}};
	static const char doc[] =
	    "Make an RA's local certificate chain file (LCCF) from the global one. All ballots are copied.\v"
	    "Example:\n  scms chain derive global_certificate_chains_02.oer --ra ra.example.org\n\n"
	    "Exit code: 0 made, 1 refused, 2 usage, 3 a file cannot be read or written.";
	struct publish_work work = {.workspace = {.lock = -1}};
	uint8_t pcas[COMMAND_FILES_MAX][32];
	struct lccf_input input = {.crypto = engine_crypto(), .version = 1, .pcas = (const uint8_t(*)[32])pcas};
	struct chain_comparison c = {.n = 0};
	struct chain_command command = {.common = {.command = "chain derive"}, .args = {.least = 1, .most = 1}};
	char name[CHAIN_FILE_NAME];
	struct bytes lccf = {NULL, 0};
	struct file_error file_err;
	struct key_error err;
	int code;

	operator_parse_rows(rows, parse_option, "GCCF", doc, argc, argv, "chain derive", &command);
	work.options = &command.common;
	if (command.ra == NULL)
		return operator_fail(&command.common, OPERATOR_USAGE, "--ra HOST is missing");
	input.ra_host = (struct scms_slice){(const uint8_t *)command.ra, strlen(command.ra)};
	input.pca_count = command.file_count;
	if (command.has_version)
		input.version = command.version;
	code = publish_read_path(&work, command.args.arg[0], CHAIN_BYTES_MAX, &input.gccf);
	if (code == OPERATOR_DONE)
		code = read_pcas(&work, &command, pcas);
	if (code == OPERATOR_DONE && lccf_make(&input, &lccf, &err) != KEY_OK)
		code = operator_fail(&command.common, err.status == KEY_FAILED ? OPERATOR_ENVIRONMENT : OPERATOR_REFUSED, "%s: %s",
				     command.args.arg[0], err.text);
	/* What would not pass the check does not leave the house. */
	if (code == OPERATOR_DONE && (chain_compare(input.gccf, bytes_view(&lccf), engine_crypto(), &c, &err) != KEY_OK || c.missing > 0))
		code = operator_fail(&command.common, OPERATOR_ENVIRONMENT, "the file that was made is not complete");
	if (code == OPERATOR_DONE && !chain_file_name(bytes_view(&lccf), name))
		code = operator_fail(&command.common, OPERATOR_ENVIRONMENT, "the file that was made cannot be read");
	if (code == OPERATOR_DONE && file_write(command.out != NULL ? command.out : name, 0644, bytes_view(&lccf), &file_err) != FILE_OK)
		code = operator_fail(&command.common, OPERATOR_ENVIRONMENT, "%s: %s", command.out != NULL ? command.out : name, file_err.text);
	if (code == OPERATOR_DONE && command.common.json)
		operator_json(&command.common, json_pack("{s:s,s:s}", "file", command.out != NULL ? command.out : name, "name", name));
	else if (code == OPERATOR_DONE)
		printf("%s: made\n", command.out != NULL ? command.out : name);
	chain_comparison_free(&c);
	bytes_free(&lccf);
	publish_end(&work);
	return code;
}

int cmd_chain(int argc, char **argv)
{
	static const struct group_command commands[] = {
	    {"compare", chain_command_compare, "what an RA's chain file lacks of the global one"},
	    {"derive", chain_command_derive, "an RA's chain file from the global one"},
	    {"make", chain_command_make, "the global chain file, from certificates and ballots"},
	};
	static const struct group group = GROUP("scms chain", "Certificate chain files, global and local.", commands,
						"  scms chain make --reason \"elector D\"\n");

	return group_run(&group, argc, argv);
}

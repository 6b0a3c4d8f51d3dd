/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between workspaces: a request is carried to its issuer, the certificate and those above it are carried back.
 */
#include "component.h"
#include "component_work.h"
#include "dot2/validity.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_BYTES_MAX (64u << 10)

enum { OPTION_ISSUER = 256, OPTION_OUT };

/* A request for a certificate, and one for a TLS identity. */
#define CARRY_MAX 2

struct carry {
	struct operator_options options;
	const char *name; /* install: the component */
	const char *files[CARRY_MAX];
	size_t file_count;
	const char *file; /* the one in work */
	const char *issuer, *out;
	bool install;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct carry *carry = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &carry->options;
		break;
	case OPTION_ISSUER:
		carry->issuer = arg;
		break;
	case OPTION_OUT:
		carry->out = arg;
		break;
	case ARGP_KEY_ARG:
		if (carry->install && carry->name == NULL)
			carry->name = arg;
		else if (carry->file_count < CARRY_MAX)
			carry->files[carry->file_count++] = arg;
		else
			argp_error(state, "unexpected argument '%s'", arg);
		break;
	case ARGP_KEY_END:
		if (carry->file_count == 0)
			argp_error(state, carry->install ? "NAME and FILE are needed" : "FILE is missing");
		if (carry->out != NULL && carry->file_count > 1)
			argp_error(state, "--out is for one FILE");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* ---- issue ---- */

/* The certificate and those above it, in one file. */
static bool answer_make(const struct work_issuer *issuer, struct scms_slice certificate, struct bytes *out)
{
	struct Certificate items[CHAIN_MAX];
	struct oer_list list = {.items = items};
	struct key_error err;

	if (oer_decode(&oer_Certificate, certificate, OER_DEPTH_DEFAULT, &items[list.count++], NULL) != OER_OK)
		return false;
	items[list.count++] = issuer->identity->cert.c;
	for (size_t k = 0; k < issuer->identity->issuer_count && list.count < CHAIN_MAX; k++)
		items[list.count++] = issuer->identity->issuer[k].c;
	return make_bytes(&oer_SequenceOfCertificate, &list, out, &err) == KEY_OK;
}

static int answer_write(struct work *work, const struct carry *carry, const struct component_request *request,
			const struct work_issuer *issuer, const struct bytes *certificate)
{
	char name[300];
	struct workspace_file file;
	struct file_error refused;
	struct bytes answer = {NULL, 0};
	struct cert cert;
	char hash[160];
	int code;

	snprintf(name, sizeof(name), "%.*s.certificate.coer", (int)request->subject.name.n,
		 (const char *)request->subject.name.p);
	for (char *p = name; *p != '\0'; p++)
		if (*p == '/')
			*p = '_';
	file = workspace_file(&work->workspace, WORKSPACE_REQUESTS, name);
	if (carry->out != NULL)
		snprintf(file.text, sizeof(file.text), "%s", carry->out);
	if (cert_read(&cert, bytes_view(certificate), work->crypto, NULL) != OER_OK ||
	    !answer_make(issuer, bytes_view(certificate), &answer))
		return operator_fail(work->options, OPERATOR_ENVIRONMENT, "out of memory");
	operator_hex(cert.hash256, 32, false, hash);
	code = file_write(file.text, 0644, bytes_view(&answer), &refused) == FILE_OK
		   ? OPERATOR_DONE
		   : operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", file.text, refused.text);
	if (code == OPERATOR_DONE)
		code = work_journal(work, code, "component issue", hash, file.text, bytes_view(&answer));
	bytes_free(&answer);
	if (code == OPERATOR_DONE) {
		if (!carry->options.json)
			printf("%s for '%.*s', certificate %s, by %s\nCarry %s back: scms component install NAME\n",
			       role_title(request->role), (int)request->subject.name.n,
			       (const char *)request->subject.name.p, hash, home_settings(issuer->home)->name,
			       file.text);
		operator_json(&carry->options,
			      json_pack("{s:s, s:s, s:s, s:s}", "role", role_name(request->role), "hash", hash,
					"issuer", home_settings(issuer->home)->name, "file", file.text));
	}
	return code;
}

/* A request lies on sticks and in drawers: one that is forgotten may be of a key that nobody guards any more. */
#define REQUEST_DAYS_MAX 90

static int check_age(struct work *work, const struct carry *carry, const struct component_request *request)
{
	const scms_time64 made = time64_of(request->time), skew = (scms_time64)work->workspace.settings.skew_seconds * TIME64_SECOND;
	const unsigned days = made < work->now ? (unsigned)((work->now - made) / (UINT64_C(86400) * TIME64_SECOND)) : 0;
	char text[TIME_TEXT_BYTES];

	operator_time(made, text);
	if (made > work->now + skew)
		return operator_fail(work->options, OPERATOR_REFUSED,
				     "%s: says to have been made at %s, which is not yet: one of the two clocks is wrong", carry->file, text);
	if (days > REQUEST_DAYS_MAX)
		return operator_fail(work->options, OPERATOR_REFUSED,
				     "%s: was made at %s, %u days ago; a request is good for %u days: have a new one made", carry->file, text, days,
				     REQUEST_DAYS_MAX);
	if (!work->options->json)
		printf("Request of %s, %u day%s ago\n", text, days, days == 1 ? "" : "s");
	return OPERATOR_DONE;
}

static int issue_certificate(struct work *work, struct carry *carry, struct scms_slice bytes)
{
	struct component_request request = {.role = ROLE_ELECTOR};
	struct work_issuer issuer = {.home = NULL};
	struct bytes certificate = {NULL, 0};
	struct key_error err;
	struct lint lint = {.count = 0};
	int code;

	if (component_request_read(&request, bytes, work->crypto, &err) != KEY_OK)
		code = operator_fail(&carry->options, OPERATOR_REFUSED, "%s: %s", carry->file, err.text);
	else
		code = check_age(work, carry, &request);
	if (code == OPERATOR_DONE)
		code = work_issuer_open(work, (enum profile)request.role, carry->issuer, HOME_ACTIVE, &issuer);
	if (code == OPERATOR_DONE && issuer.by.cert != NULL) {
		/* Who asks may not reach back before its issuer. */
		if (request.subject.start < issuer.by.cert->c.toBeSigned.validityPeriod.start)
			request.subject.start = issuer.by.cert->c.toBeSigned.validityPeriod.start;
		if (component_issue(&issuer.by, (enum profile)request.role, &request.subject, &certificate, &lint,
				    &err) != KEY_OK) {
			code = operator_key_failed(&carry->options, &err);
			work_lint_say(work, &lint);
		}
	}
	if (code == OPERATOR_DONE)
		code = answer_write(work, carry, &request, &issuer, &certificate);
	bytes_free(&certificate);
	work_issuer_close(&issuer);
	return code;
}

static int issue_run(struct carry *carry)
{
	struct work work;
	int code = work_begin(&work, &carry->options, WORKSPACE_CHANGE);

	if (code != OPERATOR_DONE)
		return code;
	for (size_t k = 0; code == OPERATOR_DONE && k < carry->file_count; k++) {
		struct scms_slice bytes = {NULL, 0};
		struct file_error refused;

		carry->file = carry->files[k];
		if (file_read(carry->file, REQUEST_BYTES_MAX, &bytes, &refused) != FILE_OK)
			code = operator_fail(&carry->options, OPERATOR_ENVIRONMENT, "%s: %s", carry->file, refused.text);
		else
			code = work_tls_is_request(bytes) ? work_tls_issue(&work, carry->file, carry->out)
							  : issue_certificate(&work, carry, bytes);
		free((void *)(uintptr_t)bytes.p);
	}
	work_end(&work);
	return code;
}

int component_issue_request(int argc, char **argv)
{
	static const struct argp_option rows[] = {
	    {"issuer", OPTION_ISSUER, "NAME", 0, "The component that issues it. Default: the only one here that may",
	     0},
	    {"out", OPTION_OUT, "FILE", 0, "Where the answer goes. Default: requests/HOST.certificate.coer or HOST.tls.pem", 0},
	    {0}};
	static const char doc[] =
	    "Issue what a request from another workspace asks for: a certificate, or a TLS identity (scms component create --request).\v"
	    "The request must be signed by the key that is to be certified; of what it says, role, name, keys and "
	    "start are taken, and the "
	    "profile of the role says the rest. A request of more than 90 days ago, or from the future, is refused. The answer holds the certificate and those above it.\n\n"
	    "A TLS identity is for one host and one role, under the X.509 root of this workspace: never for the role manager, nor for "
	    "the host of a component that is here.\n\n"
	    "Example:\n  scms component issue pca2.request.coer pca2.tls.csr\n\n"
	    "Exit code: 0 issued, 1 refused, 2 usage, 3 files, token or another operator.";
	struct argp argp = {rows, parse_option, "FILE...", doc, OPERATOR_CHILDREN, NULL, NULL};
	struct carry carry = {.options = {.command = "component issue"}};

	operator_parse(&argp, argc, argv, "component issue", &carry);
	return issue_run(&carry);
}

/* ---- install ---- */

/* Splits the answer: the first certificate, and the list of the rest. */
static bool answer_split(struct scms_slice bytes, struct scms_slice *certificate, struct bytes *issuers)
{
	struct Certificate items[CHAIN_MAX], one;
	struct oer_list list, rest = {.items = items};
	struct oer_iter it;
	struct key_error err;

	*issuers = (struct bytes){NULL, 0};
	if (oer_decode(&oer_Certificate, bytes, OER_DEPTH_DEFAULT, &one, NULL) == OER_OK) {
		*certificate = bytes;
		return true;
	}
	if (oer_decode(&oer_SequenceOfCertificate, bytes, OER_DEPTH_DEFAULT, &list, NULL) != OER_OK ||
	    list.count == 0 || list.count > CHAIN_MAX)
		return false;
	it = oer_iterate(&list);
	oer_next_raw(&it, certificate);
	while (oer_next(&it, &items[rest.count]))
		rest.count++;
	return rest.count == 0 || make_bytes(&oer_SequenceOfCertificate, &rest, issuers, &err) == KEY_OK;
}

/* Is it what the profile wants, under those that came with it? */
static int check_lint(struct work *work, const struct home *home, const char *file, struct scms_slice certificate,
		      struct scms_slice issuers)
{
	const struct cert *chain[CHAIN_MAX];
	struct cert cert, above[CHAIN_MAX];
	struct lint_question question = {.cert = &cert,
					 .profile = (enum profile)home_settings(home)->role,
					 .level = work->workspace.settings.level,
					 .issuers = chain,
					 .crypto = work->crypto};
	struct scms_slice raw;
	struct oer_list list;
	struct oer_iter it;
	struct lint lint;
	char text[600];
	bool good = cert_read(&cert, certificate, work->crypto, NULL) == OER_OK;

	if (good && issuers.n > 0) {
		good = oer_decode(&oer_SequenceOfCertificate, issuers, OER_DEPTH_DEFAULT, &list, NULL) == OER_OK;
		it = oer_iterate(&list);
		while (good && oer_next_raw(&it, &raw)) {
			good = cert_read(&above[question.issuer_count], raw, work->crypto, NULL) == OER_OK;
			chain[question.issuer_count] = &above[question.issuer_count];
			question.issuer_count++;
		}
	}
	if (!good)
		return operator_fail(work->options, OPERATOR_REFUSED, "%s: a certificate in it cannot be used", file);
	if (lint_certificate(&question, &lint))
		return OPERATOR_DONE;
	lint_text(&lint.finding[0], text, sizeof(text));
	operator_fail(work->options, OPERATOR_REFUSED, "%s: %s", file, text);
	work_lint_say(work, &lint);
	return OPERATOR_REFUSED;
}

static int install_certificate(struct work *work, const struct carry *carry, struct home *home, struct scms_slice bytes, bool *changed)
{
	struct scms_slice certificate = {NULL, 0};
	struct bytes issuers = {NULL, 0};
	struct home_error err;
	int code = OPERATOR_DONE;

	if (!answer_split(bytes, &certificate, &issuers))
		code = operator_fail(
		    &carry->options, OPERATOR_REFUSED,
		    "%s: expected a certificate, or the answer of scms component issue, found something else",
		    carry->file);
	if (code == OPERATOR_DONE)
		code = check_lint(work, home, carry->file, certificate, bytes_view(&issuers));
	if (code == OPERATOR_DONE && home_install(home, certificate, bytes_view(&issuers), &err) != HOME_OK)
		code = operator_home_failed(&carry->options, &err);
	if (code == OPERATOR_DONE)
		code = work_activate(work, home, changed);
	bytes_free(&issuers);
	return code;
}

static int install_file(struct work *work, const struct carry *carry, struct home *home)
{
	struct scms_slice bytes = {NULL, 0};
	struct file_error refused;
	bool changed = false, tls = false;
	int code;

	if (file_read(carry->file, REQUEST_BYTES_MAX, &bytes, &refused) != FILE_OK)
		return operator_fail(&carry->options, OPERATOR_ENVIRONMENT, "%s: %s", carry->file, refused.text);
	tls = work_tls_is_answer(bytes);
	code = tls ? work_tls_install(work, home, carry->file) : install_certificate(work, carry, home, bytes, &changed);
	if (code == OPERATOR_DONE)
		code = work_journal(work, code, "component install", carry->name, carry->file, bytes);
	if (code == OPERATOR_DONE && !carry->options.json)
		printf("%s: has its %s\n", carry->name,
		       tls	 ? "TLS identity; if it runs, it takes it by itself"
		       : changed ? "certificate, active"
				 : "certificate, staged; say when it is to become active: scms component activate");
	if (code == OPERATOR_DONE)
		operator_json(&carry->options, json_pack("{s:s, s:b, s:b}", "name", carry->name, "active", changed, "tls", tls));
	free((void *)(uintptr_t)bytes.p);
	return code;
}

static int install_run(struct carry *carry)
{
	struct work work;
	struct home *home;
	int code = work_begin(&work, &carry->options, WORKSPACE_CHANGE);

	if (code != OPERATOR_DONE)
		return code;
	home = work_home(&work, carry->name, &code);
	for (size_t k = 0; code == OPERATOR_DONE && k < carry->file_count; k++) {
		carry->file = carry->files[k];
		code = install_file(&work, carry, home);
	}
	home_close(home);
	work_end(&work);
	return code;
}

int component_install(int argc, char **argv)
{
	static const char doc[] = "Give a component what it asked for: its certificate, or its TLS identity (scms component create "
				  "--request, renew --request, tls --request).\v"
				  "FILE is the answer of scms component issue. It is linted, and must certify the keys "
				  "of the request. A component's first "
				  "certificate becomes active at once, a later one is staged. A TLS identity takes the place of the present one at once.\n\n"
				  "Example:\n  scms component install pca2 pca2.certificate.coer pca2.tls.pem\n\n"
				  "Exit code: 0 installed, 1 refused, 2 usage, 3 files or another operator.";
	struct argp argp = {NULL, parse_option, "NAME FILE...", doc, OPERATOR_CHILDREN, NULL, NULL};
	struct carry carry = {.options = {.command = "component install"}, .install = true};

	operator_parse(&argp, argc, argv, "component install", &carry);
	return install_run(&carry);
}

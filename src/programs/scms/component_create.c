/* SPDX-License-Identifier: Apache-2.0 */
#include "component.h"
#include "component_work.h"

#include "base/file.h"
#include "dot2/validity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_HOST = 256, OPTION_LA_ID, OPTION_ISSUER, OPTION_REQUEST, OPTION_START, OPTION_CURVE, OPTION_KEYS };

static const struct argp_option rows[] = {
    {"host", OPTION_HOST, "NAME", 0, "Host name, also in the certificate. Default: NAME.domain (scms.conf)", 0},
    {"la-id", OPTION_LA_ID, "N", 0, "Number of a linkage authority, 0 to 65535", 0},
    {"issuer", OPTION_ISSUER, "NAME", 0, "The component that issues it. Default: the only one here that may", 0},
    {"request", OPTION_REQUEST, NULL, 0, "Make keys and a request, to be issued in another workspace", 0},
    {"start", OPTION_START, "T", 0,
     "When its validity begins. Default: with the present i-period (week), or its issuer's start", 0},
    {"curve", OPTION_CURVE, "CURVE", 0,
     "Curve of an elector's key: p256 (default), p384, brainpool-p256, brainpool-p384", 0},
    {"keys", OPTION_KEYS, "WHERE", 0, "Where its keys are made: files, or a pkcs11: URI. Default: as scms.conf says",
     0},
    {0}};

static const char doc[] =
    "Make a component: its keys, its certificate, its TLS identity.\v"
    "ROLE is elector, root, ica, eca, pca, ra, la, ma, crlg, pg, dcm, crl-store or manager. The certificate has "
    "exactly the profile\n"
    "of the role, and is linted first with a key that is thrown away. With --request two files are written to the "
    "workspace's folder\n"
    "requests/, for the certificate and for the TLS identity, to be carried to whoever issues (scms component issue), and the "
    "answers back\n(scms component install).\n\n"
    "Examples:\n  scms component create root root1\n  scms component create la la1 --la-id 1\n"
    "  scms component create pca pca1 --request\n\n"
    "Exit code: 0 made, 1 refused, 2 usage, 3 files, token or another operator; nothing is left of it.";

struct create {
	struct operator_options options;
	const char *role_text, *name, *host;
	enum role role;
	bool has_la_id;
	uint16_t la_id;
	struct work_order order;
};

static bool curve_parse(const char *text, enum scms_curve *curve)
{
	static const struct {
		const char *name;
		enum scms_curve curve;
	} known[] = {{"p256", SCMS_NIST_P256},
		     {"p384", SCMS_NIST_P384},
		     {"brainpool-p256", SCMS_BRAINPOOL_P256R1},
		     {"brainpool-p384", SCMS_BRAINPOOL_P384R1}};

	for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
		if (strcmp(known[k].name, text) == 0) {
			*curve = known[k].curve;
			return true;
		}
	return false;
}

static void take_start(struct create *create, const char *arg, struct argp_state *state)
{
	struct leap_table leaps;
	scms_time64 time;

	leap_load(&leaps, LEAP_FILE);
	if (!time_parse(&leaps, arg, &time) || time / TIME64_SECOND > UINT32_MAX)
		argp_error(state, "--start: expected " TIME_PARSE_WANTS ", found '%s'", arg);
	create->order.has_start = true;
	create->order.start = (scms_time32)(time / TIME64_SECOND);
}

static void check_end(const struct create *create, struct argp_state *state)
{
	if (create->name == NULL)
		argp_error(state, "ROLE and NAME are needed");
	if ((create->role == ROLE_LA) != create->has_la_id)
		argp_error(state, create->role == ROLE_LA ? "a linkage authority needs --la-id N"
							  : "--la-id is for linkage authorities");
	if (create->role != ROLE_ELECTOR && create->order.curve != SCMS_NIST_P256)
		argp_error(state, "--curve is for electors: all others are on NIST P-256");
	if (create->order.request && (create->role == ROLE_ELECTOR || create->role == ROLE_ROOT))
		argp_error(state, "--request: a component of role %s has no issuer", create->role_text);
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct create *create = state->input;
	char *end;
	long number;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &create->options;
		break;
	case OPTION_HOST:
		create->host = arg;
		break;
	case OPTION_LA_ID:
		number = strtol(arg, &end, 0);
		if (*end != '\0' || end == arg || number < 0 || number > UINT16_MAX)
			argp_error(state, "--la-id: expected 0 to 65535, found '%s'", arg);
		create->la_id = (uint16_t)number;
		create->has_la_id = true;
		break;
	case OPTION_ISSUER:
		create->order.issuer = arg;
		break;
	case OPTION_REQUEST:
		create->order.request = true;
		break;
	case OPTION_START:
		take_start(create, arg, state);
		break;
	case OPTION_CURVE:
		if (!curve_parse(arg, &create->order.curve))
			argp_error(state, "--curve: no curve '%s'", arg);
		break;
	case OPTION_KEYS:
		if (strcmp(arg, "files") != 0 && strncmp(arg, "pkcs11:", 7) != 0)
			argp_error(state, "--keys: expected files or a pkcs11: URI, found '%s'", arg);
		create->order.keys = arg;
		break;
	case ARGP_KEY_ARG:
		if (create->role_text == NULL) {
			create->role_text = arg;
			if (!role_parse(arg, &create->role))
				argp_error(state, "no role '%s'", arg);
		} else if (create->name == NULL) {
			create->name = arg;
		} else {
			argp_error(state, "unexpected argument '%s'", arg);
		}
		break;
	case ARGP_KEY_END:
		check_end(create, state);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* The requests as files to be carried. */
static int request_out(struct work *work, const struct create *create, struct workspace_file *file, struct workspace_file *tls)
{
	char name[HOME_TEXT_BYTES + 32];
	struct file_error refused;
	struct home *home;
	int code = OPERATOR_DONE;

	home = work_home(work, create->name, &code);
	if (home == NULL)
		return code;
	snprintf(name, sizeof(name), "%s.request.coer", create->name);
	*file = workspace_file(&work->workspace, WORKSPACE_REQUESTS, name);
	if (!role_has_certificate(create->role))
		file->text[0] = '\0';
	else if (file_write(file->text, 0644, home_identity(home, HOME_STAGED)->request, &refused) != FILE_OK)
		code = operator_fail(work->options, OPERATOR_ENVIRONMENT, "%s: %s", file->text, refused.text);
	if (code == OPERATOR_DONE && !role_is_offline(create->role))
		code = work_tls_request_out(work, home, tls);
	home_close(home);
	return code;
}

static void say(const struct create *create, const struct work_made *made, const char *request, const char *tls)
{
	if (create->options.json)
		return;
	if (create->order.request)
		printf("%s: waits for its %s. Carry to its issuer, for scms component issue:\n  %s%s%s\n", create->name,
		       request[0] == '\0' ? "TLS identity" : tls[0] == '\0' ? "certificate" : "certificate and its TLS identity", request,
		       request[0] != '\0' && tls[0] != '\0' ? "\n  " : "", tls);
	else if (made->hash[0] != '\0')
		printf("%s: %s, certificate %s\n", create->name, role_title(create->role), made->hash);
	else
		printf("%s: %s, known by its TLS identity\n", create->name, role_title(create->role));
}

static int create_run(struct create *create)
{
	struct workspace_file request = {.text = ""}, tls = {.text = ""};
	struct home_settings settings;
	struct work_made made;
	struct work work;
	int code = work_begin(&work, &create->options, WORKSPACE_CHANGE);

	if (code != OPERATOR_DONE)
		return code;
	if (!work_settings(&work, create->role, create->name, create->host, create->la_id, &settings))
		code = OPERATOR_REFUSED;
	if (code == OPERATOR_DONE)
		code = work_component_create(&work, &settings, &create->order, &made);
	if (code == OPERATOR_DONE && create->order.request)
		code = request_out(&work, create, &request, &tls);
	if (code == OPERATOR_DONE) {
		char why[HOME_TEXT_BYTES + 160];

		snprintf(why, sizeof(why), "%s %s %s", create->role_text, create->name, made.hash);
		code = work_journal(&work, code, "component create", why, NULL, (struct scms_slice){NULL, 0});
	}
	if (code == OPERATOR_DONE) {
		say(create, &made, request.text, tls.text);
		operator_json(&create->options,
			      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "name", create->name, "role", create->role_text,
					"hash", made.hash, "hashedId8", made.id8, "request", request.text, "tlsRequest", tls.text));
	}
	work_end(&work);
	return code;
}

int component_create(int argc, char **argv)
{
	static const struct argp argp = {rows, parse_option, "ROLE NAME", doc, NULL, NULL, NULL};
	struct argp with_children = argp;
	struct create create = {.options = {.command = "component create"}, .order = {.curve = SCMS_NIST_P256}};

	with_children.children = OPERATOR_CHILDREN;
	operator_parse(&with_children, argc, argv, "component create", &create);
	return create_run(&create);
}

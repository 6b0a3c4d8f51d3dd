/* SPDX-License-Identifier: Apache-2.0 */
#include "component.h"
#include "component_work.h"

#include "components/manager/fingerprint.h"
#include "dot2/validity.h"
#include "service/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct listing {
	struct operator_options options;
	const char *name;
	bool one;
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct listing *listing = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &listing->options;
		break;
	case ARGP_KEY_ARG:
		if (!listing->one || listing->name != NULL)
			argp_error(state, "unexpected argument '%s'", arg);
		listing->name = arg;
		break;
	case ARGP_KEY_END:
		if (listing->one && listing->name == NULL)
			argp_error(state, "NAME is missing");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const char *status_of(const struct work *work, const struct home_identity *identity)
{
	if (identity->certificate.n == 0)
		return "waiting";
	if (workspace_is_revoked(&work->workspace, &identity->cert))
		return "revoked";
	if (work_is_expired(work, &identity->cert))
		return "expired";
	return validity_start(&identity->cert.c.toBeSigned.validityPeriod) > work->now ? "not yet valid" : "valid";
}

static json_t *identity_json(const struct work *work, const struct home_identity *identity)
{
	json_t *object = json_pack("{s:s, s:s}", "status", status_of(work, identity), "signKey", identity->sign);
	char text[160];

	if (identity->encrypt != NULL)
		json_object_set_new(object, "encryptKey", json_string(identity->encrypt));
	if (identity->has_activation)
		json_object_set_new(object, "activate", json_integer((json_int_t)identity->activation));
	if (identity->certificate.n == 0)
		return object;
	json_object_set_new(object, "hash", json_string(operator_hex(identity->cert.hash256, 32, false, text)));
	json_object_set_new(object, "hashedId8", json_string(operator_hex(cert_id8(&identity->cert), 8, false, text)));
	json_object_set_new(object, "hashedId10",
			    json_string(operator_hex(cert_id10(&identity->cert), 10, false, text)));
	if (identity->issuer_count > 0) {
		json_object_set_new(object, "issuer",
				    json_string(operator_hex(identity->issuer[0].hash256, 32, false, text)));
		json_object_set_new(
		    object, "root",
		    json_string(operator_hex(identity->issuer[identity->issuer_count - 1].hash256, 32, false, text)));
	}
	json_object_set_new(object, "series", json_integer(identity->cert.c.toBeSigned.crlSeries));
	json_object_set_new(object, "start",
			    json_integer((json_int_t)validity_start(&identity->cert.c.toBeSigned.validityPeriod)));
	json_object_set_new(object, "end",
			    json_integer((json_int_t)validity_end(&identity->cert.c.toBeSigned.validityPeriod)));
	return object;
}

/* "2030-02-24 09:11:31 UTC", until when the TLS identity is good; NULL: there is none. */
static const char *tls_until(const struct home *home, char text[TIME_TEXT_BYTES])
{
	char file[2100];
	time_t until;
	struct tm tm;

	snprintf(file, sizeof(file), "%.2000s/tls/certificate.pem", home_path(home));
	if (!tls_validity(file, NULL, &until) || gmtime_r(&until, &tm) == NULL)
		return NULL;
	strftime(text, TIME_TEXT_BYTES, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return text;
}

static bool tls_waits(const struct home *home)
{
	char file[2100];

	snprintf(file, sizeof(file), "%.2000s/tls-next/request.csr", home_path(home));
	return access(file, F_OK) == 0;
}

static json_t *home_json(const struct work *work, const struct home *home)
{
	const struct home_settings *settings = home_settings(home);
	const struct home_identity *active = home_identity(home, HOME_ACTIVE),
				   *staged = home_identity(home, HOME_STAGED);
	char until[TIME_TEXT_BYTES];
	json_t *object = json_pack("{s:s, s:s, s:s, s:i}", "name", settings->name, "role", role_name(settings->role),
				   "host", settings->host, "retired", (int)home_retired_count(home));

	if (settings->role == ROLE_LA)
		json_object_set_new(object, "laId", json_integer(settings->la_id));
	if (tls_until(home, until) != NULL)
		json_object_set_new(object, "tlsUntil", json_string(until));
	if (tls_waits(home))
		json_object_set_new(object, "tlsWaits", json_true());
	if (active != NULL)
		json_object_set_new(object, "active", identity_json(work, active));
	if (staged != NULL)
		json_object_set_new(object, "staged", identity_json(work, staged));
	return object;
}

static void print_line(const struct work *work, const struct home *home)
{
	const struct home_settings *settings = home_settings(home);
	const struct home_identity *active = home_identity(home, HOME_ACTIVE),
				   *staged = home_identity(home, HOME_STAGED);
	char text[160], until[TIME_TEXT_BYTES];

	printf("%-14s %-9s ", settings->name, role_name(settings->role));
	if (active != NULL)
		printf("%s  %-13s until %s", operator_hex(cert_id8(&active->cert), 8, false, text),
		       status_of(work, active),
		       operator_time(validity_end(&active->cert.c.toBeSigned.validityPeriod), until));
	else
		printf("%-16s  %s", "-", role_has_certificate(settings->role) ? "no certificate" : "TLS only");
	if (staged != NULL) {
		printf("; staged: %s", status_of(work, staged));
		if (staged->has_activation)
			printf(", active from %s", operator_time(staged->activation, until));
	}
	putchar('\n');
}

static void print_identity(const struct work *work, const char *what, const struct home_identity *identity)
{
	char text[160], time[TIME_TEXT_BYTES], words[FINGERPRINT_WORDS_BYTES(32)];

	printf("%s\n", what);
	if (identity->certificate.n > 0) {
		printf("  status        %s\n  certificate   %s\n", status_of(work, identity),
		       operator_hex(identity->cert.hash256, 32, true, text));
		printf("  in words      %s\n", fingerprint_words(identity->cert.hash256, 32, words));
		printf("  HashedId10    %s\n  CRL series    %u\n",
		       operator_hex(cert_id10(&identity->cert), 10, false, text),
		       identity->cert.c.toBeSigned.crlSeries);
		printf("  from          %s\n",
		       operator_time(validity_start(&identity->cert.c.toBeSigned.validityPeriod), time));
		printf("  until         %s\n",
		       operator_time(validity_end(&identity->cert.c.toBeSigned.validityPeriod), time));
		for (size_t k = 0; k < identity->issuer_count; k++)
			printf("  %-13s %s\n", k == 0 ? "issuer" : "above it",
			       operator_hex(identity->issuer[k].hash256, 32, true, text));
	} else {
		printf("  status        waits for its certificate\n");
	}
	printf("  signing key   %s\n", identity->sign);
	if (identity->encrypt != NULL)
		printf("  decryption    %s\n", identity->encrypt);
	if (identity->has_activation)
		printf("  active from   %s\n", operator_time(identity->activation, time));
}

static void print_home(const struct work *work, const struct home *home)
{
	const struct home_settings *settings = home_settings(home);
	char until[TIME_TEXT_BYTES];

	printf("%s: %s, host %s\n", settings->name, role_title(settings->role), settings->host);
	if (settings->role == ROLE_LA)
		printf("linkage authority number %u\n", settings->la_id);
	if (home_identity(home, HOME_ACTIVE) != NULL)
		print_identity(work, "active", home_identity(home, HOME_ACTIVE));
	if (home_identity(home, HOME_STAGED) != NULL)
		print_identity(work, "staged", home_identity(home, HOME_STAGED));
	if (tls_until(home, until) != NULL)
		printf("TLS identity until %s\n", until);
	else if (!role_is_offline(settings->role))
		printf("no TLS identity\n");
	if (tls_waits(home))
		printf("a TLS identity is asked for: scms component install %s FILE\n", settings->name);
	printf("retired: %u\n", home_retired_count(home));
}

static int list_one(void *ctx, struct work *work, struct home *home)
{
	json_array_append_new(ctx, home_json(work, home));
	if (!work->options->json)
		print_line(work, home);
	return OPERATOR_DONE;
}

static int list_run(struct listing *listing)
{
	json_t *list = json_array();
	struct work work;
	int code = work_begin(&work, &listing->options, WORKSPACE_READ);

	if (code == OPERATOR_DONE)
		code = work_each(&work, list_one, list);
	if (code == OPERATOR_DONE)
		operator_json(&listing->options, list);
	else
		json_decref(list);
	work_end(&work);
	return code;
}

static int show_run(struct listing *listing)
{
	struct home *home;
	struct work work;
	int code = work_begin(&work, &listing->options, WORKSPACE_READ);

	if (code != OPERATOR_DONE)
		return code;
	home = work_home(&work, listing->name, &code);
	if (home != NULL) {
		if (!listing->options.json)
			print_home(&work, home);
		operator_json(&listing->options, home_json(&work, home));
		home_close(home);
	}
	work_end(&work);
	return code;
}

int component_list(int argc, char **argv)
{
	static const char doc[] =
	    "List the components of a workspace: role, HashedId8, status, end, what is staged.\v"
	    "Example:\n  scms component list --workspace ws\n\n"
	    "Exit code: 0 listed, 1 a home is not what it should be, 2 usage, 3 it cannot be read.";
	struct argp argp = {NULL, parse_option, "", doc, OPERATOR_CHILDREN, NULL, NULL};
	struct listing listing = {.options = {.command = "component list"}};

	operator_parse(&argp, argc, argv, "component list", &listing);
	return list_run(&listing);
}

int component_show(int argc, char **argv)
{
	static const char doc[] =
	    "Show one component: its certificates in full length, to be compared over a second channel, and its keys.\v"
	    "Example:\n  scms component show pca1 --workspace ws\n\n"
	    "Exit code: 0 shown, 1 the home is not what it should be, 2 usage, 3 it cannot be read.";
	struct argp argp = {NULL, parse_option, "NAME", doc, OPERATOR_CHILDREN, NULL, NULL};
	struct listing listing = {.options = {.command = "component show"}, .one = true};

	operator_parse(&argp, argc, argv, "component show", &listing);
	return show_run(&listing);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms push: asks the running manager to bring an update to every component; brings what is published to the PG, and CRLs to those
 * who serve them.
 */
#include "commands.h"

#include "components/update.h"
#include "report.h"
#include "service/http_client.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#define ROOT_CRL_BYTES_MAX ((size_t)16 << 20)
#define COMPOSITE_BYTES_MAX ((size_t)64 << 20)
#define ANSWER_MAX ((size_t)4 << 20)
#define EXIT_ENVIRONMENT 3

enum { OPTION_MANAGER = 256, OPTION_CRL_STORE, OPTION_CRLG, OPTION_COMPOSITE, OPTION_PG, OPTION_HOME, OPTION_DEADLINE };

struct push {
	const char *to, *path; /* https://HOST:PORT, and what is asked of it: "/push" */
	size_t limit;	       /* bytes of the file */
	const char *home, *file, *deadline;
	struct event_base *base;
	int code;
};

static const struct argp_option rows[] = {
    {"manager", OPTION_MANAGER, "URL", 0, "The manager: https://HOST:PORT; default https://127.0.0.1:8900", 0},
    {"crl-store", OPTION_CRL_STORE, "URL", 0,
     "Instead: FILE is the root's own CRL (scms crl sign-root) that revokes a CRL generator; the CRL store makes the next composite "
     "CRL of it and of what still stands", 0},
    {"crlg", OPTION_CRLG, "URL", 0,
     "Instead: FILE is the root's own CRL that revokes a PG or MA; the CRL generator puts it into its next composite CRL", 0},
    {"composite", OPTION_COMPOSITE, "URL", 0,
     "Instead: FILE is the composite CRL that was made by hand (scms crl make); the CRL generator goes on from it, and brings it to "
     "the CRL store", 0},
    {"pg", OPTION_PG, "URL", 0, "Instead: the policy generator publishes policy, chain file and ballot history of the update FILE", 0},
    {"home", OPTION_HOME, "DIR", 0, "Home whose TLS identity has the role manager", 0},
    {"deadline", OPTION_DEADLINE, "SECONDS", 0, "When all components ought to have it", 0},
    {0}};

static const char doc[] =
    "Ask the running manager to bring an update (scms update make; published/update.oer) to every component.\v"
    "The answer says which update it is, and who is to get it; later on, GET /push/ID and GET /state say who has it. The root's own "
    "CRL is brought directly, as its own day knows no CRL generator to do it.\n\n"
    "Examples:\n"
    "  scms push --home components/manager1 published/update.oer --deadline 30\n"
    "  scms push --home components/manager1 published/update.oer \\\n"
    "    --pg https://127.0.0.1:8899\n"
    "  scms push --home components/manager1 outgoing/root_crl.oer \\\n"
    "    --crl-store https://127.0.0.1:8894\n\n"
    "Exit code: 0 on its way, 1 refused, 2 usage, 3 it cannot be reached.";

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct push *push = state->input;

	switch (key) {
	case OPTION_MANAGER:
		push->to = arg;
		break;
	case OPTION_CRL_STORE:
	case OPTION_CRLG:
		push->to = arg;
		push->path = key == OPTION_CRLG ? "/crlg/root-crl" : "/root-crl";
		push->limit = ROOT_CRL_BYTES_MAX;
		break;
	case OPTION_COMPOSITE:
		push->to = arg;
		push->path = "/crlg/composite";
		push->limit = COMPOSITE_BYTES_MAX;
		break;
	case OPTION_PG:
		push->to = arg;
		push->path = "/publish";
		break;
	case OPTION_HOME:
		push->home = arg;
		break;
	case OPTION_DEADLINE:
		if (arg[0] == '\0' || arg[strspn(arg, "0123456789")] != '\0')
			argp_error(state, "--deadline: expected a number of seconds, found '%s'", arg);
		push->deadline = arg;
		break;
	case ARGP_KEY_ARG:
		if (push->file != NULL)
			argp_error(state, "unexpected argument '%s'", arg);
		push->file = arg;
		break;
	case ARGP_KEY_END:
		if (push->file == NULL || push->home == NULL)
			argp_error(state, "a FILE and --home DIR are needed");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static void done(void *ctx, const struct http_result *result)
{
	struct push *push = ctx;

	if (result->status == 0)
		report("push", push->to, "%s", result->error);
	else if (result->body.n > 0)
		fwrite(result->body.p, 1, result->body.n, stdout);
	if (result->status > 0 && result->status / 100 != 2)
		report("push", push->to, "refused with status %d", result->status);
	push->code = result->status / 100 == 2 ? 0 : result->status == 0 ? EXIT_ENVIRONMENT : EXIT_REFUSED;
	event_base_loopbreak(push->base);
}

static void ask(struct push *push, const struct tls_identity *identity, struct scms_slice bytes)
{
	const char *headers[] = {NULL, NULL};
	struct http_client *client;
	struct tls_error err;
	char deadline[64], url[512];

	snprintf(url, sizeof(url), "%s%s", push->to, push->path);
	if (push->deadline != NULL) {
		snprintf(deadline, sizeof(deadline), "SCMS-Deadline: %.20s", push->deadline);
		headers[0] = deadline;
	}
	client = http_client_new(push->base, identity, &err);
	if (client == NULL) {
		report("push", NULL, "%s", err.text);
		return;
	}
	if (http_client_send(client,
			     &(struct http_call){.url = url, .headers = headers, .post = true, .body = bytes, .answer_max = ANSWER_MAX},
			     done, push))
		event_base_dispatch(push->base);
	else
		report("push", NULL, "out of memory");
	http_client_free(client);
}

int cmd_push(int argc, char **argv)
{
	const struct argp argp = {rows, parse_option, "FILE", doc, NULL, NULL, NULL};
	struct push push = {.to = "https://127.0.0.1:8900", .path = "/push", .limit = UPDATE_BYTES_MAX, .code = EXIT_ENVIRONMENT};
	char path[3][1024], name[] = "scms push";
	struct scms_slice bytes;

	argv[0] = name;
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &push);
	snprintf(path[0], sizeof(path[0]), "%s/tls/certificate.pem", push.home);
	snprintf(path[1], sizeof(path[1]), "%s/tls/key.pem", push.home);
	snprintf(path[2], sizeof(path[2]), "%s/tls/roots.pem", push.home);
	if (!report_read("push", push.file, push.limit, &bytes))
		return EXIT_REFUSED;
	push.base = event_base_new();
	if (push.base != NULL) {
		ask(&push, &(struct tls_identity){path[0], path[1], path[2]}, bytes);
		event_base_free(push.base);
	}
	free((void *)(uintptr_t)bytes.p);
	return push.code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store_command.h"

#include "base/file.h"
#include "base/clock.h"
#include "service/engine.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct parse {
	struct store_options *options;
	char **rest;
	size_t rest_max;
	size_t rest_count;
};

static void take_time(struct store_options *options, const char *text, struct argp_state *state)
{
	char *end;

	errno = 0;
	options->now = strtoull(text, &end, 10);
	options->has_now = true;
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0)
		argp_error(state, "--now: expected Time64, a decimal number of microseconds, found '%s'", text);
}

static void take_file(const char **list, size_t *count, const char *path, const char *option, struct argp_state *state)
{
	if (*count == STORE_FILES_MAX)
		argp_error(state, "--%s: at most %d files", option, STORE_FILES_MAX);
	list[(*count)++] = path;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct store_options *options = parse->options;

	switch (key) {
	case STORE_OPTION_STATE:
		options->state = arg;
		break;
	case STORE_OPTION_CONFIG:
		options->config = arg;
		break;
	case STORE_OPTION_NOW:
		take_time(options, arg, state);
		break;
	case STORE_OPTION_POLICY:
		options->policy = arg;
		break;
	case STORE_OPTION_CRL:
		options->crl = arg;
		break;
	case STORE_OPTION_CHAIN:
		options->chain = arg;
		break;
	case STORE_OPTION_HISTORY:
		options->history = arg;
		break;
	case STORE_OPTION_OWN:
		take_file(options->own, &options->own_count, arg, "own", state);
		break;
	case STORE_OPTION_CERT:
		take_file(options->certificates, &options->certificate_count, arg, "cert", state);
		break;
	case STORE_OPTION_JSON:
		options->json = true;
		break;
	case ARGP_KEY_ARG:
		if (parse->rest_count == parse->rest_max)
			argp_error(state, "unexpected argument '%s'", arg);
		parse->rest[parse->rest_count++] = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void store_parse(int argc, char **argv, const char *name, const struct argp_option *rows, const char *args_doc,
		 const char *doc, struct store_options *options, char **rest, size_t rest_max, size_t *rest_count)
{
	struct argp argp = {rows, parse_option, args_doc, doc, NULL, NULL, NULL};
	struct parse parse = {options, rest, rest_max, 0};
	char full[64];

	snprintf(full, sizeof(full), "scms %s", name);
	argv[0] = full;
	argp_err_exit_status = STORE_EXIT_USAGE;
	*options = (struct store_options){0};
	argp_parse(&argp, argc, argv, 0, NULL, &parse);
	if (rest_count != NULL)
		*rest_count = parse.rest_count;
	if (options->state == NULL) {
		fprintf(stderr, "%s: --state DIR is missing\nTry '%s --help'.\n", full, full);
		exit(STORE_EXIT_USAGE);
	}
}

scms_time64 store_now(const struct store_options *options)
{
	return options->has_now ? options->now : clock_now();
}

void store_print(json_t *object)
{
	json_dumpf(object, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(object);
}

int store_failed(const char *command, const struct store_dir_error *err)
{
	fprintf(stderr, "scms store %s: %s\n", command, err->text);
	return STORE_EXIT_STORE;
}

static bool read_one(const char *command, const char *path, size_t limit, struct scms_slice *to)
{
	struct file_error err;

	if (path == NULL)
		return true;
	if (file_read(path, limit, to, &err) == FILE_OK)
		return true;
	fprintf(stderr, "scms store %s: %s: %s\n", command, path, err.text);
	return false;
}

/* A file above its limit is the library's to refuse; so much of it is read that it sees that. */
static bool read_limited(const char *command, const char *path, uint32_t limit, struct scms_slice *to)
{
	struct file_error err;

	if (path == NULL)
		return true;
	if (file_read(path, limit, to, &err) == FILE_OK)
		return true;
	if (err.status == FILE_TOO_LARGE) {
		/* The bytes are not looked at: the length alone is refused. */
		*to = (struct scms_slice){malloc(1), (size_t)limit + 1};
		return to->p != NULL;
	}
	fprintf(stderr, "scms store %s: %s: %s\n", command, path, err.text);
	return false;
}

#define CERTIFICATE_BYTES_MAX (64u << 10)

bool session_read(const char *command, const struct store_options *options, const struct scms_limits *limits,
		  struct session_files *files)
{
	*files = (struct session_files){.limits = *limits};
	if (!read_limited(command, options->policy, limits->policy_bytes, &files->session.policy) ||
	    !read_limited(command, options->crl, limits->crl_bytes, &files->session.crl) ||
	    !read_limited(command, options->chain, limits->chain_bytes, &files->session.chain) ||
	    !read_limited(command, options->history, limits->history_bytes, &files->session.history))
		return false;
	for (size_t k = 0; k < options->own_count; k++, files->session.own_count++)
		if (!read_one(command, options->own[k], CERTIFICATE_BYTES_MAX, &files->own[k]))
			return false;
	for (size_t k = 0; k < options->certificate_count; k++, files->session.certificate_count++)
		if (!read_one(command, options->certificates[k], CERTIFICATE_BYTES_MAX, &files->certificates[k]))
			return false;
	files->session.own = files->own;
	files->session.certificates = files->certificates;
	return true;
}

static void free_slice(struct scms_slice *slice)
{
	free((void *)(uintptr_t)slice->p);
	*slice = (struct scms_slice){NULL, 0};
}

void session_free(struct session_files *files)
{
	free_slice(&files->session.policy);
	free_slice(&files->session.crl);
	free_slice(&files->session.chain);
	free_slice(&files->session.history);
	for (size_t k = 0; k < STORE_FILES_MAX; k++) {
		free_slice(&files->own[k]);
		free_slice(&files->certificates[k]);
	}
}

struct scms_session_result session_apply(const char *command, const char *path, struct store_dir *dir,
					 const struct session_files *files, scms_time64 now, struct session_report *report)
{
	struct scms_session_result result = {.status = SCMS_SESSION_FAILED};
	size_t size = scms_session_work_size(store_dir_store(dir), &files->session);
	void *work = malloc(size);

	if (work == NULL) {
		fprintf(stderr, "scms store %s: out of memory\n", command);
		return result;
	}
	result = scms_store_apply(store_dir_store(dir), &files->session, now, engine_crypto(), store_dir_objects(dir), work, size,
				  session_report_table(report));
	free(work);
	if (result.status == SCMS_SESSION_CLOCK_BACK)
		fprintf(stderr,
			"scms store %s: CLOCK_BACK (rule G6): --now %" PRIu64
			" is behind a time that was signed and accepted; set the clock right\n",
			command, now);
	else if (result.status != SCMS_SESSION_DONE && store_dir_object_error(dir)[0] != '\0')
		fprintf(stderr,
			"scms store %s: %s: %s; the session was given up, the store is as it was; restore the directory from a backup\n",
			command, path, store_dir_object_error(dir));
	else if (result.status != SCMS_SESSION_DONE)
		fprintf(stderr, "scms store %s: the crypto engine failed; the session was given up, the store is as it was\n", command);
	return result;
}

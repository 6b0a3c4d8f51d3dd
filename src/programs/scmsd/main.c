/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scmsd: runs components of an SCMS as servers.
 */
#include "peers.h"
#include "roles.h"
#include "programs/sandbox.h"
#include "service/daemon_check.h"
#include "service/daemon_run.h"
#include "service/engine.h"

#include <argp.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum exit_code { EXIT_DONE = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3 };

enum option_key { OPTION_CONFIG = 256, OPTION_CHECK, OPTION_CHECK_PEERS, OPTION_CLOCK_OFFSET, OPTION_CLOCK_FILE, OPTION_TEST_MODE, OPTION_NO_SEPARATION };

struct options {
	const char *config, *clock_file;
	bool check, check_peers, has_offset, test_mode, no_separation;
	int64_t offset;
	const char *wanted[COMPONENTS_MAX + 1];
	size_t wanted_count;
};

static const struct argp_option rows[] = {
    {"config", OPTION_CONFIG, "FILE", 0, "Configuration; see scmsd(8)", 0},
    {"check", OPTION_CHECK, NULL, 0, "Check the configuration and all that the components need, say what is wrong and how to mend it, and end", 0},
    {"check-peers", OPTION_CHECK_PEERS, NULL, 0,
     "The same, and ask each peer, as the component: is it there, is it the one that is meant, do the two believe each other?", 0},
    {"clock-offset", OPTION_CLOCK_OFFSET, "SECONDS", 0, "Drills: add so many seconds to the clock", 0},
    {"clock-file", OPTION_CLOCK_FILE, "FILE", 0, "Drills: the same, read from a file whenever it changes", 0},
    {"test-mode", OPTION_TEST_MODE, NULL, 0, "Tests: answers say what is wrong, in SCMS-POC-Error headers", 0},
    {"no-separation", OPTION_NO_SEPARATION, NULL, 0, "Tests: RA, PCA, LAs and MA may share the process", 0},
    {0},
};

static const char doc[] =
    "Runs the components of the configuration as servers: all of them, or those with the ROLEs or names given.\v"
    "Examples:\n  scmsd --config /etc/scms/scmsd.conf --check\n  scmsd --config /etc/scms/scmsd.conf --check-peers\n  scmsd ra --config /etc/scms/scmsd.conf\n\n"
    "SIGTERM ends it after the requests under way. Log lines are JSON, on standard error.\n\n"
    "Exit code: 0 ended as asked, 1 the configuration, or a peer, is refused, 2 usage, 3 a component cannot run.";

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;
	char *end;

	switch (key) {
	case OPTION_CONFIG:
		options->config = arg;
		break;
	case OPTION_CHECK:
		options->check = true;
		break;
	case OPTION_CHECK_PEERS:
		options->check_peers = true;
		break;
	case OPTION_CLOCK_OFFSET:
		errno = 0;
		options->offset = strtoll(arg, &end, 10);
		options->has_offset = true;
		if (end == arg || *end != '\0' || errno != 0)
			argp_error(state, "--clock-offset: expected a number of seconds, found '%s'", arg);
		break;
	case OPTION_CLOCK_FILE:
		options->clock_file = arg;
		break;
	case OPTION_TEST_MODE:
		options->test_mode = true;
		break;
	case OPTION_NO_SEPARATION:
		options->no_separation = true;
		break;
	case ARGP_KEY_ARG:
		if (options->wanted_count == COMPONENTS_MAX)
			argp_error(state, "at most %d roles", COMPONENTS_MAX);
		options->wanted[options->wanted_count++] = arg;
		break;
	case ARGP_KEY_END:
		if (options->config == NULL)
			argp_error(state, "--config FILE is missing");
		if (options->has_offset && options->clock_file != NULL)
			argp_error(state, "--clock-offset and --clock-file exclude each other");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* What is said before anything runs is for people; from then on for machines. */
static int refuse(enum exit_code code, const char *text)
{
	fprintf(stderr, "scmsd: %s\n", text);
	return (int)code;
}

static bool clock_set_up(const struct options *options, const struct daemon_config *config)
{
	const char *file = options->clock_file != NULL ? options->clock_file : config->clock_file;
	struct clock_error err;

	if (options->has_offset)
		clock_set_offset(options->offset);
	else if (file != NULL && !clock_set_file(file, &err)) {
		refuse(EXIT_ENVIRONMENT, err.text);
		return false;
	}
	if (options->has_offset || file != NULL)
		log_event(NULL, LOG_LEVEL_WARNING, "clock turned", "s:I, s:s?", "seconds", (json_int_t)clock_offset(), "file", file);
	return true;
}

/* Gives up what a server does not need. */
static bool confine(const struct options *options, const struct daemon_config *config)
{
	const char *folders[COMPONENTS_MAX + 20], *secrets[COMPONENTS_MAX + 1], *file = options->clock_file != NULL ? options->clock_file : config->clock_file;
	struct sandbox_error err;
	char clock_folder[PATH_MAX];
	bool landlocked;
	size_t n = 0, secret_count = 0;

	for (size_t k = 0; k < config->component_count; k++) {
		folders[n++] = config->components[k].home;
		if (config->components[k].secret_file != NULL)
			secrets[secret_count++] = config->components[k].secret_file;
	}
	for (size_t k = 0; k < config->path_count; k++)
		folders[n++] = config->paths[k];
	/* It is renamed into place: another file each time. */
	if (file != NULL) {
		snprintf(clock_folder, sizeof(clock_folder), "%s", file);
		folders[n++] = dirname(clock_folder);
	}
	folders[n] = NULL;
	secrets[secret_count] = NULL;
	if (!sandbox_user(config->user, config->components[0].home, &err) || !sandbox_files(folders, secrets, &landlocked, &err) ||
	    !sandbox_calls(&err)) {
		refuse(EXIT_ENVIRONMENT, err.text);
		return false;
	}
	if (!landlocked)
		log_event(NULL, LOG_LEVEL_WARNING, "no Landlock", "s:s", "text",
			  "this kernel cannot confine the process to its folders");
	return true;
}

static int run(const struct daemon_config *config)
{
	struct service_error err;
	struct daemon *daemon = daemon_open(config, engine_crypto(), &err);
	bool good;

	if (daemon == NULL)
		return refuse(EXIT_ENVIRONMENT, err.text);
	good = daemon_run(daemon);
	daemon_close(daemon);
	return good ? EXIT_DONE : EXIT_ENVIRONMENT;
}

int main(int argc, char **argv)
{
	const struct argp argp = {rows, parse_option, "[ROLE...]", doc, NULL, NULL, NULL};
	struct options options = {0};
	struct daemon_config *config;
	int code = EXIT_ENVIRONMENT;

	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	config = daemon_config_read(options.config, role_services, options.wanted, stderr);
	if (config == NULL)
		return EXIT_REFUSED;
	config->test_mode |= options.test_mode;
	config->no_separation |= options.no_separation;
	if (!daemon_config_separate(config, stderr))
		code = EXIT_REFUSED;
	else if (!clock_set_up(&options, config))
		code = EXIT_ENVIRONMENT;
	else if (options.check_peers)
		code = daemon_check(config, engine_crypto(), stderr) && peers_check(config, engine_crypto(), stdout, stderr) ? EXIT_DONE : EXIT_REFUSED;
	else if (options.check)
		code = daemon_check(config, engine_crypto(), stderr) ? EXIT_DONE : EXIT_REFUSED;
	else if (confine(&options, config))
		code = run(config);
	daemon_config_free(config);
	return code;
}

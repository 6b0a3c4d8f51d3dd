/* SPDX-License-Identifier: Apache-2.0 */
#include "command.h"

#include "base/clock.h"
#include "service/engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct parse {
	struct options *options;
	unsigned rest_max;
};

static long long number(struct argp_state *state, const char *name, const char *text, long long least, long long most)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 0);
	if (end == text || *end != '\0' || errno != 0 || value < least || value > most)
		argp_error(state, "--%s: expected a number from %lld to %lld, found '%s'", name, least, most, text);
	return value;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;
	struct options *options = parse->options;

	switch (key) {
	case OPTION_BUNDLE:
		options->bundle = arg;
		break;
	case OPTION_DCM:
		options->dcm = arg;
		break;
	case OPTION_FACTORY:
		options->factory = arg;
		break;
	case OPTION_SERIAL:
		options->serial = arg;
		break;
	case OPTION_KIND:
		if (strcmp(arg, "obe") != 0 && strcmp(arg, "rse") != 0)
			argp_error(state, "--kind: expected obe or rse, found '%s'", arg);
		options->kind = arg;
		break;
	case OPTION_CLOCK_FILE:
		options->clock_file = arg;
		break;
	case OPTION_CLOCK_OFFSET:
		options->clock_offset = number(state, "clock-offset", arg, -4000000000ll, 4000000000ll);
		break;
	case OPTION_PERIODS:
		options->periods = (unsigned)number(state, "periods", arg, 1, 200);
		break;
	case OPTION_SERVICE:
		if (options->services == DEVICE_SERVICES_MAX)
			argp_error(state, "--service: at most %d of them", DEVICE_SERVICES_MAX);
		options->service[options->services++] = (uint64_t)number(state, "service", arg, 0, UINT32_MAX);
		break;
	case OPTION_IDENTIFICATION:
		options->identification = true;
		break;
	case OPTION_WAIT:
		options->wait = (unsigned)number(state, "wait", arg, 1, 1000000);
		break;
	case OPTION_COUNT:
		options->count = (unsigned)number(state, "count", arg, 1, 20000);
		break;
	case OPTION_PREFIX:
		options->prefix = arg;
		break;
	case OPTION_PSID:
		options->psid = (uint64_t)number(state, "psid", arg, 0, INT64_MAX);
		break;
	case OPTION_DIGEST:
		options->digest = true;
		break;
	case OPTION_OUT:
		options->out = arg;
		break;
	case OPTION_JSON:
		options->json = true;
		break;
	case ARGP_KEY_ARG:
		if (options->directory == NULL)
			options->directory = arg;
		else if (options->rest_count == parse->rest_max)
			argp_error(state, "unexpected argument '%s'", arg);
		else
			options->rest[options->rest_count++] = arg;
		break;
	case ARGP_KEY_END:
		if (options->directory == NULL)
			argp_error(state, "the device's folder is missing");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void command_parse(int argc, char **argv, const struct argp_option *rows, const char *args_doc, const char *doc, unsigned rest_max,
		   struct options *options)
{
	struct argp argp = {rows, parse_option, args_doc, doc, NULL, NULL, NULL};
	struct parse parse = {options, rest_max};
	struct clock_error err;
	char full[64];

	snprintf(full, sizeof(full), "scms-ee %s", argv[0]);
	argv[0] = full;
	argp_err_exit_status = EE_EXIT_USAGE;
	/* The arguments behind the directory are kept in argv itself: there are never more of them than there were. */
	*options = (struct options){.periods = 3, .prefix = "device", .psid = 0x20, .rest = argv + 1};
	argp_parse(&argp, argc, argv, 0, NULL, &parse);
	if (options->clock_offset != 0)
		clock_set_offset(options->clock_offset);
	if (options->clock_file != NULL && !clock_set_file(options->clock_file, &err)) {
		fprintf(stderr, "%s: %s\n", full, err.text);
		exit(EE_EXIT_ENVIRONMENT);
	}
}

static bool in_folder(char **path, const char *folder, const char *name)
{
	return asprintf(path, "%s/%s", folder, name) >= 0;
}

struct http_client *command_factory(struct command *command, const struct options *options)
{
	struct tls_identity identity;
	struct http_client *client;
	struct tls_error err;

	if (!in_folder(&command->factory_certificates, options->factory, "certificate.pem") ||
	    !in_folder(&command->factory_key, options->factory, "key.pem") ||
	    !in_folder(&command->factory_roots, options->factory, "roots.pem")) {
		fputs("scms-ee: out of memory\n", stderr);
		return NULL;
	}
	identity = (struct tls_identity){command->factory_certificates, command->factory_key, command->factory_roots};
	client = http_client_new(command->base, &identity, &err);
	if (client == NULL)
		fprintf(stderr, "scms-ee: %s\n", err.text);
	return client;
}

bool command_open(struct command *command, const struct options *options, enum device_use use)
{
	struct tls_identity nobody = {NULL, NULL, NULL};
	struct device_error err;
	struct tls_error tls_err;

	*command = (struct command){.base = event_base_new()};
	if (command->base == NULL) {
		fputs("scms-ee: no event base\n", stderr);
		return false;
	}
	command->device.client = &command->client;
	if (!device_open(&command->device.device, options->directory, use, engine_crypto(), &err)) {
		fprintf(stderr, "scms-ee: %s\n", err.text);
		return false;
	}
	client_tags_read(&command->device);
	nobody.roots = command->device.device.tls_roots;
	command->client.http = http_client_new(command->base, &nobody, &tls_err);
	if (command->client.http == NULL) {
		fprintf(stderr, "scms-ee: %s\n", tls_err.text);
		return false;
	}
	if (options->factory != NULL) {
		command->client.factory = command_factory(command, options);
		command->client.dcm_url = options->dcm;
		if (command->client.factory == NULL)
			return false;
	}
	return true;
}

void command_close(struct command *command)
{
	client_abort(&command->device);
	if (command->client.http != NULL)
		http_client_free(command->client.http);
	if (command->client.factory != NULL)
		http_client_free(command->client.factory);
	ee_sender_unload(&command->device.sender);
	json_decref(command->device.report);
	device_close(&command->device.device);
	if (command->base != NULL)
		event_base_free(command->base);
	free(command->factory_certificates);
	free(command->factory_key);
	free(command->factory_roots);
}

void command_done(void *ctx, struct client_device *device, enum client_result result, const char *text)
{
	struct command *command = ctx;

	(void)device;
	command->result = result;
	snprintf(command->text, sizeof(command->text), "%s", text);
	event_base_loopbreak(command->base);
}

time_t seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

int command_wait(struct command *command, const struct options *options)
{
	if (command->device.task != NULL)
		event_base_dispatch(command->base);
	return command_say(command, options);
}

int command_say(const struct command *command, const struct options *options)
{
	if (options->json) {
		json_t *json = json_pack("{s:s, s:s}", "result", client_result_name(command->result), "text", command->text);

		if (command->device.report != NULL)
			json_object_set(json, "session", command->device.report);
		json_dumpf(json, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
		putchar('\n');
		json_decref(json);
	} else {
		fprintf(command->result == CLIENT_DONE || command->result == CLIENT_NOTHING ? stdout : stderr, "%s: %s\n",
			client_result_name(command->result), command->text);
	}
	switch (command->result) {
	case CLIENT_DONE:
	case CLIENT_NOTHING:
		return EE_EXIT_DONE;
	case CLIENT_REFUSED:
	case CLIENT_CEASED:
		return EE_EXIT_REFUSED;
	default:
		return EE_EXIT_ENVIRONMENT;
	}
}

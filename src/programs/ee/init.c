/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/file.h"
#include "command.h"
#include "service/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE_MAX (16u << 20)

static const struct argp_option rows[] = {
    {"bundle", OPTION_BUNDLE, "FILE", 0, "What the device is given, as the DCM makes it", 0},
    ROWS_FACTORY,
    {"serial", OPTION_SERIAL, "TEXT", 0, "Serial number, as on the DCM's list", 0},
    {"kind", OPTION_KIND, "KIND", 0, "obe (a vehicle, default) or rse (a roadside unit)", 0},
    {"service", OPTION_SERVICE, "PSID", 0,
     "A vehicle: it may also sign messages of this service, with identification certificates; may be given again", 0},
    ROWS_CLOCK,
    {0},
};

static const char doc[] =
    "Make a device from what the factory's secure environment gives it: electors, root, quorum, chain file, the RA's "
    "certificate. From there on it believes votes, and nobody's word.\v"
    "Example:\n  scms-ee init car --dcm https://dcm:8891 --factory tls/factory --serial 4711\n\n"
    "Exit code: 0 made, 1 refused, 2 usage, 3 no answer, or it cannot be written.";

struct bundle {
	struct command *command;
	const struct options *options;
	int code;
};

static enum device_kind kind_of(const struct options *options)
{
	return options->kind != NULL && strcmp(options->kind, "rse") == 0 ? DEVICE_RSE : DEVICE_OBE;
}

static int make(const struct options *options, struct scms_slice bundle)
{
	struct device_identity identity = {.serial = options->serial,
					   .kind = kind_of(options),
					   .services = options->services};
	struct device_error err;

	memcpy(identity.service, options->service, sizeof(identity.service));
	if (device_create(options->directory, bundle, &identity, clock_now(), engine_crypto(), &err)) {
		printf("%s: made\n", options->directory);
		return EE_EXIT_DONE;
	}
	fprintf(stderr, "scms-ee init: %s\n", err.text);
	return EE_EXIT_REFUSED;
}

static void came(void *ctx, const struct http_result *result)
{
	struct bundle *bundle = ctx;

	if (result->status == 200) {
		bundle->code = make(bundle->options, result->body);
	} else {
		bundle->code = result->status == 0 ? EE_EXIT_ENVIRONMENT : EE_EXIT_REFUSED;
		if (result->status == 0)
			fprintf(stderr, "scms-ee init: the DCM: %s\n", result->error);
		else
			fprintf(stderr, "scms-ee init: the DCM gives no bundle: status %d\n", result->status);
	}
	event_base_loopbreak(bundle->command->base);
}

/* Asks the DCM. */
static int ask(const struct options *options)
{
	struct command command = {.base = event_base_new()};
	struct bundle bundle = {&command, options, EE_EXIT_ENVIRONMENT};
	struct http_call call = {.answer_max = BUNDLE_MAX};
	char url[512];

	if (command.base != NULL)
		command.client.factory = command_factory(&command, options);
	if (command.client.factory != NULL) {
		snprintf(url, sizeof(url), "%s/bundle", options->dcm);
		call.url = url;
		if (http_client_send(command.client.factory, &call, came, &bundle))
			event_base_dispatch(command.base);
	}
	command_close(&command);
	return bundle.code;
}

int cmd_init(int argc, char **argv)
{
	struct options options;
	struct scms_slice bytes;
	struct file_error err;
	int code;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	if (options.serial == NULL || (options.bundle == NULL && (options.dcm == NULL || options.factory == NULL))) {
		fputs("scms-ee init: --serial and either --bundle or --dcm and --factory are wanted\n", stderr);
		return EE_EXIT_USAGE;
	}
	for (unsigned k = 0; k < options.services; k++)
		if (ee_sender_kind(kind_of(&options), options.service[k]) != EE_IDENTIFICATION) {
			fprintf(stderr, "scms-ee init: --service 0x%llx: only a vehicle has services, and none that pseudonym certificates are for\n",
				(unsigned long long)options.service[k]);
			return EE_EXIT_USAGE;
		}
	if (options.bundle == NULL)
		return ask(&options);
	if (file_read(options.bundle, BUNDLE_MAX, &bytes, &err) != FILE_OK) {
		fprintf(stderr, "scms-ee init: %s: %s\n", options.bundle, err.text);
		return EE_EXIT_ENVIRONMENT;
	}
	code = make(&options, bytes);
	free((void *)(uintptr_t)bytes.p);
	return code;
}

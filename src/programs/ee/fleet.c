/* SPDX-License-Identifier: Apache-2.0 */
#include "fleet.h"

#include "base/file.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FETCH_PAUSE_SECONDS 2
#define FETCH_SECONDS 300 /* so long --count waits for the certificates of all, at most */
#define UPDATE_FILE_MAX (80u << 20)

static const struct argp_option rows[] = {
    {"count", OPTION_COUNT, "N", 0, "First make so many devices, have them enrol, update, ask for certificates and fetch them", 0},
    {"prefix", OPTION_PREFIX, "TEXT", 0, "Their serial numbers: TEXT-1, TEXT-2 ...; default device", 0},
    {"kind", OPTION_KIND, "KIND", 0, "obe (vehicles, default) or rse (roadside units)", 0},
    {"periods", OPTION_PERIODS, "N", 0, "Weeks for which they have certificates; default 3", 0},
    ROWS_FACTORY,
    ROWS_CLOCK,
    {0}};

static const char doc[] =
    "Run many end entities in one process. Orders come on standard input, one JSON object a line; answers go to standard output "
    "in the same order.\v"
    "Orders: create, enrol, update, request, fetch, exchange, trust, report, apply, clock, group, list, quit. Most take "
    "\"group\" (one or a list) or \"device\" to say which devices.\n\n"
    "Example:\n"
    "  echo '{\"do\": \"exchange\"}' | scms-ee fleet cars --count 100 \\\n"
    "    --dcm https://localhost:8891 --factory tls/factory\n\n"
    "Exit code: 0 all orders carried out, 1 the first devices could not be made, 2 usage, 3 the fleet cannot run.";

json_t *fleet_error(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return json_pack("{s:s}", "error", text);
}

void json_count(json_t *counts, const char *name)
{
	json_object_set_new(counts, name, json_integer(1 + json_integer_value(json_object_get(counts, name))));
}

struct fleet_device *fleet_next(struct fleet *fleet, size_t *k)
{
	while (*k < fleet->n)
		if (fleet->device[(*k)++]->selected)
			return fleet->device[*k - 1];
	return NULL;
}

/* ---- which devices ---- */

static bool named(const json_t *names, const char *name)
{
	const json_t *one;
	size_t k;

	if (names == NULL)
		return true;
	if (json_is_string(names))
		return strcmp(json_string_value(names), name) == 0;
	json_array_foreach(names, k, one)
		if (json_is_string(one) && strcmp(json_string_value(one), name) == 0)
			return true;
	return false;
}

static size_t fleet_select(struct fleet *fleet, const json_t *order)
{
	const json_t *groups = json_object_get(order, "group"), *devices = json_object_get(order, "device");
	size_t n = 0;

	for (size_t k = 0; k < fleet->n; k++) {
		struct fleet_device *device = fleet->device[k];

		device->selected = named(groups, device->group) && named(devices, device->client.device.serial);
		n += device->selected;
	}
	return n;
}

/* ---- small orders ---- */

/* The devices' clocks go wrong by so much. */
static json_t *fleet_clock(struct fleet *fleet, const json_t *order)
{
	int64_t seconds = json_integer_value(json_object_get(order, "offset"));
	struct fleet_device *device;
	size_t k = 0;

	while ((device = fleet_next(fleet, &k)) != NULL)
		device->client.clock_offset = seconds * 1000000;
	return json_object();
}

static json_t *fleet_group(struct fleet *fleet, const json_t *order)
{
	const char *to = json_string_value(json_object_get(order, "to"));
	struct fleet_device *device;
	size_t k = 0;

	if (to == NULL || strlen(to) >= FLEET_GROUP_BYTES)
		return fleet_error("expected \"to\", a group");
	while ((device = fleet_next(fleet, &k)) != NULL)
		snprintf(device->group, sizeof(device->group), "%s", to);
	return json_object();
}

/* An update that comes over another way than the RA: pushed, or brought by hand. */
static json_t *fleet_apply(struct fleet *fleet, const json_t *order)
{
	const char *path = json_string_value(json_object_get(order, "file"));
	json_t *counts = json_object();
	struct fleet_device *device;
	struct scms_slice bytes;
	struct file_error err;
	size_t k = 0;

	if (path == NULL || file_read(path, UPDATE_FILE_MAX, &bytes, &err) != FILE_OK) {
		json_decref(counts);
		return fleet_error("%s: %s", path != NULL ? path : "file", path != NULL ? err.text : "is missing");
	}
	while ((device = fleet_next(fleet, &k)) != NULL) {
		struct device_error why;

		json_count(counts, device_update(&device->client.device, bytes, (struct scms_slice){NULL, 0}, client_now(&device->client), &why) ? "done" : why.text);
	}
	free((void *)(uintptr_t)bytes.p);
	return counts;
}

static void add_to(json_t *counts, const char *name, uint64_t n)
{
	json_object_set_new(counts, name, json_integer(json_integer_value(json_object_get(counts, name)) + (json_int_t)n));
}

/* What the devices have received, sent and checked since they were made: sums by group. */
static json_t *fleet_figures(struct fleet *fleet)
{
	json_t *all = json_object();
	struct fleet_device *device;
	size_t k = 0;

	while ((device = fleet_next(fleet, &k)) != NULL) {
		json_t *sums = json_object_get(all, device->group);

		if (sums == NULL) {
			sums = json_object();
			json_object_set_new(all, device->group, sums);
		}
		add_to(sums, "devices", 1);
		add_to(sums, "bytesIn", device->client.bytes_in);
		add_to(sums, "bytesOut", device->client.bytes_out);
		add_to(sums, "signatures", device->crypto.checked);
	}
	return all;
}

static json_t *carry_out(struct fleet *fleet, const json_t *order)
{
	const char *what = json_string_value(json_object_get(order, "do"));

	if (what == NULL)
		return fleet_error("expected \"do\"");
	(void)fleet_select(fleet, order);
	if (strcmp(what, "create") == 0)
		return fleet_create(fleet, order);
	if (strcmp(what, "exchange") == 0)
		return fleet_exchange(fleet, order);
	if (strcmp(what, "trust") == 0)
		return fleet_trust(fleet, order);
	if (strcmp(what, "report") == 0)
		return fleet_report(fleet, order);
	if (strcmp(what, "apply") == 0)
		return fleet_apply(fleet, order);
	if (strcmp(what, "clock") == 0)
		return fleet_clock(fleet, order);
	if (strcmp(what, "group") == 0)
		return fleet_group(fleet, order);
	if (strcmp(what, "figures") == 0)
		return fleet_figures(fleet);
	if (strcmp(what, "quit") == 0) {
		fleet->quit = true;
		return json_object();
	}
	return fleet_act(fleet, order);
}

/* ---- the process ---- */

/* A device has a lock and a few files open at all times. */
static void allow_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Carries out an order as if it had been given; the answer. */
static json_t *order_now(struct fleet *fleet, json_t *order)
{
	json_t *answer = carry_out(fleet, order);

	json_decref(order);
	return answer;
}

/* Did a device look for certificates that were not ready? */
static bool awaits(const struct fleet *fleet)
{
	for (size_t k = 0; k < fleet->n; k++)
		if (fleet->device[k]->client.missing > 0)
			return true;
	return false;
}

/* What --count asks for. False: said on standard error. */
static bool begin(struct fleet *fleet, const struct options *options)
{
	static const char *const orders[] = {"enrol", "update", "request", "fetch"};
	json_t *answer = order_now(fleet, json_pack("{s:s, s:i, s:s, s:s}", "do", "create", "count", (int)options->count, "prefix",
						    options->prefix, "kind", options->kind != NULL ? options->kind : "obe"));
	const char *error = json_string_value(json_object_get(answer, "error"));
	bool good = error == NULL;

	if (good)
		printf("{\"created\":%zu}\n", fleet->n);
	else
		fprintf(stderr, "scms-ee fleet: %s\n", error);
	json_decref(answer);
	for (size_t k = 0; good && k < sizeof(orders) / sizeof(orders[0]); k++) {
		answer = order_now(fleet, json_pack("{s:s, s:i}", "do", orders[k], "periods", (int)options->periods));
		/* Certificates are there some time after they were asked for. */
		for (unsigned waited = 0; strcmp(orders[k], "fetch") == 0 && awaits(fleet) && waited < FETCH_SECONDS; waited += FETCH_PAUSE_SECONDS) {
			sleep(FETCH_PAUSE_SECONDS);
			json_decref(answer);
			answer = order_now(fleet, json_pack("{s:s, s:i}", "do", orders[k], "periods", (int)options->periods));
		}
		json_object_set_new(answer, "do", json_string(orders[k]));
		json_dumpf(answer, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
		fflush(stdout);
		json_decref(answer);
	}
	return good;
}

static void serve(struct fleet *fleet)
{
	char *line = NULL;
	size_t room = 0;

	while (!fleet->quit && getline(&line, &room, stdin) > 0) {
		json_error_t error;
		json_t *order = json_loads(line, JSON_REJECT_DUPLICATES, &error), *answer;

		answer = json_is_object(order) ? carry_out(fleet, order) : fleet_error("no JSON object: %s", error.text);
		json_dumpf(answer, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
		putchar('\n');
		fflush(stdout);
		json_decref(answer);
		json_decref(order);
	}
	free(line);
}

int cmd_fleet(int argc, char **argv)
{
	struct tls_identity nobody = {NULL, NULL, NULL};
	struct command command = {.base = NULL};
	struct options options;
	struct fleet fleet = {.command = &command, .options = &options};
	struct tls_error err;
	int code = EE_EXIT_ENVIRONMENT;

	command_parse(argc, argv, rows, "DIR", doc, 0, &options);
	if (options.dcm == NULL || options.factory == NULL) {
		fputs("scms-ee fleet: --dcm URL and --factory DIR are wanted\n", stderr);
		return EE_EXIT_USAGE;
	}
	allow_files();
	command.base = event_base_new();
	fleet.device = calloc(FLEET_MAX, sizeof(struct fleet_device *));
	if (command.base != NULL && fleet.device != NULL && (command.client.factory = command_factory(&command, &options)) != NULL) {
		command.client.dcm_url = options.dcm;
		nobody.roots = command.factory_roots;
		command.client.http = http_client_new(command.base, &nobody, &err);
		if (command.client.http == NULL) {
			fprintf(stderr, "scms-ee fleet: %s\n", err.text);
		} else {
			code = options.count == 0 || begin(&fleet, &options) ? EE_EXIT_DONE : EE_EXIT_REFUSED;
			if (code == EE_EXIT_DONE)
				serve(&fleet);
		}
	}
	for (size_t k = 0; k < fleet.n; k++) {
		ee_receiver_free(fleet.device[k]->receiver);
		ee_sender_unload(&fleet.device[k]->client.sender);
		json_decref(fleet.device[k]->client.report);
		device_close(&fleet.device[k]->client.device);
		free(fleet.device[k]);
	}
	free(fleet.device);
	command_close(&command);
	return code;
}

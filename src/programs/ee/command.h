/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h: what the commands of scms-ee share: options, one device, an event base that turns until an answer is there.
 */
#ifndef PROGRAMS_EE_COMMAND_H
#define PROGRAMS_EE_COMMAND_H

#include "client.h"

#include <argp.h>

enum ee_exit {
	EE_EXIT_DONE = 0,
	EE_EXIT_REFUSED = 1,
	EE_EXIT_USAGE = 2,
	EE_EXIT_ENVIRONMENT = 3,
};

struct options {
	const char *directory; /* the device's */
	const char *bundle, *dcm, *factory, *serial, *kind, *prefix;
	const char *clock_file;
	const char *out;
	int64_t clock_offset;
	unsigned periods;
	uint64_t psid;
	uint64_t service[DEVICE_SERVICES_MAX];
	unsigned services, wait, count;
	bool json, digest, identification;
	char **rest; /* arguments behind the directory */
	unsigned rest_count;
};

enum option_key {
	OPTION_BUNDLE = 256,
	OPTION_DCM,
	OPTION_FACTORY,
	OPTION_SERIAL,
	OPTION_KIND,
	OPTION_CLOCK_FILE,
	OPTION_CLOCK_OFFSET,
	OPTION_PERIODS,
	OPTION_SERVICE,
	OPTION_IDENTIFICATION,
	OPTION_WAIT,
	OPTION_COUNT,
	OPTION_PREFIX,
	OPTION_PSID,
	OPTION_DIGEST,
	OPTION_OUT,
	OPTION_JSON,
};

/* Rows of an argp table. */
#define ROWS_CLOCK                                                                                                     \
	{"clock-offset", OPTION_CLOCK_OFFSET, "SECONDS", 0, "Add this to the system's clock: for drills", 0},          \
	    {"clock-file", OPTION_CLOCK_FILE, "FILE", 0, "Take that number from a file, again whenever it changes", 0}
#define ROWS_FACTORY                                                                                                   \
	{"dcm", OPTION_DCM, "URL", 0, "Address of the DCM: https://host:8891", 0},                                     \
	    {"factory", OPTION_FACTORY, "DIR", 0,                                                                      \
	     "TLS identity of the factory or authorised operator: certificate.pem, key.pem, roots.pem", 0}
#define ROW_JSON {"json", OPTION_JSON, NULL, 0, "Write JSON", 0}

/*
 * Parses a command's arguments: the device's directory, then at most rest_max others. What argp refuses ends the process
 * with exit code 2. Sets the clock.
 */
void command_parse(int argc, char **argv, const struct argp_option *rows, const char *args_doc, const char *doc,
		   unsigned rest_max, struct options *options);

/* Everything that a device needs to talk; command_open says on standard error what it lacks. */
struct command {
	struct event_base *base;
	struct client client;
	struct client_device device;
	char *factory_certificates, *factory_key, *factory_roots;
	enum client_result result;
	char text[512];
};

SCMS_CHECKED bool command_open(struct command *command, const struct options *options, enum device_use use);
void command_close(struct command *command);

/* client_done that notes the result and ends command_wait. */
void command_done(void *ctx, struct client_device *device, enum client_result result, const char *text);

/* Turns the event base until command_done was called; says the result, and gives the exit code. */
int command_wait(struct command *command, const struct options *options);

/* Seconds of the clock that nobody turns. */
time_t seconds_now(void);

/* Says the result of command_done, and gives the exit code. */
int command_say(const struct command *command, const struct options *options);

/* The process's TLS client as factory or authorised operator; NULL: said on standard error. */
struct http_client *command_factory(struct command *command, const struct options *options);

/* ---- commands ---- */

int cmd_init(int argc, char **argv);
int cmd_enrol(int argc, char **argv);
int cmd_update(int argc, char **argv);
int cmd_request(int argc, char **argv);
int cmd_fetch(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_sign(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_fleet(int argc, char **argv);

#endif

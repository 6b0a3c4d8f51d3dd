/* SPDX-License-Identifier: Apache-2.0 */
/*
 * daemon_config.h: scmsd.conf, read and checked. Every complaint names file, line and setting, and says what is expected.
 *
 *   user = "scms";                      # whom to become when started as root; "root" to stay
 *   test_mode = false;                  # answers say what is wrong
 *   no_separation = false;
 *   clock_file = "/run/scms/clock";     # drills only: seconds to add to the clock
 *   paths = ( "/var/lib/softhsm" );     # further folders that the process may write in (tokens)
 *   components = (
 *     { home = "components/ra1";        # relative to the file
 *       listen = "127.0.0.1:8892";      # port 0: any that is free; HOME/port says which
 *       peers = { pca = "https://pca.example:8893"; la1 = ...; };
 *       shuffle_threshold = 1000; },    # the role's settings
 *   );
 */
#ifndef SERVICE_DAEMON_CONFIG_H
#define SERVICE_DAEMON_CONFIG_H

#include "service/daemon.h"

#define PEERS_MAX 64
#define SETTINGS_MAX 32
#define COMPONENTS_MAX 64

struct config_peer {
	const char *name;
	const char *url; /* https://host:port, without a slash behind */
};

/* A setting's value, in the order of the role's table. */
struct config_value {
	int64_t number;
	const char *text;
	unsigned line; /* in the file; 0: it is not there */
};

struct component_config {
	const struct role_service *role;
	char *home;	/* path */
	const char *name, *host; /* as the home says */
	const char *secret_file; /* likewise: where its pass phrase is read; NULL: not from a file */
	char *address;
	uint16_t port;
	struct config_peer peers[PEERS_MAX];
	size_t peer_count;
	struct config_value values[SETTINGS_MAX];
	struct http_limits limits;
	unsigned line; /* where it begins in the file */
};

struct daemon_config {
	const char *file;
	const char *user; /* NULL: not said */
	bool test_mode, no_separation;
	char *clock_file; /* NULL: none */
	char *paths[16];
	size_t path_count;
	struct component_config components[COMPONENTS_MAX];
	size_t component_count;
	void *parsed; /* what strings point into */
};

/*
 * Reads and checks the file: NULL where it cannot be used, after each complaint was written to `to`, a line each. roles:
 * those that there are, NULL after the last. wanted: names of roles or components to run, NULL after the last; empty: all
 * that are in the file.
 */
struct daemon_config *daemon_config_read(const char *file, const struct role_service *const *roles,
					 const char *const *wanted, FILE *to);
void daemon_config_free(struct daemon_config *config);

/*
 * RA, PCA, LA and MA know together what none of them may know alone: a process runs one of them (of the LAs one too)
 * unless no_separation is set. False: `to` says which are together.
 */
bool daemon_config_separate(const struct daemon_config *config, FILE *to);

#endif

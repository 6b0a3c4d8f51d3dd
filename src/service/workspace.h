/* SPDX-License-Identifier: Apache-2.0 */
/*
 * workspace.h: an operator's folder: one SCMS as its Manager, or whoever issues in it, sees it.
 *
 *   scms.conf         libconfig, commented, no secrets
 *   components/NAME/  homes (service/home.h)
 *   electors/NAME.coer   certificates of electors known here; their keys are elsewhere
 *   revocations/      one file for each component that was revoked (revocation.h)
 *   requests/         requests and certificates on their way
 *   motions/ ballots/ policy/ published/   of the Manager, PG and CRLG
 *   bootstrap/        what new devices and components are given (bundle)
 *   tls/              the X.509 root of the components' TLS identities
 *   journal           what was done (service/journal.h)
 *   lock              held while a command changes the workspace; says who holds it
 */
#ifndef SERVICE_WORKSPACE_H
#define SERVICE_WORKSPACE_H

#include "components/authority/profile.h"
#include "service/home.h"
#include "service/journal.h"

#define WORKSPACE_TEXT_BYTES 256

/* Fixed folders, all made by workspace_create(). */
#define WORKSPACE_COMPONENTS "components"
#define WORKSPACE_ELECTORS "electors"
#define WORKSPACE_REVOCATIONS "revocations"
#define WORKSPACE_REQUESTS "requests"
#define WORKSPACE_MOTIONS "motions"
#define WORKSPACE_BALLOTS "ballots"
#define WORKSPACE_POLICY "policy"
#define WORKSPACE_PUBLISHED "published"
#define WORKSPACE_BOOTSTRAP "bootstrap"
#define WORKSPACE_TLS "tls"

/* scms.conf */
struct workspace_settings {
	char system[WORKSPACE_TEXT_BYTES]; /* name of this SCMS, for people */
	enum profile_level level;
	uint8_t quorum;                    /* policy value until a policy says otherwise */
	uint8_t floor;                     /* trust rule G3 */
	uint8_t ceiling;                   /* 0: as G3 has it, from the number of electors */
	bool form_121;                     /* endorsements in the form of CAMP 1.2.1; else 1.2.4 */
	char keys[WORKSPACE_TEXT_BYTES];   /* "files", or a pkcs11: URI of a token; %n is the component's name, %r its
					      role */
	char secret[WORKSPACE_TEXT_BYTES]; /* where pass phrases and PINs come from: "prompt", "file:PATH", "fd:N" */
	char domain[WORKSPACE_TEXT_BYTES]; /* host names are NAME.domain unless told otherwise */
	uint32_t skew_seconds;
	uint32_t crl_tolerance_seconds;
	uint16_t port[ROLE_COUNT]; /* where scmsd listens, by role; la is la1's, la2 one above */
};

enum workspace_status {
	WORKSPACE_OK = 0,
	WORKSPACE_MISSING,   /* no workspace there */
	WORKSPACE_EXISTS,    /* there is something in the way */
	WORKSPACE_MALFORMED, /* scms.conf is wrong: the text says line, expected, found */
	WORKSPACE_BUSY,      /* another command changes it: the text says who */
	WORKSPACE_IO,
};

struct workspace_error {
	enum workspace_status status;
	char text[512]; /* for people */
};

enum workspace_use { WORKSPACE_READ, WORKSPACE_CHANGE };

struct workspace {
	char path[1024];
	struct workspace_settings settings;
	int lock; /* -1: opened for reading */
};

/* The defaults of a new one. */
struct workspace_settings workspace_defaults(const char *system);

/* Lays out a new workspace, whole or not at all. path may be an empty folder. */
SCMS_CHECKED enum workspace_status workspace_create(const char *path, const struct workspace_settings *settings,
						    struct workspace_error *err);

/*
 * Opens one. Who changes it is alone, and waits ten seconds for another; readers may be many, also beside the one who
 * changes it. To be closed, also on failure.
 */
SCMS_CHECKED enum workspace_status workspace_open(struct workspace *workspace, const char *path, enum workspace_use use,
						  struct workspace_error *err);
void workspace_close(struct workspace *workspace);

/* PATH/folder/name; name NULL: PATH/folder. */
struct workspace_file {
	char text[2048];
};
struct workspace_file workspace_file(const struct workspace *workspace, const char *folder, const char *name);

/* Names in a folder of the workspace, sorted; hidden ones left out. *names is to be freed with workspace_names_free().
 */
SCMS_CHECKED bool workspace_names(const struct workspace *workspace, const char *folder, char ***names, size_t *count);
void workspace_names_free(char **names, size_t count);

/* Was this component's certificate revoked here (revocations/NAME-HASHEDID10.json)? */
bool workspace_is_revoked(const struct workspace *workspace, const struct cert *cert);

/*
 * Where a component's keys are made: home_keys.token for it, in memory of the caller's (WORKSPACE_TEXT_BYTES * 2);
 * NULL: in files. ECA and PCA always have files: implicit certificates need the key itself.
 */
const char *workspace_token(const char *keys, enum role role, const char *name, char *text, size_t size);

/* Adds to the workspace's journal. The last step of every change. False: err says why. */
SCMS_CHECKED bool workspace_journal(const struct workspace *workspace, const struct journal_entry *entry,
				    struct workspace_error *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * home_back.h: what the files behind home.h share: reading, making, activating.
 */
#ifndef SERVICE_HOME_BACK_H
#define SERVICE_HOME_BACK_H

#include "service/home.h"

#include <time.h>

#include <libconfig.h>
#include <limits.h>

#define HOME_CERTIFICATE_BYTES_MAX (64u << 10)

struct home {
	char *path;
	struct home_settings settings;
	bool has_secrets;
	struct secret_source secrets; /* given by the caller, or as settings.secret says */
	const struct scms_crypto *crypto;
	struct home_identity *slot[2];
	struct private_key *sign, *decrypt; /* of the active identity, once opened */
	unsigned retired;
	struct timespec staged_time; /* of staged/identity.conf as it was last read by home_may_change() */
};

/* A path below a home. */
struct home_file {
	char text[PATH_MAX];
};

/* Joins folder and name; too long ones are cut and so not found. */
struct home_file home_file(const char *folder, const char *name);

void home_error_set(struct home_error *err, enum home_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fills err and is the status. A macro, so that an analyzer sees that a failure is never HOME_OK. */
#define home_fail(err, status, ...)                                                                                    \
	({                                                                                                             \
		const enum home_status status_ = (status);                                                             \
		home_error_set(err, status_, __VA_ARGS__);                                                             \
		status_;                                                                                               \
	})

/*
 * Locks the home for reading (LOCK_SH) or changing (LOCK_EX), waiting ten seconds for others. Returns the descriptor,
 * which is closed to unlock; -1 on failure.
 */
int home_lock(const char *path, int how, struct home_error *err);

/* Reads a slot anew. The active one's keys that were opened are closed. To be called with the home locked. */
enum home_status home_read_slot(struct home *home, enum home_slot slot, struct home_error *err);

/* Reads both, and how many were retired. */
enum home_status home_read_slots(struct home *home, struct home_error *err);

/* Finishes what an interrupted activation left. To be called with the home locked for changing. */
enum home_status home_recover(const char *path, struct home_error *err);

unsigned home_count_retired(const char *path);

/* Does it need that? */
bool home_is_interrupted(const char *path);

/* Writes a configuration through base/file.h. */
enum home_status home_write_config(const config_t *config, const char *path, struct home_error *err);

/* Writes identity.conf. Names of keys are as they are to stand there. */
enum home_status home_write_identity(const char *folder, const char *sign, const char *encrypt, bool has_activation,
				     scms_time64 activation, struct home_error *err);

/* Writes certificate and issuers into an identity's folder, the certificate last. */
enum home_status home_write_certificate(const char *folder, struct scms_slice certificate, struct scms_slice issuers,
					struct home_error *err);

/*
 * Reads certificate and issuers into an identity and judges them: role, order of issuers, the keys that its request
 * asks for. where: for messages.
 */
enum home_status home_take_certificate(const struct home *home, struct home_identity *identity, const char *where,
				       struct scms_slice certificate, struct scms_slice issuers,
				       struct home_error *err);

void home_identity_free(struct home_identity *identity);

/* Makes directory entries last. */
enum home_status home_sync(const char *path, struct home_error *err);

#endif

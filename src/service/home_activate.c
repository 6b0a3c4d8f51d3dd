/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From staged to active, in three steps that each are whole:
 *
 *   1  active  -> retired/N
 *   2  staged  -> active
 *   3  private keys in retired/N are deleted
 *
 * A home without active identity that has a retired one stopped between 1 and 2, and 2 follows; a retired identity with
 * private keys stopped before 3 was done. While the home is locked nobody sees what is between.
 */
#include "service/home_back.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const key_files[] = {"sign.pem", "encrypt.pem"};

static struct home_file retired_folder(const char *path, unsigned n)
{
	struct home_file retired = home_file(path, "retired");
	char name[32];

	snprintf(name, sizeof(name), "%u", n);
	return home_file(retired.text, name);
}

unsigned home_count_retired(const char *path)
{
	unsigned n = 0;

	for (;; n++) {
		struct home_file folder = retired_folder(path, n + 1);

		if (access(folder.text, F_OK) != 0)
			return n;
	}
}

static bool keys_left(const char *path, unsigned n)
{
	struct home_file folder = retired_folder(path, n);

	for (size_t k = 0; k < sizeof(key_files) / sizeof(key_files[0]); k++) {
		struct home_file key = home_file(folder.text, key_files[k]);

		if (access(key.text, F_OK) == 0)
			return true;
	}
	return false;
}

static bool is_there(const char *path, const char *name)
{
	struct home_file file = home_file(path, name);

	return access(file.text, F_OK) == 0;
}

bool home_is_interrupted(const char *path)
{
	unsigned n = home_count_retired(path);

	return n > 0 &&
	       (keys_left(path, n) || (!is_there(path, "active") && is_there(path, "staged/certificate.coer")));
}

static enum home_status take_over(const char *path, struct home_error *err)
{
	struct home_file staged = home_file(path, "staged"), active = home_file(path, "active");

	if (rename(staged.text, active.text) != 0)
		return home_fail(err, HOME_IO, "%s: %s", active.text, strerror(errno));
	return home_sync(path, err);
}

static enum home_status delete_keys(const char *path, unsigned n, struct home_error *err)
{
	struct home_file folder = retired_folder(path, n);

	for (size_t k = 0; k < sizeof(key_files) / sizeof(key_files[0]); k++) {
		struct home_file key = home_file(folder.text, key_files[k]);

		if (unlink(key.text) != 0 && errno != ENOENT)
			return home_fail(err, HOME_IO, "%s: a retired private key cannot be deleted: %s", key.text,
					 strerror(errno));
	}
	return home_sync(folder.text, err);
}

enum home_status home_recover(const char *path, struct home_error *err)
{
	enum home_status status = HOME_OK;

	if (!is_there(path, "active") && is_there(path, "staged/certificate.coer"))
		status = take_over(path, err);
	return status == HOME_OK ? delete_keys(path, home_count_retired(path), err) : status;
}

/* Names of the active identity's keys that are in a token, one a line; NULL: none. */
static char *token_keys(const struct home_identity *identity)
{
	const char *names[] = {identity->sign, identity->encrypt};
	char *text = NULL;

	for (size_t k = 0; k < 2; k++)
		if (names[k] != NULL && strncmp(names[k], "pkcs11:", 7) == 0) {
			char *longer;

			if (asprintf(&longer, "%s%s%s", text != NULL ? text : "", text != NULL ? "\n" : "", names[k]) <
			    0)
				break;
			free(text);
			text = longer;
		}
	return text;
}

static enum home_status retire(struct home *home, struct home_error *err)
{
	struct home_file retired = home_file(home->path, "retired"), active = home_file(home->path, "active");
	struct home_file folder = retired_folder(home->path, home->retired + 1);

	if (rename(active.text, folder.text) != 0)
		return home_fail(err, HOME_IO, "%s: %s", folder.text, strerror(errno));
	return home_sync(retired.text, err);
}

static enum home_status switch_over(struct home *home, char **left, struct home_error *err)
{
	const struct home_identity *active = home->slot[HOME_ACTIVE];
	enum home_status status = HOME_OK;

	if (active != NULL) {
		if (left != NULL)
			*left = token_keys(active);
		status = retire(home, err);
	}
	if (status == HOME_OK)
		status = take_over(home->path, err);
	if (status == HOME_OK && active != NULL)
		status = delete_keys(home->path, home->retired + 1, err);
	return status;
}

bool home_may_change(struct home *home, scms_time64 now)
{
	struct home_file conf = home_file(home->path, "staged/identity.conf");
	const struct home_identity *staged;
	struct home_error err;
	struct stat st;
	int lock;

	if (home_count_retired(home->path) != home->retired)
		return true;
	if (stat(conf.text, &st) != 0)
		return false;
	if (st.st_mtim.tv_sec != home->staged_time.tv_sec || st.st_mtim.tv_nsec != home->staged_time.tv_nsec) {
		lock = home_lock(home->path, LOCK_SH, &err);
		if (lock < 0)
			return false;
		if (home_read_slot(home, HOME_STAGED, &err) == HOME_OK)
			home->staged_time = st.st_mtim;
		close(lock);
	}
	staged = home->slot[HOME_STAGED];
	return staged != NULL && staged->has_activation && staged->activation <= now && staged->certificate.n > 0;
}

enum home_status home_activate(struct home *home, scms_time64 now, bool *changed, char **left, struct home_error *err)
{
	const struct home_identity *staged;
	enum home_status status;
	int lock;

	*changed = false;
	if (left != NULL)
		*left = NULL;
	if (!is_there(home->path, "staged") && home_count_retired(home->path) == home->retired)
		return HOME_OK;
	lock = home_lock(home->path, LOCK_EX, err);
	if (lock < 0)
		return err->status;
	/* Somebody else may have done it meanwhile. */
	*changed = home_count_retired(home->path) != home->retired;
	status = *changed ? home_read_slots(home, err) : home_read_slot(home, HOME_STAGED, err);
	staged = home->slot[HOME_STAGED];
	if (status == HOME_OK && staged != NULL && staged->certificate.n > 0 &&
	    (staged->has_activation ? staged->activation <= now : home->slot[HOME_ACTIVE] == NULL)) {
		status = switch_over(home, left, err);
		if (status == HOME_OK)
			status = home_read_slots(home, err);
		*changed = status == HOME_OK;
	}
	close(lock);
	return status;
}

/* What stands in identity.conf: the file's name alone, or the URI. */
static const char *name_in_conf(const char *name)
{
	const char *slash = name != NULL && strncmp(name, "pkcs11:", 7) != 0 ? strrchr(name, '/') : NULL;

	return slash != NULL ? slash + 1 : name;
}

enum home_status home_set_activation(struct home *home, scms_time64 at, struct home_error *err)
{
	struct home_file folder = home_file(home->path, "staged");
	int lock = home_lock(home->path, LOCK_EX, err);
	const struct home_identity *staged;
	enum home_status status = lock < 0 ? err->status : home_read_slot(home, HOME_STAGED, err);

	staged = home->slot[HOME_STAGED];
	if (status == HOME_OK && (staged == NULL || staged->certificate.n == 0))
		status = home_fail(err, HOME_NOTHING, "%s: no certificate is staged", home->path);
	if (status == HOME_OK)
		status = home_write_identity(folder.text, name_in_conf(staged->sign), name_in_conf(staged->encrypt),
					     true, at, err);
	if (status == HOME_OK)
		status = home_read_slot(home, HOME_STAGED, err);
	if (lock >= 0)
		close(lock);
	return status;
}

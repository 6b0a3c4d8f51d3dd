/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making homes and identities: each in a folder of its own, complete and on disk before it gets its name.
 */
#include "service/home_back.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DRAFT ".draft."

enum home_status home_sync(const char *path, struct home_error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
	int error = errno;

	if (fd >= 0)
		close(fd);
	return good ? HOME_OK : home_fail(err, HOME_IO, "%s: %s", path, strerror(error));
}

enum home_status home_write_config(const config_t *config, const char *path, struct home_error *err)
{
	struct file_error refused;
	enum home_status status = HOME_OK;
	char *text = NULL;
	size_t n = 0;
	FILE *file = open_memstream(&text, &n);

	if (file != NULL)
		config_write(config, file);
	if (file == NULL || fclose(file) != 0)
		status = home_fail(err, HOME_IO, "%s: no memory", path);
	else if (file_write(path, 0644, (struct scms_slice){(const uint8_t *)text, n}, &refused) != FILE_OK)
		status = home_fail(err, HOME_IO, "%s: %s", path, refused.text);
	free(text);
	return status;
}

static void put_text(config_t *config, const char *name, const char *text)
{
	config_setting_set_string(config_setting_add(config_root_setting(config), name, CONFIG_TYPE_STRING), text);
}

enum home_status home_write_identity(const char *folder, const char *sign, const char *encrypt, bool has_activation,
				     scms_time64 activation, struct home_error *err)
{
	struct home_file file = home_file(folder, "identity.conf");
	enum home_status status;
	char number[32];
	config_t config;

	config_init(&config);
	put_text(&config, "sign", sign);
	if (encrypt != NULL)
		put_text(&config, "encrypt", encrypt);
	snprintf(number, sizeof(number), "%" PRIu64, activation);
	if (has_activation)
		put_text(&config, "activate", number);
	status = home_write_config(&config, file.text, err);
	config_destroy(&config);
	return status;
}

static enum home_status write_bytes(const char *folder, const char *name, struct scms_slice bytes,
				    struct home_error *err)
{
	struct home_file file = home_file(folder, name);
	struct file_error refused;

	if (file_write(file.text, 0644, bytes, &refused) != FILE_OK)
		return home_fail(err, HOME_IO, "%s: %s", file.text, refused.text);
	return HOME_OK;
}

enum home_status home_write_certificate(const char *folder, struct scms_slice certificate, struct scms_slice issuers,
					struct home_error *err)
{
	enum home_status status = HOME_OK;

	if (issuers.n > 0)
		status = write_bytes(folder, "issuers.coer", issuers, err);
	return status == HOME_OK ? write_bytes(folder, "certificate.coer", certificate, err) : status;
}

/* ---- homes ---- */

static enum home_status write_settings(const char *folder, const struct home_settings *settings, struct home_error *err)
{
	struct home_file file = home_file(folder, "component.conf");
	enum home_status status;
	config_t config;

	config_init(&config);
	put_text(&config, "role", role_name(settings->role));
	put_text(&config, "name", settings->name);
	put_text(&config, "host", settings->host);
	put_text(&config, "secret", settings->secret);
	if (settings->role == ROLE_LA)
		config_setting_set_int(config_setting_add(config_root_setting(&config), "la_id", CONFIG_TYPE_INT),
				       settings->la_id);
	status = home_write_config(&config, file.text, err);
	config_destroy(&config);
	return status;
}

enum home_status home_create(const char *path, const struct home_settings *settings, struct home_error *err)
{
	const char *slash = strrchr(path, '/');
	struct home_file retired;
	enum home_status status;
	char temporary[PATH_MAX], above[PATH_MAX];

	if (access(path, F_OK) == 0)
		return home_fail(err, HOME_EXISTS, "%s: exists already", path);
	if (!home_name_ok(settings->name))
		return home_fail(err, HOME_MALFORMED,
				 "\"%s\": expected a name of at most 64 letters, digits, '-', '_', '.'",
				 settings->name);
	snprintf(above, sizeof(above), "%.*s", slash != NULL ? (int)(slash - path) : 1, slash != NULL ? path : ".");
	if (snprintf(temporary, sizeof(temporary), "%s/.new.XXXXXX", above) >= (int)sizeof(temporary) ||
	    mkdtemp(temporary) == NULL)
		return home_fail(err, HOME_IO, "%s: %s", path, strerror(errno));
	status = write_settings(temporary, settings, err);
	retired = home_file(temporary, "retired");
	if (status == HOME_OK && mkdir(retired.text, 0755) != 0)
		status = home_fail(err, HOME_IO, "%s: %s", retired.text, strerror(errno));
	if (status == HOME_OK)
		status = home_sync(temporary, err);
	if (status == HOME_OK && renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
		status = home_fail(err, errno == EEXIST ? HOME_EXISTS : HOME_IO, "%s: %s", path, strerror(errno));
	if (status != HOME_OK) {
		rmdir(retired.text);
		folder_remove(temporary);
		return status;
	}
	return home_sync(above, err);
}

/* ---- identities ---- */

struct home_draft {
	struct home *home;
	int lock;
	char folder[PATH_MAX];
	char *sign_name, *encrypt_name; /* as they are to stand in identity.conf */
	struct private_key *sign, *encrypt;
};

/* What crashed processes left: with the home locked, no draft is anybody's. */
static void remove_drafts(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (strncmp(entry->d_name, DRAFT, strlen(DRAFT)) == 0) {
			struct home_file folder = home_file(path, entry->d_name);

			folder_remove(folder.text);
		}
	closedir(dir);
}

/* The name of a new key; in a token with a number that no other gets. */
static char *new_key_name(const struct home *home, const char *token, const char *use)
{
	const char *query = token != NULL ? strchr(token, '?') : NULL;
	uint32_t number;
	char *name;

	if (token == NULL)
		return asprintf(&name, "%s.pem", use) < 0 ? NULL : name;
	if (RAND_bytes((unsigned char *)&number, sizeof(number)) != 1)
		return NULL;
	if (asprintf(&name, "%.*s;object=%s-%s-%08" PRIx32 "%s",
		     (int)(query != NULL ? (size_t)(query - token) : strlen(token)), token, home->settings.name, use,
		     number, query != NULL ? query : "") < 0)
		return NULL;
	return name;
}

static enum home_status draft_key(struct home_draft *draft, const struct home_keys *keys, enum key_use use, char **name,
				  struct private_key **key, struct home_error *err)
{
	struct key_error refused = {.status = KEY_OK};
	struct home_file file;

	*name = new_key_name(draft->home, keys->token, use == KEY_SIGN ? "sign" : "encrypt");
	if (*name == NULL)
		return home_fail(err, HOME_IO, "%s: no memory, or no randomness", draft->folder);
	file = home_file(draft->folder, *name);
	if (private_key_generate(keys->token != NULL ? *name : file.text,
				 use == KEY_SIGN ? keys->curve : SCMS_NIST_P256, use, &draft->home->secrets, key,
				 &refused) != KEY_OK)
		return home_fail(err, HOME_KEY, "%s: %s", draft->home->settings.name, refused.text);
	return HOME_OK;
}

struct home_draft *home_draft_begin(struct home *home, const struct home_keys *keys, struct home_error *err)
{
	struct home_file staged = home_file(home->path, "staged");
	struct home_draft *draft = calloc(1, sizeof(*draft));
	enum home_status status = HOME_OK;

	if (draft == NULL) {
		home_fail(err, HOME_IO, "%s: no memory", home->path);
		return NULL;
	}
	draft->home = home;
	draft->lock = home_lock(home->path, LOCK_EX, err);
	if (draft->lock < 0)
		status = err->status;
	if (status == HOME_OK && access(staged.text, F_OK) == 0)
		status = home_fail(
		    err, HOME_EXISTS,
		    "%s: an identity is staged already; activate it, or throw it away (scms component unstage %s)",
		    home->path, home->settings.name);
	if (status == HOME_OK) {
		remove_drafts(home->path);
		if (snprintf(draft->folder, sizeof(draft->folder), "%s/" DRAFT "XXXXXX", home->path) >=
			(int)sizeof(draft->folder) ||
		    mkdtemp(draft->folder) == NULL) {
			status = home_fail(err, HOME_IO, "%s: %s", draft->folder, strerror(errno));
			draft->folder[0] = '\0';
		}
	}
	if (status == HOME_OK)
		status = draft_key(draft, keys, KEY_SIGN, &draft->sign_name, &draft->sign, err);
	if (status == HOME_OK && keys->encrypt)
		status = draft_key(draft, keys, KEY_AGREE, &draft->encrypt_name, &draft->encrypt, err);
	if (status == HOME_OK)
		return draft;
	home_draft_drop(draft);
	return NULL;
}

struct private_key *home_draft_sign(const struct home_draft *draft)
{
	return draft->sign;
}

struct private_key *home_draft_encrypt(const struct home_draft *draft)
{
	return draft->encrypt;
}

static void draft_free(struct home_draft *draft)
{
	if (draft->lock >= 0)
		close(draft->lock);
	private_key_free(draft->sign);
	private_key_free(draft->encrypt);
	free(draft->sign_name);
	free(draft->encrypt_name);
	free(draft);
}

void home_draft_drop(struct home_draft *draft)
{
	if (draft == NULL)
		return;
	if (draft->folder[0] != '\0')
		folder_remove(draft->folder);
	draft_free(draft);
}

enum home_status home_draft_commit(struct home_draft *draft, struct scms_slice request, struct scms_slice certificate,
				   struct scms_slice issuers, struct home_error *err)
{
	struct home *home = draft->home;
	struct home_file staged = home_file(home->path, "staged");
	enum home_status status =
	    home_write_identity(draft->folder, draft->sign_name, draft->encrypt_name, false, 0, err);

	if (status == HOME_OK)
		status = write_bytes(draft->folder, "request.coer", request, err);
	if (status == HOME_OK && certificate.n > 0)
		status = home_write_certificate(draft->folder, certificate, issuers, err);
	if (status == HOME_OK)
		status = home_sync(draft->folder, err);
	if (status == HOME_OK && rename(draft->folder, staged.text) != 0)
		status = home_fail(err, HOME_IO, "%s: %s", staged.text, strerror(errno));
	if (status != HOME_OK) {
		home_draft_drop(draft);
		return status;
	}
	status = home_sync(home->path, err);
	if (status == HOME_OK)
		status = home_read_slot(home, HOME_STAGED, err);
	draft_free(draft);
	return status;
}

static struct scms_slice copy(struct scms_slice from)
{
	uint8_t *p = from.n > 0 ? malloc(from.n) : NULL;

	if (p != NULL)
		memcpy(p, from.p, from.n);
	return (struct scms_slice){p, p != NULL ? from.n : 0};
}

enum home_status home_install(struct home *home, struct scms_slice certificate, struct scms_slice issuers,
			      struct home_error *err)
{
	struct home_file staged = home_file(home->path, "staged");
	struct home_identity *trial = NULL;
	int lock = home_lock(home->path, LOCK_EX, err);
	enum home_status status = lock < 0 ? err->status : home_read_slot(home, HOME_STAGED, err);

	if (status == HOME_OK && home->slot[HOME_STAGED] == NULL)
		status = home_fail(err, HOME_NOTHING, "%s: no identity waits for a certificate", home->path);
	if (status == HOME_OK && home->slot[HOME_STAGED]->certificate.n > 0)
		status = home_fail(err, HOME_EXISTS, "%s: has its certificate already", staged.text);
	if (status == HOME_OK) {
		trial = calloc(1, sizeof(*trial));
		if (trial == NULL)
			status = home_fail(err, HOME_IO, "%s: no memory", staged.text);
	}
	if (status == HOME_OK) {
		trial->request = copy(home->slot[HOME_STAGED]->request);
		status = home_take_certificate(home, trial, home->settings.name, copy(certificate), copy(issuers), err);
	}
	home_identity_free(trial);
	if (status == HOME_OK)
		status = home_write_certificate(staged.text, certificate, issuers, err);
	if (status == HOME_OK)
		status = home_read_slot(home, HOME_STAGED, err);
	if (lock >= 0)
		close(lock);
	return status;
}

enum home_status home_unstage(struct home *home, struct home_error *err)
{
	struct home_file staged = home_file(home->path, "staged"), gone = home_file(home->path, DRAFT "unstaged");
	int lock = home_lock(home->path, LOCK_EX, err);
	enum home_status status = lock < 0 ? err->status : HOME_OK;

	/* Renamed first: half an identity must not stay under its name. */
	if (status == HOME_OK && access(staged.text, F_OK) == 0) {
		if (rename(staged.text, gone.text) != 0)
			status = home_fail(err, HOME_IO, "%s: %s", staged.text, strerror(errno));
		else
			folder_remove(gone.text);
	}
	if (status == HOME_OK)
		status = home_sync(home->path, err);
	if (status == HOME_OK)
		status = home_read_slot(home, HOME_STAGED, err);
	if (lock >= 0)
		close(lock);
	return status;
}

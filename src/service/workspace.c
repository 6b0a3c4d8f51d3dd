/* SPDX-License-Identifier: Apache-2.0 */
#include "service/workspace.h"

#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libconfig.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT_MILLISECONDS 10000

static const char *const folders[] = {
    WORKSPACE_COMPONENTS, WORKSPACE_ELECTORS, WORKSPACE_REVOCATIONS, WORKSPACE_REQUESTS,  WORKSPACE_MOTIONS,
    WORKSPACE_BALLOTS,    WORKSPACE_POLICY,   WORKSPACE_PUBLISHED,   WORKSPACE_BOOTSTRAP, WORKSPACE_TLS};

static enum workspace_status fail(struct workspace_error *err, enum workspace_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum workspace_status fail(struct workspace_error *err, enum workspace_status status, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(err->text, sizeof(err->text), format, list);
	va_end(list);
	return err->status = status;
}

struct workspace_settings workspace_defaults(const char *system)
{
	struct workspace_settings settings = {
	    .level = LEVEL_POC,
	    .quorum = 2,
	    .floor = 2,
	    .keys = "files",
	    .secret = "prompt",
	    .domain = "localhost",
	    .skew_seconds = 300,
	    .crl_tolerance_seconds = 1209600,
	    .port = {[ROLE_ECA] = 8890,
		     [ROLE_DCM] = 8891,
		     [ROLE_RA] = 8892,
		     [ROLE_PCA] = 8893,
		     [ROLE_CRL_STORE] = 8894,
		     [ROLE_LA] = 8895,
		     [ROLE_MA] = 8897,
		     [ROLE_CRLG] = 8898,
		     [ROLE_PG] = 8899,
		     [ROLE_MANAGER] = 8900},
	};

	snprintf(settings.system, sizeof(settings.system), "%s", system);
	return settings;
}

struct workspace_file workspace_file(const struct workspace *workspace, const char *folder, const char *name)
{
	struct workspace_file file;

	if (snprintf(file.text, sizeof(file.text), "%s/%s%s%s", workspace->path, folder, name != NULL ? "/" : "",
		     name != NULL ? name : "") >= (int)sizeof(file.text))
		file.text[0] = '\0';
	return file;
}

/* ---- scms.conf ---- */

/* Written by hand, not by libconfig: the comments are for whoever edits it. */
static char *settings_text(const struct workspace_settings *s)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	if (to == NULL)
		return NULL;
	fprintf(to,
		"# One SCMS, as its operator sees it. There are no secrets in this file.\n\n"
		"# Its name, for people.\nsystem = \"%s\";\n\n"
		"# Lifetimes of certificates: \"poc\", \"pilot\", \"production\" or \"1.2.1\".\nlevel = \"%s\";\n\n"
		"# Votes that add or remove an elector or a root; no policy can move it below the floor or above the "
		"ceiling.\n"
		"# ceiling = 0: one less than there are electors at bootstrap.\n"
		"quorum = %u;\nfloor = %u;\nceiling = %u;\n\n"
		"# Form of new endorsements: CAMP \"1.2.4\" or \"1.2.1\".\nform = \"%s\";\n\n"
		"# Where new private keys are made: \"files\" (encrypted), or a PKCS#11 token by its URI without "
		"object, in which\n"
		"# %%n is the component's name and %%r its role: "
		"\"pkcs11:token=%%n?module-path=/usr/lib/softhsm/libsofthsm2.so\".\n"
		"# ECA and PCA always have files: no token makes implicit certificates.\n"
		"keys = \"%s\";\n\n"
		"# Where pass phrases and PINs come from: \"prompt\", \"file:PATH\" or \"fd:N\".\nsecret = \"%s\";\n\n"
		"# A component's host name is NAME.domain unless it is told another.\ndomain = \"%s\";\n\n"
		"# Clock skew that is borne, and how long a CRL may be overdue.\n"
		"skew_seconds = %u;\ncrl_tolerance_seconds = %u;\n\n"
		"# Where scmsd listens. la is the first linkage authority's; the second has the next.\nports = {",
		s->system, profile_level_name(s->level), s->quorum, s->floor, s->ceiling,
		s->form_121 ? "1.2.1" : "1.2.4", s->keys, s->secret, s->domain, s->skew_seconds,
		s->crl_tolerance_seconds);
	for (unsigned k = 0; k < ROLE_COUNT; k++)
		if (s->port[k] != 0)
			fprintf(to, " %s = %u;", role_name((enum role)k), s->port[k]);
	fputs(" };\n", to);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* A setting that may be there once, checked; what is read and where it is wrong. */
struct reading {
	const config_t *config;
	const char *file;
	struct workspace_error *err;
	enum workspace_status status;
};

static void wrong(struct reading *reading, const char *name, const char *expected)
{
	const config_setting_t *at = config_lookup(reading->config, name);

	if (reading->status == WORKSPACE_OK)
		reading->status = fail(reading->err, WORKSPACE_MALFORMED, "%s:%d: %s: expected %s", reading->file,
				       at != NULL ? (int)config_setting_source_line(at) : 0, name, expected);
}

static void read_text(struct reading *reading, const char *name, char to[WORKSPACE_TEXT_BYTES])
{
	const char *text;

	if (config_lookup(reading->config, name) == NULL)
		return;
	if (config_lookup_string(reading->config, name, &text) != CONFIG_TRUE || text[0] == '\0' ||
	    strlen(text) >= WORKSPACE_TEXT_BYTES)
		wrong(reading, name, "a text of 1 to 255 characters");
	else
		snprintf(to, WORKSPACE_TEXT_BYTES, "%s", text);
}

static uint32_t read_number(struct reading *reading, const char *name, uint32_t most, uint32_t otherwise)
{
	char expected[64];
	int value;

	if (config_lookup(reading->config, name) == NULL)
		return otherwise;
	if (config_lookup_int(reading->config, name, &value) == CONFIG_TRUE && value >= 0 && (uint32_t)value <= most)
		return (uint32_t)value;
	snprintf(expected, sizeof(expected), "a number from 0 to %u", most);
	wrong(reading, name, expected);
	return otherwise;
}

static void read_known(struct reading *reading)
{
	static const char *const known[] = {"system",  "level", "quorum",       "floor",
					    "ceiling", "form",  "keys",         "secret",
					    "domain",  "ports", "skew_seconds", "crl_tolerance_seconds"};
	const config_setting_t *root = config_root_setting(reading->config), *at;

	for (unsigned n = 0; (at = config_setting_get_elem(root, n)) != NULL; n++) {
		bool found = false;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			found |= strcmp(known[k], config_setting_name(at)) == 0;
		if (!found)
			wrong(reading, config_setting_name(at), "no such setting");
	}
}

static void read_ports(struct reading *reading, struct workspace_settings *settings)
{
	const config_setting_t *ports = config_lookup(reading->config, "ports"), *at;

	for (unsigned n = 0; ports != NULL && (at = config_setting_get_elem(ports, n)) != NULL; n++) {
		char name[64];
		enum role role;

		snprintf(name, sizeof(name), "ports.%s", config_setting_name(at));
		if (role_parse(config_setting_name(at), &role))
			settings->port[role] = (uint16_t)read_number(reading, name, UINT16_MAX, 0);
		else
			wrong(reading, name, "the name of a role");
	}
}

static enum workspace_status read_settings(struct workspace *workspace, struct workspace_error *err)
{
	struct workspace_file file = workspace_file(workspace, "scms.conf", NULL);
	struct workspace_settings *to = &workspace->settings;
	char level[WORKSPACE_TEXT_BYTES] = "poc", form[WORKSPACE_TEXT_BYTES] = "1.2.4";
	struct secret_source source;
	config_t config;
	struct reading reading = {&config, file.text, err, WORKSPACE_OK};

	*to = workspace_defaults("scms");
	if (access(file.text, R_OK) != 0)
		return fail(err, errno == ENOENT || errno == ENOTDIR ? WORKSPACE_MISSING : WORKSPACE_IO,
			    "%s: %s; name a workspace with --workspace or SCMS_WORKSPACE, or make one with scms init",
			    file.text, strerror(errno));
	config_init(&config);
	if (config_read_file(&config, file.text) != CONFIG_TRUE) {
		fail(err, WORKSPACE_MALFORMED, "%s:%d: %s", file.text, config_error_line(&config),
		     config_error_text(&config));
		config_destroy(&config);
		return err->status;
	}
	read_known(&reading);
	read_text(&reading, "system", to->system);
	read_text(&reading, "level", level);
	if (!profile_level_parse(level, &to->level))
		wrong(&reading, "level", "one of " PROFILE_LEVEL_WORDS);
	to->quorum = (uint8_t)read_number(&reading, "quorum", UINT8_MAX, to->quorum);
	to->floor = (uint8_t)read_number(&reading, "floor", UINT8_MAX, to->floor);
	to->ceiling = (uint8_t)read_number(&reading, "ceiling", UINT8_MAX, to->ceiling);
	if (to->quorum == 0)
		wrong(&reading, "quorum", "at least 1");
	if (to->ceiling != 0 && to->ceiling < to->floor)
		wrong(&reading, "ceiling", "0, or not below the floor");
	read_text(&reading, "form", form);
	to->form_121 = strcmp(form, "1.2.1") == 0;
	if (!to->form_121 && strcmp(form, "1.2.4") != 0)
		wrong(&reading, "form", "\"1.2.4\" or \"1.2.1\"");
	read_text(&reading, "keys", to->keys);
	if (strcmp(to->keys, "files") != 0 && strncmp(to->keys, "pkcs11:", 7) != 0)
		wrong(&reading, "keys", "\"files\", or a pkcs11: URI");
	read_text(&reading, "secret", to->secret);
	if (!secret_source_parse(to->secret, &source))
		wrong(&reading, "secret", "\"prompt\", \"file:PATH\" or \"fd:N\"");
	read_text(&reading, "domain", to->domain);
	to->skew_seconds = read_number(&reading, "skew_seconds", INT32_MAX, to->skew_seconds);
	to->crl_tolerance_seconds =
	    read_number(&reading, "crl_tolerance_seconds", INT32_MAX, to->crl_tolerance_seconds);
	read_ports(&reading, to);
	config_destroy(&config);
	return reading.status;
}

/* ---- making ---- */

static bool is_empty_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = dir != NULL;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			empty = false;
	if (dir != NULL)
		closedir(dir);
	return empty;
}

static void remove_layout(const struct workspace *made)
{
	struct workspace_file conf = workspace_file(made, "scms.conf", NULL);

	for (size_t k = 0; k < sizeof(folders) / sizeof(folders[0]); k++) {
		struct workspace_file folder = workspace_file(made, folders[k], NULL);

		rmdir(folder.text);
	}
	unlink(conf.text);
	rmdir(made->path);
}

static enum workspace_status lay_out(const struct workspace *made, const struct workspace_settings *settings,
				     struct workspace_error *err)
{
	struct workspace_file conf = workspace_file(made, "scms.conf", NULL);
	char *text = settings_text(settings);
	enum workspace_status status = WORKSPACE_OK;
	struct file_error refused;

	if (text == NULL)
		return fail(err, WORKSPACE_IO, "%s: no memory", conf.text);
	for (size_t k = 0; status == WORKSPACE_OK && k < sizeof(folders) / sizeof(folders[0]); k++) {
		struct workspace_file folder = workspace_file(made, folders[k], NULL);

		if (mkdir(folder.text, 0755) != 0)
			status = fail(err, WORKSPACE_IO, "%s: %s", folder.text, strerror(errno));
	}
	if (status == WORKSPACE_OK &&
	    file_write(conf.text, 0644, (struct scms_slice){(const uint8_t *)text, strlen(text)}, &refused) != FILE_OK)
		status = fail(err, WORKSPACE_IO, "%s: %s", conf.text, refused.text);
	free(text);
	return status;
}

enum workspace_status workspace_create(const char *path, const struct workspace_settings *settings,
				       struct workspace_error *err)
{
	struct workspace made = {.lock = -1};
	enum workspace_status status;
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (access(path, F_OK) == 0 && !is_empty_folder(path))
		return fail(err, WORKSPACE_EXISTS, "%s: exists already, and is no empty folder", path);
	if (snprintf(made.path, sizeof(made.path), "%.*s.new.XXXXXX", (int)n, path) >= (int)sizeof(made.path))
		return fail(err, WORKSPACE_IO, "%s: its name is too long", path);
	if (mkdtemp(made.path) == NULL)
		return fail(err, WORKSPACE_IO, "%s: %s", path, strerror(errno));
	status = chmod(made.path, 0755) == 0 ? lay_out(&made, settings, err)
					     : fail(err, WORKSPACE_IO, "%s: %s", path, strerror(errno));
	/* Over an empty folder, or nothing: anything else is refused by rename itself. */
	if (status == WORKSPACE_OK && rename(made.path, path) != 0)
		status = fail(err, WORKSPACE_IO, "%s: %s", path, strerror(errno));
	if (status != WORKSPACE_OK)
		remove_layout(&made);
	return status;
}

/* ---- opening ---- */

static void lock_sign(int fd)
{
	char user[64], text[256], when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	ssize_t n;

	if (gmtime_r(&now, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	snprintf(text, sizeof(text), "%s, process %ld, since %s\n", journal_user(user), (long)getpid(), when);
	/* Only words for whoever waits: the lock is flock's. */
	n = pwrite(fd, text, strlen(text), 0);
	if (n >= 0 && ftruncate(fd, n) != 0)
		return;
}

static enum workspace_status lock_take(struct workspace *workspace, struct workspace_error *err)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};
	struct workspace_file file = workspace_file(workspace, "lock", NULL);

	workspace->lock = open(file.text, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (workspace->lock < 0)
		return fail(err, WORKSPACE_IO, "%s: %s", file.text, strerror(errno));
	for (unsigned waited = 0; flock(workspace->lock, LOCK_EX | LOCK_NB) != 0; waited += 20) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(err, WORKSPACE_IO, "%s: %s", file.text, strerror(errno));
		if (waited >= LOCK_WAIT_MILLISECONDS) {
			char who[256] = "";
			ssize_t n = pread(workspace->lock, who, sizeof(who) - 1, 0);

			who[n > 0 ? n : 0] = '\0';
			who[strcspn(who, "\n")] = '\0';
			return fail(err, WORKSPACE_BUSY, "%s: is being changed by %s; try again when that is done",
				    workspace->path, who[0] != '\0' ? who : "another command");
		}
		nanosleep(&pause, NULL);
	}
	lock_sign(workspace->lock);
	return WORKSPACE_OK;
}

enum workspace_status workspace_open(struct workspace *workspace, const char *path, enum workspace_use use,
				     struct workspace_error *err)
{
	enum workspace_status status;

	*workspace = (struct workspace){.lock = -1};
	*err = (struct workspace_error){WORKSPACE_OK, ""};
	if (snprintf(workspace->path, sizeof(workspace->path), "%s", path) >= (int)sizeof(workspace->path))
		return fail(err, WORKSPACE_IO, "%s: its name is too long", path);
	status = read_settings(workspace, err);
	if (status == WORKSPACE_OK && use == WORKSPACE_CHANGE)
		status = lock_take(workspace, err);
	return status;
}

void workspace_close(struct workspace *workspace)
{
	if (workspace->lock >= 0)
		close(workspace->lock);
	workspace->lock = -1;
}

/* ---- what is in it ---- */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool workspace_names(const struct workspace *workspace, const char *folder, char ***names, size_t *count)
{
	struct workspace_file file = workspace_file(workspace, folder, NULL);
	DIR *dir = opendir(file.text);
	struct dirent *entry;
	bool good = dir != NULL;

	*names = NULL;
	*count = 0;
	while (good && (entry = readdir(dir)) != NULL) {
		char **longer;

		if (entry->d_name[0] == '.')
			continue;
		longer = reallocarray(*names, *count + 1, sizeof(**names));
		if (longer != NULL)
			*names = longer;
		good = longer != NULL && (longer[*count] = strdup(entry->d_name)) != NULL;
		*count += good;
	}
	if (dir != NULL)
		closedir(dir);
	if (!good) {
		workspace_names_free(*names, *count);
		*names = NULL;
		*count = 0;
	} else if (*count > 0) {
		qsort(*names, *count, sizeof(**names), by_name);
	}
	return good;
}

void workspace_names_free(char **names, size_t count)
{
	for (size_t k = 0; k < count; k++)
		free(names[k]);
	free(names);
}

bool workspace_is_revoked(const struct workspace *workspace, const struct cert *cert)
{
	const uint8_t *id = cert_id10(cert);
	char tail[32] = "-";
	char **names;
	size_t count;
	bool found = false;

	for (unsigned k = 0; k < 10; k++)
		snprintf(tail + 1 + 2 * k, 3, "%02x", id[k]);
	memcpy(tail + 21, ".json", sizeof(".json"));
	if (!workspace_names(workspace, WORKSPACE_REVOCATIONS, &names, &count))
		return false;
	for (size_t k = 0; k < count; k++)
		found |= strlen(names[k]) > strlen(tail) && strcmp(names[k] + strlen(names[k]) - strlen(tail), tail) == 0;
	workspace_names_free(names, count);
	return found;
}

const char *workspace_token(const char *keys, enum role role, const char *name, char *text, size_t size)
{
	size_t n = 0;

	if (strncmp(keys, "pkcs11:", 7) != 0 || role == ROLE_ECA || role == ROLE_PCA)
		return NULL;
	for (const char *p = keys; *p != '\0' && n + 1 < size; p++) {
		/* %n and %r are not hexadecimal, so no escape of a URI begins like them. */
		const char *with = p[0] == '%' && p[1] == 'n'   ? name
				   : p[0] == '%' && p[1] == 'r' ? role_name(role)
								: NULL;

		if (with == NULL) {
			text[n++] = *p;
			continue;
		}
		n += (size_t)snprintf(text + n, size - n, "%s", with);
		n = n < size ? n : size - 1;
		p++;
	}
	text[n] = '\0';
	return text;
}

bool workspace_journal(const struct workspace *workspace, const struct journal_entry *entry,
		       struct workspace_error *err)
{
	struct workspace_file file = workspace_file(workspace, "journal", NULL);
	struct journal_error refused;

	if (journal_append(file.text, entry, NULL, &refused) == JOURNAL_OK)
		return true;
	fail(err, WORKSPACE_IO, "%s", refused.text);
	return false;
}

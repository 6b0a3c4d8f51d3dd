/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Component homes as a daemon uses them: what it borrowed stays good until the identity changes, the change comes at
 * its moment and not before, and what another process did is noticed. And times as people write them.
 *
 * usage: homes
 */
#include "base/file.h"
#include "base/leap.h"
#include "components/authority/issue.h"
#include "service/home.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW ((scms_time64)722692805000000)
#define SECOND 1000000u

static char directory[] = "/tmp/scms-homes-XXXXXX";
static char secret_path[64], home_at[64];
static struct home_error err;
static struct key_error key_err;

static struct secret_source secrets(void)
{
	return (struct secret_source){.kind = SECRET_FILE, .path = secret_path};
}

static struct home *open_home(void)
{
	const struct secret_source source = secrets();
	struct home *home = home_open(home_at, &source, &judge, &err);

	CHECK(home != NULL, "%s", err.text);
	if (home == NULL)
		exit(1);
	return home;
}

/* A self-signed identity, as a root has it. */
static void stage(struct home *home)
{
	const struct home_keys keys = {.curve = SCMS_NIST_P256};
	struct profile_subject subject = {.name = {(const uint8_t *)"root.test", 9},
					  .start = (scms_time32)(NOW / SECOND)};
	struct component_issuer by = {.level = LEVEL_POC, .crypto = &judge};
	struct home_draft *draft = home_draft_begin(home, &keys, &err);
	struct bytes request = {NULL, 0}, certificate = {NULL, 0};
	struct lint lint;

	CHECK(draft != NULL, "%s", err.text);
	if (draft == NULL)
		return;
	subject.verify = private_key_public(home_draft_sign(draft));
	by.key = home_draft_sign(draft);
	CHECK(home_draft_encrypt(draft) == NULL, "an encryption key that nobody asked for");
	CHECK(component_request_make(ROLE_ROOT, LEVEL_POC, &subject, by.key, &judge, NOW, &request, &key_err) == KEY_OK,
	      "%s", key_err.text);
	CHECK(component_issue(&by, PROFILE_ROOT, &subject, &certificate, &lint, &key_err) == KEY_OK, "%s",
	      key_err.text);
	CHECK(home_draft_commit(draft, bytes_view(&request), bytes_view(&certificate), (struct scms_slice){NULL, 0},
				&err) == HOME_OK,
	      "%s", err.text);
	bytes_free(&request);
	bytes_free(&certificate);
}

static bool activated(struct home *home, scms_time64 now)
{
	bool changed = false;
	char *left = NULL;

	CHECK(home_activate(home, now, &changed, &left, &err) == HOME_OK, "%s", err.text);
	CHECK(left == NULL, "a key in a token: %s", left);
	free(left);
	return changed;
}

static void making(void)
{
	struct home_settings settings = {.role = ROLE_ROOT, .name = "root", .host = "root.test", .secret = "prompt"};

	CHECK(home_create(home_at, &settings, &err) == HOME_OK, "%s", err.text);
	CHECK(home_create(home_at, &settings, &err) == HOME_EXISTS && strstr(err.text, home_at), "%s", err.text);
	snprintf(settings.name, sizeof(settings.name), "../up");
	CHECK(home_create("/tmp/scms-never", &settings, &err) == HOME_MALFORMED, "%s", err.text);
	CHECK(home_open("/tmp/scms-never", NULL, &judge, &err) == NULL && err.status == HOME_MISSING, "%s", err.text);
	CHECK(home_open("/dev/null", NULL, &judge, &err) == NULL && err.status == HOME_MISSING, "%s", err.text);
}

static void names(void)
{
	static const char *const good[] = {"a", "la1", "crl-store1", "A.b_c"};
	static const char *const bad[] = {
	    "",    ".",   "..",  ".hidden", "-x",
	    "a/b", "a b", "a\n", "ä",       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

	for (size_t k = 0; k < sizeof(good) / sizeof(good[0]); k++)
		CHECK(home_name_ok(good[k]), "%s", good[k]);
	for (size_t k = 0; k < sizeof(bad) / sizeof(bad[0]); k++)
		CHECK(!home_name_ok(bad[k]), "%s", bad[k]);
}

static void first_identity(void)
{
	struct home *home = open_home();
	struct party party;

	CHECK(home_party(home, &party, &err) == HOME_NOTHING, "%s", err.text);
	CHECK(home_set_activation(home, NOW, &err) == HOME_NOTHING, "%s", err.text);
	CHECK(!activated(home, NOW), "nothing is staged");
	stage(home);
	CHECK(home_identity(home, HOME_ACTIVE) == NULL && home_identity(home, HOME_STAGED) != NULL,
	      "staged, not active");
	CHECK(home_draft_begin(home, &(struct home_keys){.curve = SCMS_NIST_P256}, &err) == NULL &&
		  err.status == HOME_EXISTS,
	      "%s", err.text);
	CHECK(activated(home, NOW), "the first is active at once");
	CHECK(home_party(home, &party, &err) == HOME_OK && party.sign != NULL && party.decrypt == NULL, "%s", err.text);
	home_close(home);
}

/* Two processes have the home open; one switches. */
static void at_its_moment(void)
{
	struct home *home = open_home(), *other = open_home();
	const struct cert *cert;
	uint8_t old[32], digest[32] = {1}, r[48], s[48];
	struct party party, again;

	stage(home);
	CHECK(home_party(home, &party, &err) == HOME_OK, "%s", err.text);
	cert = party.cert;
	memcpy(old, cert->hash256, 32);
	CHECK(!activated(home, NOW + 365 * (scms_time64)86400 * SECOND), "no moment was set");
	CHECK(home_set_activation(home, NOW + 10 * SECOND, &err) == HOME_OK, "%s", err.text);
	CHECK(!activated(home, NOW + 10 * SECOND - 1), "a microsecond before");
	/* What was borrowed is still good: nothing has changed. */
	CHECK(party.cert == cert && memcmp(party.cert->hash256, old, 32) == 0, "the certificate moved");
	CHECK(private_key_sign(party.sign, digest, r, s, &key_err) == KEY_OK, "%s", key_err.text);
	CHECK(home_party(other, &again, &err) == HOME_OK && memcmp(again.cert->hash256, old, 32) == 0, "%s", err.text);

	CHECK(activated(home, NOW + 10 * SECOND), "at its moment");
	CHECK(home_party(home, &party, &err) == HOME_OK && memcmp(party.cert->hash256, old, 32) != 0,
	      "the old one still");
	CHECK(home_retired_count(home) == 1 && home_identity(home, HOME_STAGED) == NULL, "retired");
	CHECK(!activated(home, NOW + 20 * SECOND), "twice");
	/* The other notices with its next look. */
	CHECK(activated(other, NOW + 20 * SECOND), "it did not notice");
	CHECK(home_party(other, &again, &err) == HOME_OK && memcmp(again.cert->hash256, party.cert->hash256, 32) == 0,
	      "%s", err.text);
	CHECK(!activated(other, NOW + 20 * SECOND), "noticed twice");
	home_close(home);
	home_close(other);
}

static bool is_there(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", home_at, name);
	return access(path, F_OK) == 0;
}

/* What a crash between two renames, or before the deletion of keys, leaves. */
static void interrupted(void)
{
	char from[256], to[256];
	struct home *home = open_home();
	struct party party;

	stage(home);
	home_close(home);
	CHECK(chdir(home_at) == 0 && rename("active", "retired/2") == 0, "rename");
	home = open_home();
	CHECK(home_party(home, &party, &err) == HOME_OK && home_retired_count(home) == 2, "%s", err.text);
	CHECK(is_there("active") && !is_there("staged") && !is_there("retired/2/sign.pem"), "not finished");
	home_close(home);
	snprintf(from, sizeof(from), "%s/active/identity.conf", home_at);
	snprintf(to, sizeof(to), "%s/retired/2/sign.pem", home_at);
	CHECK(link(from, to) == 0, "link");
	home = open_home();
	CHECK(!is_there("retired/2/sign.pem"), "a retired key is left");
	home_close(home);
}

static void drafts(void)
{
	const struct home_keys keys = {.curve = SCMS_NIST_P256};
	struct home *home = open_home();
	struct home_draft *draft;
	char stale[256];

	snprintf(stale, sizeof(stale), "%s/.draft.stale", home_at);
	CHECK(mkdir(stale, 0700) == 0, "mkdir");
	draft = home_draft_begin(home, &keys, &err);
	CHECK(draft != NULL && !is_there(".draft.stale"), "what a crash left is still there: %s", err.text);
	home_draft_drop(draft);
	CHECK(!is_there("staged"), "a draft that was dropped is staged");
	home_draft_drop(NULL);
	stage(home);
	CHECK(home_unstage(home, &err) == HOME_OK && !is_there("staged"), "%s", err.text);
	CHECK(home_unstage(home, &err) == HOME_OK, "again: %s", err.text);
	home_close(home);
}

static void times(void)
{
	static const struct {
		const char *text;
		bool good;
		scms_time64 time;
	} rows[] = {
	    {"2026-11-25T12:00:00Z", true, NOW},
	    {"722692805000000", true, NOW},
	    {"2004-01-01", true, 0},
	    {"2004-01-01T00:00:01Z", true, SECOND},
	    {"2026-11-25", true, NOW - 43200 * (scms_time64)SECOND},
	    {"2024-02-29", true, 636249605000000},
	    {"0", true, 0},
	    {"9223372036854775807", false, 0},
	    {"2023-02-29", false, 0},
	    {"2026-13-01", false, 0},
	    {"2026-11-25T24:00:00Z", false, 0},
	    {"2026-11-25T12:60:00Z", false, 0},
	    {"2026-11-25T12:00:00", false, 0},
	    {"2026-11-25T12:00:00+01:00", false, 0},
	    {"2026-11-25 12:00:00Z", false, 0},
	    {"2003-12-31", false, 0},
	    {"26-11-25", false, 0},
	    {"", false, 0},
	    {"-1", false, 0},
	    {"noon", false, 0},
	    {"12a", false, 0},
	    {"99999999999999999999", false, 0},
	    {"2026-11-25T12:00:00Zx", false, 0},
	};
	struct leap_table leaps;

	leap_load(&leaps, LEAP_FILE);
	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		scms_time64 time = 0;
		bool good = time_parse(&leaps, rows[k].text, &time);

		CHECK(good == rows[k].good && (!good || time == rows[k].time), "\"%s\": %d, %llu", rows[k].text,
		      (int)good, (unsigned long long)time);
	}
}

int main(void)
{
	FILE *file;

	CHECK(mkdtemp(directory) != NULL, "mkdtemp");
	snprintf(secret_path, sizeof(secret_path), "%s/pass", directory);
	snprintf(home_at, sizeof(home_at), "%s/root", directory);
	file = fopen(secret_path, "w");
	CHECK(file != NULL && fputs("a pass phrase for a test\n", file) >= 0 && fclose(file) == 0 &&
		  chmod(secret_path, 0600) == 0,
	      "%s", secret_path);
	names();
	making();
	first_identity();
	at_its_moment();
	interrupted();
	drafts();
	times();
	CHECK(chdir("/") == 0, "chdir");
	CHECK(folder_remove(directory), "remove");
	CHECK(access(directory, F_OK) != 0, "%s is left", directory);
	return check_done();
}

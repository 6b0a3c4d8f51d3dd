/* SPDX-License-Identifier: Apache-2.0 */
#include "elector.h"

#include "base/file.h"
#include "components/authority/issue.h"
#include "components/manager/fingerprint.h"
#include "service/engine.h"

#include <stdlib.h>
#include <string.h>

static const struct argp_option rows[] = {
    ROW_HOME,
    {"name", OPTION_NAME, "NAME", 0, "Name of the elector; its last character goes into the certificate (default: elector)", 0},
    {"level", OPTION_LEVEL, "LEVEL", 0, "Profile: poc (default), pilot, production or 1.2.1", 0},
    {"token", OPTION_TOKEN, "URI", 0, "Make the key in this PKCS#11 token (pkcs11:token=...), not in an encrypted file", 0},
    {"curve", OPTION_CURVE, "CURVE", 0, "p256 (default), p384, brainpoolP256r1 or brainpoolP384r1", 0},
    {"start", OPTION_START, "T", 0, "Beginning of its validity. Default: now", 0},
    ROW_SECRET,
    ROW_NOW,
    ROW_OUT,
    ROW_JSON,
    {0}};

static const char doc[] =
    "Found an elector: make its home DIR, its key, and its self-signed certificate.\v"
    "The certificate is first made with a throw-away key and held against the elector profile; the key signs nothing that does "
    "not fit. Give the certificate (DIR/active/certificate.coer, or --out) to the SCMS Manager, and read it the fingerprint "
    "over a second channel.\n\n"
    "Examples:\n  scms-elector create --home elector-a --name elector-A\n"
    "  scms-elector create --home elector-b --token 'pkcs11:token=Elector%20B'\n\n"
    "Exit code: 0 done, 1 refused, 2 usage, 3 the key or the home cannot be made.";

/* Makes key and certificate, and makes them the identity in use. */
static int found(const struct options *options, enum profile_level level, struct home *home, struct bytes *certificate)
{
	struct home_keys keys = {.token = options->token, .curve = options->curve};
	const char *name = home_settings(home)->name;
	struct profile_subject subject = {.name = {(const uint8_t *)name, strlen(name)}};
	struct component_issuer issuer = {.level = level, .crypto = engine_crypto()};
	struct scms_slice none = {NULL, 0};
	struct home_draft *draft;
	struct key_error key_err;
	struct home_error err;
	struct lint lint;
	char *left = NULL;
	bool changed;

	subject.start = (scms_time32)((options->start != 0 ? options->start : options->now) / 1000000);
	draft = home_draft_begin(home, &keys, &err);
	if (draft == NULL)
		return elector_say(options, EXIT_ENVIRONMENT, "%s", err.text);
	issuer.key = home_draft_sign(draft);
	subject.verify = private_key_public(issuer.key);
	if (component_issue(&issuer, PROFILE_ELECTOR, &subject, certificate, &lint, &key_err) != KEY_OK) {
		home_draft_drop(draft);
		return elector_say(options, EXIT_REFUSED, "%s", key_err.text);
	}
	if (home_draft_commit(draft, none, bytes_view(certificate), none, &err) != HOME_OK ||
	    home_set_activation(home, options->now, &err) != HOME_OK ||
	    home_activate(home, options->now, &changed, &left, &err) != HOME_OK)
		return elector_say(options, EXIT_ENVIRONMENT, "%s", err.text);
	free(left);
	return EXIT_DONE;
}

/* Which profile candidates are held against. */
static bool level_write(const struct options *options, enum profile_level level)
{
	const char *name = profile_level_name(level);
	struct elector_path path = elector_file(options, "level");
	struct file_error err;

	if (file_write(path.text, 0644, (struct scms_slice){(const uint8_t *)name, strlen(name)}, &err) == FILE_OK)
		return true;
	elector_say(options, 0, "%s: %s", path.text, err.text);
	return false;
}

/* The first line of its journal, signed. */
static int settle(const struct options *options, enum profile_level level, struct home *home, const struct bytes *certificate)
{
	const struct home_identity *identity = home_identity(home, HOME_ACTIVE);
	struct elector_home elector = {.options = options, .home = home, .identity = identity, .level = level};
	struct journal_file file = {"certificate.coer", bytes_view(certificate)};
	struct home_error home_err;
	struct party party;
	struct file_error err;

	if (identity == NULL)
		return elector_say(options, EXIT_ENVIRONMENT, "%s: the identity was made and is not there", options->home);
	/* The key is opened anew: what signs here is what will sign votes. */
	if (home_party(home, &party, &home_err) != HOME_OK)
		return elector_say(options, EXIT_ENVIRONMENT, "%s", home_err.text);
	if (!elector_journal(&elector, "create", NULL, &file, 1, json_pack("{s:s, s:s}", "name", home_settings(home)->name, "level", profile_level_name(level)),
			     party.sign))
		return EXIT_ENVIRONMENT;
	if (options->out != NULL && file_write(options->out, 0644, bytes_view(certificate), &err) != FILE_OK)
		return elector_say(options, EXIT_ENVIRONMENT, "%s: %s", options->out, err.text);
	return EXIT_DONE;
}

static void tell(const struct options *options, const struct home_identity *identity)
{
	char hex[65], words[FINGERPRINT_WORDS_BYTES(32)];

	motion_hex(identity->cert.hash256, 32, hex);
	fingerprint_words(identity->cert.hash256, 32, words);
	if (options->json)
		elector_print(json_pack("{s:s, s:s}", "elector", hex, "words", words));
	else
		printf("Elector made: %s/active/certificate.coer\n  fingerprint (SHA-256) %s\n  in words (PGP word list): %s\n"
		       "Next: scms-elector init --home %s --config BOOTSTRAP\n",
		       options->home, hex, words, options->home);
}

int elector_create(int argc, char **argv)
{
	struct home_settings settings = {.role = ROLE_ELECTOR, .host = "elector"};
	struct bytes certificate = {NULL, 0};
	enum profile_level level = LEVEL_POC;
	struct options options;
	struct home_error err;
	struct home *home;
	int code;

	elector_parse(argc, argv, "create", rows, "", doc, 0, 0, &options);
	if (options.level != NULL && !profile_level_parse(options.level, &level))
		return elector_say(&options, EXIT_USAGE, "--level: expected " PROFILE_LEVEL_WORDS ", found '%s'", options.level);
	snprintf(settings.name, sizeof(settings.name), "%s", options.name != NULL ? options.name : "elector");
	snprintf(settings.secret, sizeof(settings.secret), "%s",
		 options.secret != NULL && options.source.kind == SECRET_FILE ? options.secret : "prompt");
	if (!home_name_ok(settings.name))
		return elector_say(&options, EXIT_USAGE, "--name: expected letters, digits, '-', '_' and '.', found '%s'", settings.name);
	/* A home that an interrupted create left without certificate goes on. */
	if (home_create(options.home, &settings, &err) != HOME_OK && err.status != HOME_EXISTS)
		return elector_say(&options, EXIT_ENVIRONMENT, "%s", err.text);
	home = home_open(options.home, options.secret != NULL ? &options.source : NULL, engine_crypto(), &err);
	if (home == NULL)
		return elector_say(&options, EXIT_ENVIRONMENT, "%s", err.text);
	if (home_settings(home)->role != ROLE_ELECTOR || home_identity(home, HOME_ACTIVE) != NULL) {
		home_close(home);
		return elector_say(&options, EXIT_REFUSED, "%s: there is a component already; an elector is founded once", options.home);
	}
	code = level_write(&options, level) ? found(&options, level, home, &certificate) : EXIT_ENVIRONMENT;
	if (code == EXIT_DONE)
		code = settle(&options, level, home, &certificate);
	if (code == EXIT_DONE)
		tell(&options, home_identity(home, HOME_ACTIVE));
	bytes_free(&certificate);
	home_close(home);
	return code;
}

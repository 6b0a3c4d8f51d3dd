/* SPDX-License-Identifier: Apache-2.0 */
#include "service/home_back.h"

#include "base/file.h"
#include "dot2/request.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT_MILLISECONDS 10000

void home_error_set(struct home_error *err, enum home_status status, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(err->text, sizeof(err->text), format, list);
	va_end(list);
	err->status = status;
}

struct home_file home_file(const char *folder, const char *name)
{
	struct home_file file;

	if (snprintf(file.text, sizeof(file.text), "%s/%s", folder, name) >= (int)sizeof(file.text))
		file.text[0] = '\0';
	return file;
}

bool home_name_ok(const char *name)
{
	if (name[0] == '\0' || name[0] == '.' || name[0] == '-' || strlen(name) > 64)
		return false;
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && strchr("-_.", *p) == NULL)
			return false;
	return true;
}

int home_lock(const char *path, int how, struct home_error *err)
{
	const struct timespec pause = {0, 20 * 1000 * 1000};
	struct home_file lock = home_file(path, "lock");
	int fd = open(lock.text, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		home_fail(err, errno == ENOENT || errno == ENOTDIR ? HOME_MISSING : HOME_IO, "%s: %s", lock.text,
			  strerror(errno));
		return -1;
	}
	for (unsigned waited = 0; flock(fd, how | LOCK_NB) != 0; waited += 20) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= LOCK_WAIT_MILLISECONDS) {
			home_fail(err, errno == EWOULDBLOCK ? HOME_BUSY : HOME_IO, "%s: %s", path,
				  errno == EWOULDBLOCK
				      ? "another process is changing this component; try again when it is done"
				      : strerror(errno));
			close(fd);
			return -1;
		}
		nanosleep(&pause, NULL);
	}
	return fd;
}

/* ---- reading ---- */

static enum home_status read_config(config_t *config, const char *path, struct home_error *err)
{
	if (access(path, R_OK) != 0)
		return home_fail(err, errno == ENOENT || errno == ENOTDIR ? HOME_MISSING : HOME_IO, "%s: %s", path,
				 strerror(errno));
	if (config_read_file(config, path) != CONFIG_TRUE)
		return home_fail(err, HOME_MALFORMED, "%s:%d: %s", path, config_error_line(config),
				 config_error_text(config));
	return HOME_OK;
}

static bool take_text(const config_t *config, const char *name, char to[HOME_TEXT_BYTES])
{
	const char *text;

	return config_lookup_string(config, name, &text) == CONFIG_TRUE && strlen(text) < HOME_TEXT_BYTES &&
	       snprintf(to, HOME_TEXT_BYTES, "%s", text) >= 0;
}

static enum home_status read_settings(const char *path, struct home_settings *settings, struct home_error *err)
{
	struct home_file file = home_file(path, "component.conf");
	char role[HOME_TEXT_BYTES] = "";
	struct secret_source source;
	enum home_status status;
	config_t config;
	int la_id = 0;

	*settings = (struct home_settings){.secret = "prompt"};
	config_init(&config);
	status = read_config(&config, file.text, err);
	if (status != HOME_OK) {
		config_destroy(&config);
		return status;
	}
	if (!take_text(&config, "role", role) || !role_parse(role, &settings->role))
		status = home_fail(err, HOME_MALFORMED,
				   "%s: role: expected a role of a component (\"ra\"), found \"%s\"", file.text, role);
	else if (!take_text(&config, "name", settings->name) || !home_name_ok(settings->name))
		status = home_fail(err, HOME_MALFORMED, "%s: name: expected letters, digits, '-', '_', '.'", file.text);
	else if (!take_text(&config, "host", settings->host))
		status = home_fail(err, HOME_MALFORMED, "%s: host: expected a host name", file.text);
	else if (config_lookup(&config, "secret") != NULL &&
		 (!take_text(&config, "secret", settings->secret) || !secret_source_parse(settings->secret, &source)))
		status = home_fail(err, HOME_MALFORMED, "%s: secret: expected \"prompt\", \"file:PATH\" or \"fd:N\"",
				   file.text);
	else if (config_lookup(&config, "la_id") != NULL &&
		 (config_lookup_int(&config, "la_id", &la_id) != CONFIG_TRUE || la_id < 0 || la_id > UINT16_MAX))
		status = home_fail(err, HOME_MALFORMED, "%s: la_id: expected 0 to 65535", file.text);
	settings->la_id = (uint16_t)la_id;
	config_destroy(&config);
	return status;
}

/* A file's bytes; one that is not there is empty. */
static enum home_status read_optional(const char *path, struct scms_slice *bytes, struct home_error *err)
{
	struct file_error refused;

	*bytes = (struct scms_slice){NULL, 0};
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return HOME_OK;
	if (file_read(path, HOME_CERTIFICATE_BYTES_MAX, bytes, &refused) != FILE_OK)
		return home_fail(err, HOME_IO, "%s: %s", path, refused.text);
	return HOME_OK;
}

static enum home_status wrong_role(const struct home *home, const struct cert *cert, const char *where,
				   struct home_error *err)
{
	enum role found;
	bool known = role_of_certificate(cert, &found);

	if (known && found == home->settings.role)
		return HOME_OK;
	return home_fail(err, HOME_ROLE, "%s: expected the certificate of a component of role %s, found that of %s",
			 where, role_name(home->settings.role), known ? role_name(found) : "no component");
}

static enum home_status take_issuers(const struct home *home, struct home_identity *identity, const char *where,
				     struct scms_slice issuers, struct home_error *err)
{
	struct oer_list list;
	struct oer_iter it;
	struct scms_slice one;
	const struct cert *below = &identity->cert;

	identity->issuers = issuers;
	if (issuers.n == 0)
		return HOME_OK;
	if (oer_decode(&oer_SequenceOfCertificate, issuers, OER_DEPTH_DEFAULT, &list, NULL) != OER_OK ||
	    list.count > CHAIN_MAX - 1)
		return home_fail(err, HOME_MALFORMED, "%s: its issuers: expected at most %d certificates", where,
				 CHAIN_MAX - 1);
	it = oer_iterate(&list);
	while (oer_next_raw(&it, &one)) {
		struct cert *issuer = &identity->issuer[identity->issuer_count];
		const uint8_t *id8 = cert_issuer_id8(below);

		if (cert_read(issuer, one, home->crypto, NULL) != OER_OK || id8 == NULL ||
		    memcmp(id8, cert_id8(issuer), 8) != 0)
			return home_fail(err, HOME_MALFORMED,
					 "%s: its issuers: number %zu is not the issuer of what is below it", where,
					 identity->issuer_count + 1);
		identity->issuer_count++;
		below = issuer;
	}
	return HOME_OK;
}

/* Is what was certified what was asked for? The request was signed when the keys were made. */
static enum home_status wrong_keys(const struct home_identity *identity, const char *where, struct home_error *err)
{
	const struct ToBeSignedCertificate *got = &identity->cert.c.toBeSigned, *asked;
	struct SignedCertificateRequest request;
	struct curve_point wanted, is;
	struct scms_point point, found = cert_point(&identity->cert);

	if (identity->request.n == 0)
		return HOME_OK;
	if (certificate_request_read(&request, identity->request, NULL) != OER_OK ||
	    request.tbsRequest.content.choice != ScmsPDU_content_is_eca_ee ||
	    request.tbsRequest.content.u.eca_ee.choice != EcaEndEntityInterfacePDU_is_eeEcaCertRequest)
		return home_fail(err, HOME_MALFORMED, "%s: request.coer beside it is no request for a certificate",
				 where);
	asked = &request.tbsRequest.content.u.eca_ee.u.eeEcaCertRequest.tbsData;
	if (asked->verifyKeyIndicator.choice != VerificationKeyIndicator_is_verificationKey ||
	    !point_of_key(&asked->verifyKeyIndicator.u.verificationKey, &point) || !curve_point_read(&point, &wanted) ||
	    !point_is(&found, &wanted))
		return home_fail(err, HOME_ROLE, "%s: it certifies another key than the request beside it asks for",
				 where);
	if (asked->has_encryptionKey != got->has_encryptionKey ||
	    (got->has_encryptionKey &&
	     (!encryption_key_point(&asked->encryptionKey, &wanted) ||
	      !encryption_key_point(&got->encryptionKey, &is) || !curve_point_equal(&wanted, &is))))
		return home_fail(err, HOME_ROLE, "%s: it has another encryption key than the request beside it asks for",
				 where);
	return HOME_OK;
}

enum home_status home_take_certificate(const struct home *home, struct home_identity *identity, const char *where,
				       struct scms_slice certificate, struct scms_slice issuers, struct home_error *err)
{
	struct oer_error refused = {.status = OER_OK};
	enum home_status status;

	identity->certificate = certificate;
	identity->issuer_count = 0;
	if (cert_read(&identity->cert, certificate, home->crypto, &refused) != OER_OK)
		status = home_fail(err, HOME_MALFORMED, "%s: no certificate: %s at byte %zu: expected %s, found %s",
				   where, refused.path, refused.offset, refused.expected, refused.found);
	else
		status = wrong_role(home, &identity->cert, where, err);
	if (status == HOME_OK)
		status = wrong_keys(identity, where, err);
	if (status == HOME_OK)
		status = take_issuers(home, identity, where, issuers, err);
	else
		identity->issuers = issuers;
	return status;
}

void home_identity_free(struct home_identity *identity)
{
	if (identity == NULL)
		return;
	free(identity->sign);
	free(identity->encrypt);
	free((void *)(uintptr_t)identity->request.p);
	free((void *)(uintptr_t)identity->certificate.p);
	free((void *)(uintptr_t)identity->issuers.p);
	free(identity);
}

/* The name of a key: a URI stands for itself, a file is beside identity.conf. */
static char *key_name(const char *folder, const char *name)
{
	struct home_file file;

	if (strncmp(name, "pkcs11:", 7) == 0)
		return strdup(name);
	file = home_file(folder, name);
	return strchr(name, '/') != NULL ? NULL : strdup(file.text);
}

static enum home_status read_identity_conf(struct home_identity *identity, const char *folder, struct home_error *err)
{
	struct home_file file = home_file(folder, "identity.conf");
	const char *text = NULL;
	enum home_status status;
	config_t config;

	config_init(&config);
	status = read_config(&config, file.text, err);
	if (status == HOME_OK && (config_lookup_string(&config, "sign", &text) != CONFIG_TRUE ||
				  (identity->sign = key_name(folder, text)) == NULL))
		status = home_fail(err, HOME_MALFORMED, "%s: sign: expected a file in this folder, or a pkcs11: URI",
				   file.text);
	if (status == HOME_OK && config_lookup_string(&config, "encrypt", &text) == CONFIG_TRUE &&
	    (identity->encrypt = key_name(folder, text)) == NULL)
		status = home_fail(err, HOME_MALFORMED, "%s: encrypt: expected a file in this folder, or a pkcs11: URI",
				   file.text);
	if (status == HOME_OK && config_lookup_string(&config, "activate", &text) == CONFIG_TRUE) {
		char *end;

		errno = 0;
		identity->activation = strtoull(text, &end, 10);
		identity->has_activation = true;
		if (errno != 0 || *end != '\0' || end == text)
			status = home_fail(err, HOME_MALFORMED,
					   "%s: activate: expected a Time64 in decimal, found \"%s\"", file.text, text);
	}
	config_destroy(&config);
	return status;
}

enum home_status home_read_slot(struct home *home, enum home_slot slot, struct home_error *err)
{
	struct home_file folder = home_file(home->path, slot == HOME_ACTIVE ? "active" : "staged");
	struct home_file certificate = home_file(folder.text, "certificate.coer"),
			 request = home_file(folder.text, "request.coer"),
			 issuers = home_file(folder.text, "issuers.coer");
	struct scms_slice cert = {NULL, 0}, above = {NULL, 0};
	struct home_identity *identity;
	enum home_status status;

	if (slot == HOME_ACTIVE) {
		private_key_free(home->sign);
		private_key_free(home->decrypt);
		home->sign = home->decrypt = NULL;
	}
	home_identity_free(home->slot[slot]);
	home->slot[slot] = NULL;
	if (access(folder.text, F_OK) != 0)
		return HOME_OK;
	identity = home->slot[slot] = calloc(1, sizeof(*identity));
	if (identity == NULL)
		return home_fail(err, HOME_IO, "%s: no memory", folder.text);
	status = read_identity_conf(identity, folder.text, err);
	if (status == HOME_OK)
		status = read_optional(request.text, &identity->request, err);
	if (status == HOME_OK)
		status = read_optional(certificate.text, &cert, err);
	if (status == HOME_OK)
		status = read_optional(issuers.text, &above, err);
	if (status == HOME_OK && cert.n > 0)
		return home_take_certificate(home, identity, certificate.text, cert, above, err);
	free((void *)(uintptr_t)cert.p);
	free((void *)(uintptr_t)above.p);
	if (status == HOME_OK && slot == HOME_ACTIVE)
		status = home_fail(err, HOME_MALFORMED, "%s: is missing", certificate.text);
	return status;
}

enum home_status home_read_slots(struct home *home, struct home_error *err)
{
	enum home_status status;

	home->retired = home_count_retired(home->path);
	status = home_read_slot(home, HOME_ACTIVE, err);
	return status == HOME_OK ? home_read_slot(home, HOME_STAGED, err) : status;
}

struct home *home_open(const char *path, const struct secret_source *secrets, const struct scms_crypto *crypto,
		       struct home_error *err)
{
	struct home *home = calloc(1, sizeof(*home));
	enum home_status status;
	int lock = -1;

	*err = (struct home_error){HOME_OK, ""};
	if (home == NULL || (home->path = strdup(path)) == NULL) {
		home_fail(err, HOME_IO, "%s: no memory", path);
		home_close(home);
		return NULL;
	}
	home->crypto = crypto;
	status = read_settings(path, &home->settings, err);
	if (status == HOME_OK) {
		home->has_secrets = secrets != NULL || secret_source_parse(home->settings.secret, &home->secrets);
		if (secrets != NULL)
			home->secrets = *secrets;
		lock = home_lock(path, home_is_interrupted(path) ? LOCK_EX : LOCK_SH, err);
		status = lock >= 0 ? HOME_OK : err->status;
	}
	if (status == HOME_OK && home_is_interrupted(path))
		status = home_recover(path, err);
	if (status == HOME_OK)
		status = home_read_slots(home, err);
	if (lock >= 0)
		close(lock);
	if (status == HOME_OK)
		return home;
	home_close(home);
	return NULL;
}

void home_close(struct home *home)
{
	if (home == NULL)
		return;
	private_key_free(home->sign);
	private_key_free(home->decrypt);
	home_identity_free(home->slot[HOME_ACTIVE]);
	home_identity_free(home->slot[HOME_STAGED]);
	free(home->path);
	free(home);
}

const struct home_settings *home_settings(const struct home *home)
{
	return &home->settings;
}

const char *home_path(const struct home *home)
{
	return home->path;
}

const struct home_identity *home_identity(const struct home *home, enum home_slot slot)
{
	return home->slot[slot];
}

unsigned home_retired_count(const struct home *home)
{
	return home->retired;
}

/* ---- keys ---- */

static enum home_status key_matches(const struct home_identity *identity, const char *name, enum key_use use,
				    const struct private_key *key, struct home_error *err)
{
	const struct ToBeSignedCertificate *tbs = &identity->cert.c.toBeSigned;
	struct scms_point certified = cert_point(&identity->cert);
	struct curve_point point;

	if (identity->certificate.n == 0)
		return HOME_OK;
	if (use == KEY_SIGN ? point_is(&certified, private_key_public(key))
			    : tbs->has_encryptionKey && encryption_key_point(&tbs->encryptionKey, &point) &&
				  curve_point_equal(&point, private_key_public(key)))
		return HOME_OK;
	return home_fail(err, HOME_KEY, "%s: is not the key in certificate.coer", name);
}

enum home_status home_key(const struct home *home, enum home_slot slot, enum key_use use, struct private_key **key,
			  struct home_error *err)
{
	const struct home_identity *identity = home->slot[slot];
	const char *name = identity == NULL ? NULL : use == KEY_SIGN ? identity->sign : identity->encrypt;
	struct key_error refused = {.status = KEY_OK};
	enum home_status status;

	*key = NULL;
	if (name == NULL)
		return home_fail(err, HOME_NOTHING, "%s: no %s key", home->path,
				 use == KEY_SIGN ? "signing" : "encryption");
	if (private_key_load(name, &home->secrets, key, &refused) != KEY_OK)
		return home_fail(err, HOME_KEY, "%s: %s", home->settings.name, refused.text);
	status = key_matches(identity, name, use, *key, err);
	if (status != HOME_OK) {
		private_key_free(*key);
		*key = NULL;
	}
	return status;
}

enum home_status home_party(struct home *home, struct party *party, struct home_error *err)
{
	const struct home_identity *identity = home->slot[HOME_ACTIVE];
	enum home_status status = HOME_OK;

	*party = (struct party){.crypto = home->crypto};
	if (identity == NULL)
		return home_fail(err, HOME_NOTHING, "%s: has no active certificate: install the one that was asked for (scms component install), or issue one", home->path);
	if (home->sign == NULL)
		status = home_key(home, HOME_ACTIVE, KEY_SIGN, &home->sign, err);
	if (status == HOME_OK && home->decrypt == NULL && identity->encrypt != NULL)
		status = home_key(home, HOME_ACTIVE, KEY_AGREE, &home->decrypt, err);
	if (status == HOME_OK)
		*party = (struct party){home->crypto, &identity->cert, home->sign, home->decrypt};
	return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "components/role_service.h"

#include "crypto/secret_file.h"
#include "service/home.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool role_open(struct service *service, struct http_exchange *exchange, const char *row, enum role from, unsigned code,
	       struct message *message)
{
	enum message_status status = message_open(service->party, envelope_find(row), http_body(exchange), clock_now(),
						  trustee_judge(service->trustee), message);
	enum role role;

	if (status != MESSAGE_OK) {
		service_refuse_message(service, exchange, code, status, message);
		return false;
	}
	if (!message->has_signer || !role_of_certificate(&message->signer.cert[0], &role) || role != from) {
		service_refuse(service, exchange, 403, code, "the message is not signed by a component of role %s", role_name(from));
		return false;
	}
	return true;
}

bool role_is_revoked(struct service *service, struct scms_slice certificate)
{
	enum scms_reason reason = trustee_check(service->trustee, certificate, clock_now());

	return reason == SCMS_CERT_REVOKED || reason == SCMS_ROOT_REVOKED;
}

void role_failed(struct service *service, struct http_exchange *exchange, const char *what, const struct key_error *err)
{
	log_event(service->name, LOG_LEVEL_ERROR, "failed", "s:s, s:s", "what", what, "why", err->text);
	service_refuse(service, exchange, 500, 0, "%s: %s", what, err->text);
}

void role_answer(struct service *service, struct http_exchange *exchange, const char *row, struct scms_slice pdu,
		 const struct cert *to)
{
	struct bytes made = {NULL, 0};
	struct key_error err;

	if (message_make(service->party, envelope_find(row), pdu, clock_now(), to, &made, &err) != KEY_OK)
		role_failed(service, exchange, row, &err);
	else if (service->commit != NULL)
		commit_answer(service->commit, exchange, 200, OCTETS, bytes_view(&made));
	else
		http_answer(exchange, 200, OCTETS, bytes_view(&made));
	bytes_free(&made);
}

void role_certificate(struct service *service, struct http_exchange *exchange)
{
	struct bytes bytes = {NULL, 0};
	struct key_error err;

	if (make_bytes(&oer_Certificate, &service->party->cert->c, &bytes, &err) != KEY_OK)
		role_failed(service, exchange, "certificate", &err);
	else
		http_answer(exchange, 200, OCTETS, bytes_view(&bytes));
	bytes_free(&bytes);
}

static bool refuse_key(struct service_error *err, const char *path, const struct key_error *why)
{
	snprintf(err->text, sizeof(err->text), "%.120s: %.240s", path, why->text);
	return false;
}

bool role_own_key(struct service *service, uint8_t key[AES_128_KEY], struct service_error *err)
{
	static const char kind[] = "own key";
	struct secret_source source;
	struct key_error why;
	char path[512];
	enum key_status status;

	snprintf(path, sizeof(path), "%s/secrets", service->path);
	if (mkdir(path, 0700) != 0 && errno != EEXIST) {
		snprintf(err->text, sizeof(err->text), "%.300s: cannot be made: %s", path, strerror(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%s/secrets/own.key", service->path);
	if (!secret_source_parse(home_settings(service->home)->secret, &source)) {
		snprintf(err->text, sizeof(err->text), "%.120s/component.conf: secret: expected prompt, file:PATH or fd:N, found '%.100s'",
			 service->path, home_settings(service->home)->secret);
		return false;
	}
	status = secret_file_load(path, kind, key, AES_128_KEY, &source, &why);
	if (status == KEY_NOT_FOUND) {
		if (RAND_priv_bytes(key, AES_128_KEY) != 1)
			status = key_fail(&why, KEY_FAILED, "no randomness");
		else
			status = secret_file_save(path, kind, (struct scms_slice){key, AES_128_KEY}, &source, &why);
	}
	return status == KEY_OK || refuse_key(err, path, &why);
}

/* ---- shared keys ---- */

#define SEALED_BYTES (2 * AGREEMENT_SHARE + AES_128_KEY + 32)

struct loading {
	struct service *service;
	const uint8_t *own;
	struct plv_keys *keys;
	struct key_error why;
	bool ok;
};

static bool open_agreement(struct loading *loading, struct scms_slice sealed, struct agreement *agreement)
{
	struct bytes plain = {NULL, 0};
	struct EncryptedData data;
	bool ok = oer_decode(&oer_EncryptedData, sealed, OER_DEPTH_DEFAULT, &data, NULL) == OER_OK &&
		  sealed_open(loading->own, loading->service->party->crypto, &data, &plain, &loading->why) == KEY_OK &&
		  plain.n == SEALED_BYTES;

	if (ok) {
		memcpy(agreement->r_pca, plain.p, AGREEMENT_SHARE);
		memcpy(agreement->r_la, plain.p + AGREEMENT_SHARE, AGREEMENT_SHARE);
		memcpy(agreement->key, plain.p + 2 * AGREEMENT_SHARE, AES_128_KEY);
		memcpy(agreement->mac_key, plain.p + 2 * AGREEMENT_SHARE + AES_128_KEY, 32);
	}
	bytes_free(&plain);
	return ok;
}

static bool load_one(void *ctx, const struct db_value *columns, size_t count)
{
	struct loading *loading = ctx;
	struct plv_key key = {.start = (scms_time32)columns[2].integer,
			      .end = (scms_time32)columns[3].integer,
			      .confirmed = columns[4].integer != 0};

	(void)count;
	loading->ok = columns[0].bytes.n == 8 && columns[1].bytes.n < sizeof(key.host) &&
		      open_agreement(loading, columns[5].bytes, &key.agreement);
	if (loading->ok) {
		memcpy(key.id, columns[0].bytes.p, 8);
		memcpy(key.host, columns[1].bytes.p, columns[1].bytes.n);
		loading->ok = plv_keys_add(loading->keys, &key);
	}
	OPENSSL_cleanse(&key, sizeof(key));
	return loading->ok;
}

bool shared_keys_load(struct service *service, const uint8_t own[AES_128_KEY], struct plv_keys *keys, struct service_error *err)
{
	struct loading loading = {.service = service, .own = own, .keys = keys, .ok = true};

	if (db_each(service->db, "SELECT id, host, start, stop, confirmed, sealed FROM shared_key", NULL, 0, load_one, &loading) >= 0 &&
	    loading.ok)
		return true;
	snprintf(err->text, sizeof(err->text),
		 "%.120s: a shared key of its database cannot be opened with %.120s/secrets/own.key: database and key are not of one "
		 "backup",
		 service->name, service->path);
	return false;
}

bool shared_key_save(struct service *service, const uint8_t own[AES_128_KEY], const struct plv_key *key, const uint8_t answer[8])
{
	const struct agreement *agreement = &key->agreement;
	struct bytes sealed = {NULL, 0};
	struct key_error err;
	uint8_t plain[SEALED_BYTES];
	bool ok;

	memcpy(plain, agreement->r_pca, AGREEMENT_SHARE);
	memcpy(plain + AGREEMENT_SHARE, agreement->r_la, AGREEMENT_SHARE);
	memcpy(plain + 2 * AGREEMENT_SHARE, agreement->key, AES_128_KEY);
	memcpy(plain + 2 * AGREEMENT_SHARE + AES_128_KEY, agreement->mac_key, 32);
	ok = sealed_make(own, service->party->crypto, (struct scms_slice){plain, sizeof(plain)}, &sealed, &err) == KEY_OK &&
	     commit_begin(service->commit) &&
	     db_run(service->db,
		    "INSERT INTO shared_key (id, host, start, stop, confirmed, answer, sealed) VALUES ($1, $2, $3, $4, $5, $6, $7) "
		    "ON CONFLICT (id) DO UPDATE SET confirmed = $5",
		    DB_VALUES(db_bytes(key->id, 8), db_text(key->host), db_integer(key->start), db_integer(key->end),
			      db_integer(key->confirmed), db_bytes(answer, 8), db_bytes(sealed.p, sealed.n))) == 1;
	OPENSSL_cleanse(plain, sizeof(plain));
	bytes_free(&sealed);
	return ok;
}

static bool take_id(void *ctx, const struct db_value *columns, size_t count)
{
	(void)count;
	memcpy(ctx, columns[0].bytes.p, 8);
	return false;
}

bool shared_key_find(struct service *service, const uint8_t answer[8], uint8_t id[8])
{
	return db_each(service->db, "SELECT id FROM shared_key WHERE answer = $1 AND length(id) = 8", DB_VALUES(db_bytes(answer, 8)),
		       take_id, id) == 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * role_service.h: what the roles of provisioning share: messages in and out of exchanges, the component's own key, and the keys
 * that PCA and LAs share, in the database.
 */
#ifndef COMPONENTS_ROLE_SERVICE_H
#define COMPONENTS_ROLE_SERVICE_H

#include "components/authority/role.h"
#include "components/la/plv_key.h"
#include "service/daemon.h"

#define OCTETS "application/octet-stream"

static inline scms_time32 role_now(void)
{
	return (scms_time32)(clock_now() / 1000000u);
}

static inline struct scms_slice role_host(const struct service *service)
{
	return (struct scms_slice){(const uint8_t *)service->host, strlen(service->host)};
}

/*
 * Opens the body of a request as the message of this row, signed by a component of role `from`. False: it was refused, and
 * the exchange is answered; then too the message is to be freed. code: of the published error, 0: none.
 */
SCMS_CHECKED bool role_open(struct service *service, struct http_exchange *exchange, const char *row, enum role from,
			    unsigned code, struct message *message);

/* Answers with a message: pdu wrapped by row, for `to` where the row is encrypted; once the turn is on disk, where there is a database. */
void role_answer(struct service *service, struct http_exchange *exchange, const char *row, struct scms_slice pdu,
		 const struct cert *to);

/* Is this certificate, or one above it, revoked? It will not be valid again, unlike one whose root too few endorse at present. */
bool role_is_revoked(struct service *service, struct scms_slice certificate);

/* Answers 500 and logs why. */
void role_failed(struct service *service, struct http_exchange *exchange, const char *what, const struct key_error *err);

/* GET /certificate: the component's certificate in force, for those who are to encrypt to it. */
void role_certificate(struct service *service, struct http_exchange *exchange);
#define ROLE_CERTIFICATE_ROUTE {HTTP_GET, "/certificate", NULL, 0, 0, role_certificate}

/*
 * The key that seals what the component keeps secret in its database: HOME/secrets/own.key, made at the first start. Sealed
 * by the home's secret.
 */
SCMS_CHECKED bool role_own_key(struct service *service, uint8_t key[AES_128_KEY], struct service_error *err);

/* ---- keys shared between PCA and LA, sealed under the own key ---- */

#define SHARED_KEY_TABLE                                                                                               \
	"CREATE TABLE shared_key (id BLOB PRIMARY KEY, host TEXT NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL, " \
	"confirmed INTEGER NOT NULL, answer BLOB NOT NULL, sealed BLOB NOT NULL)"

/* Reads all keys of the database. */
SCMS_CHECKED bool shared_keys_load(struct service *service, const uint8_t own[AES_128_KEY], struct plv_keys *keys,
				   struct service_error *err);

/* Writes one, within the turn's transaction. answer: hash of the LA's answer, by which its acknowledgement finds it. */
SCMS_CHECKED bool shared_key_save(struct service *service, const uint8_t own[AES_128_KEY], const struct plv_key *key,
				  const uint8_t answer[8]);

/* Marks the key of this answer as confirmed; its id. False: there is none. */
SCMS_CHECKED bool shared_key_find(struct service *service, const uint8_t answer[8], uint8_t id[8]);

#endif

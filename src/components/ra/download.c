/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Downloads: a device names a file in a request that it signs with its enrolment certificate and encrypts to the RA, as
 * Base64 in the header Download-Req. What is not its own is not there.
 */
#include "components/ra/publication.h"
#include "components/ra/supply.h"
#include "service/base64.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_MAX 12288
#define FILE_NAME_MAX 64

static void refuse(struct service *service, struct http_exchange *exchange, int http, enum ra_code code, const char *text)
{
	ra_state_of(service)->refused++;
	service_refuse(service, exchange, http, code, "%s", text);
}

/* The device that asks, and the name of what it asks for, in lower case. False: answered. */
static bool ask(struct service *service, struct http_exchange *exchange, struct ra_asked *asked, char name[FILE_NAME_MAX])
{
	const char *header = http_header(exchange, "Download-Req");
	uint8_t bytes[BASE64_ROOM(HEADER_MAX)];
	struct scms_slice filename;
	size_t n;

	asked->message = (struct message){.has_signer = false};
	if (header == NULL) {
		refuse(service, exchange, 401, RA_AUTHENTICATION, "the header Download-Req is missing");
		return false;
	}
	if (!base64_read(header, HEADER_MAX, bytes, &n)) {
		refuse(service, exchange, 400, RA_WRONG_PARAMETERS, "Download-Req is not Base64");
		return false;
	}
	if (!ra_open(service, exchange, "SecuredAuthenticatedDownloadRequest", EndEntityRaInterfacePDU_is_eeRaAuthenticatedDownloadRequest,
		     (struct scms_slice){bytes, n}, (uint32_t)service_number(service, "download_tolerance"), asked))
		return false;
	filename = asked->pdu->u.eeRaAuthenticatedDownloadRequest.filename;
	if (filename.n >= FILE_NAME_MAX) {
		refuse(service, exchange, 400, RA_INVALID_URL, "a file name that is none of ours");
		return false;
	}
	for (size_t k = 0; k < filename.n; k++)
		name[k] = (char)tolower(filename.p[k]);
	name[filename.n] = '\0';
	return true;
}

/* Does text begin with 16 hex digits, the hash of a request? */
static bool hash_read(const char *text, uint8_t hash[8])
{
	for (unsigned k = 0; k < 16; k++)
		if (!isxdigit((unsigned char)text[k]))
			return false;
	for (unsigned k = 0; k < 8; k++) {
		unsigned byte;

		sscanf(text + 2 * k, "%2x", &byte);
		hash[k] = (uint8_t)byte;
	}
	return true;
}

static bool send_file(void *ctx, const struct db_value *columns, size_t count)
{
	struct http_exchange *exchange = ctx;
	uint8_t *copy = malloc(columns[0].bytes.n + 1);
	struct http_content *content = NULL;

	(void)count;
	if (copy != NULL) {
		memcpy(copy, columns[0].bytes.p, columns[0].bytes.n);
		content = http_content_new((struct scms_slice){copy, columns[0].bytes.n}, OCTETS);
	}
	if (content == NULL) {
		http_answer(exchange, 503, NULL, (struct scms_slice){NULL, 0});
		return false;
	}
	http_answer_content(exchange, content);
	http_content_free(content);
	return false;
}

void ra_handle_batch(struct service *service, struct http_exchange *exchange)
{
	struct ra_asked asked;
	char name[FILE_NAME_MAX];
	uint8_t hash[8];

	if (ask(service, exchange, &asked, name)) {
		struct ra_enrolment enrolment = ra_enrolment_find(service->db, asked.rif);

		if (!hash_read(name, hash) || strstr(name, ".info") != NULL)
			refuse(service, exchange, 400, RA_INVALID_URL, "expected <hash of the request>_<i>.zip or <hash of the request>");
		else if (db_each(service->db, "SELECT bytes FROM file WHERE name = $1 AND enrolment = $2",
				 DB_VALUES(db_text(name), db_integer(enrolment.id)), send_file, exchange) == 1)
			ra_state_of(service)->downloads++;
		else
			refuse(service, exchange, 404, RA_NO_CERT_FILE, "there is no such file, or not yet");
	}
	message_free(&asked.message);
}

struct info {
	int64_t request, kind, i_next;
};

static bool take_info(void *ctx, const struct db_value *columns, size_t count)
{
	struct info *info = ctx;

	(void)count;
	*info = (struct info){columns[0].integer, columns[1].integer, columns[2].integer};
	return false;
}

/* When there will be something new: soon, while items are on their way; else when the next period comes within the supply. */
static scms_time32 next_time(struct service *service, const struct info *info)
{
	const struct ra_policy *policy = &ra_state_of(service)->policy;
	scms_time32 now = role_now(), soon = now + (scms_time32)service_number(service, "download_delay");
	int64_t last = info->kind == RA_PSEUDONYM ? ra_supply_last(policy, now) : id_period_of(now + policy->supply);

	if (info->kind == RA_APPLICATION || info->i_next <= last ||
	    db_number(service->db, "SELECT count(*) FROM item WHERE request = $1 AND state < 2", DB_VALUES(db_integer(info->request)), 0) > 0)
		return soon;
	if (info->kind == RA_IDENTIFICATION)
		return id_period_start((uint16_t)info->i_next) - policy->supply;
	return period_start((uint16_t)(info->i_next - (last - (int64_t)period_of(now))));
}

void ra_handle_info(struct service *service, struct http_exchange *exchange)
{
	struct ra_asked asked;
	struct info info = {0, 0, 0};
	char name[FILE_NAME_MAX];
	uint8_t hash[8], body[4];
	scms_time32 time;

	if (ask(service, exchange, &asked, name)) {
		struct ra_enrolment enrolment = ra_enrolment_find(service->db, asked.rif);

		if (!hash_read(name, hash) || strcmp(name + 16, ".info") != 0) {
			refuse(service, exchange, 400, RA_INVALID_URL, "expected <hash of the request>.info");
		} else if (db_each(service->db, "SELECT id, kind, i_next FROM request WHERE hash = $1 AND enrolment = $2",
				   DB_VALUES(db_bytes(hash, 8), db_integer(enrolment.id)), take_info, &info) != 1) {
			refuse(service, exchange, 404, RA_NO_INFO_FILE, "no request of this device has that hash");
		} else {
			time = next_time(service, &info);
			for (unsigned k = 0; k < 4; k++)
				body[k] = (uint8_t)(time >> (24 - 8 * k));
			http_answer(exchange, 200, OCTETS, (struct scms_slice){body, sizeof(body)});
		}
	}
	message_free(&asked.message);
}

static void send_publication(struct service *service, struct http_exchange *exchange, const char *which, enum ra_code missing)
{
	struct ra_asked asked;
	char name[FILE_NAME_MAX];

	/* Which version is wanted, the device cannot know: there is one. */
	if (ask(service, exchange, &asked, name) && !ra_publication_send(ra_state_of(service)->publication, which, exchange))
		refuse(service, exchange, 404, missing, "there is no such file yet");
	message_free(&asked.message);
}

void ra_handle_policy(struct service *service, struct http_exchange *exchange)
{
	send_publication(service, exchange, RA_LPF, RA_NO_CERT_FILE);
}

void ra_handle_chain(struct service *service, struct http_exchange *exchange)
{
	send_publication(service, exchange, RA_LCCF, RA_NO_CHAIN_FILE);
}

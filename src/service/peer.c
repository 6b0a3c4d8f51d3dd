/* SPDX-License-Identifier: Apache-2.0 */
#include "service/peer.h"

#include "components/authority/role.h"
#include "dot2/sign.h"
#include "service/base64.h"

#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 8192 /* characters of Base64 */
#define STATEMENT_BYTES (sizeof(PEER_STATEMENT) - 1 + 32)

static void statement_fill(const uint8_t tls_key[32], uint8_t statement[STATEMENT_BYTES])
{
	memcpy(statement, PEER_STATEMENT, STATEMENT_BYTES - 32);
	memcpy(statement + STATEMENT_BYTES - 32, tls_key, 32);
}

enum key_status peer_line_make(const struct party *party, const uint8_t tls_key[32], char **line, struct key_error *err)
{
	const struct signer signer = {.key = party->sign, .cert = party->cert, .crypto = party->crypto, .attach = true};
	const struct HeaderInfo header = {.psid = PSID_SECURITY_MANAGEMENT};
	const size_t head = strlen(PEER_HEADER ": ");
	uint8_t statement[STATEMENT_BYTES];
	struct bytes made = {NULL, 0};
	enum key_status status;

	*line = NULL;
	statement_fill(tls_key, statement);
	status = signed_unsecured_make(&signer, (struct scms_slice){statement, sizeof(statement)}, &header, &made, err);
	if (status != KEY_OK)
		return status;
	*line = malloc(head + BASE64_TEXT(made.n));
	if (*line == NULL) {
		status = key_fail(err, KEY_FAILED, "out of memory");
	} else {
		memcpy(*line, PEER_HEADER ": ", head);
		EVP_EncodeBlock((unsigned char *)*line + head, made.p, (int)made.n);
	}
	bytes_free(&made);
	return status;
}

void peers_free(struct peers *peers)
{
	for (size_t k = 0; k < PEERS_KNOWN_MAX; k++)
		bytes_free(&peers->known[k].signer);
}

static bool disbelieve(char why[PEER_WHY_BYTES], const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool disbelieve(char why[PEER_WHY_BYTES], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, PEER_WHY_BYTES, format, args);
	va_end(args);
	return false;
}

/* Is it a statement about this TLS key, whoever signed it? certificate becomes whose word it is. */
static bool statement_read(struct scms_slice bytes, const uint8_t tls_key[32], struct SignedData *data, struct scms_slice *certificate,
			   char why[PEER_WHY_BYTES])
{
	uint8_t statement[STATEMENT_BYTES];
	struct scms_slice payload;
	struct oer_iter it;

	if (signed_data_read(data, bytes, OER_DEPTH_DEFAULT, NULL) != OER_OK || data->signer.choice != SignerIdentifier_is_certificate ||
	    data->signer.u.certificate.count != 1 || data->tbsData.headerInfo.psid != PSID_SECURITY_MANAGEMENT ||
	    header_fields(&data->tbsData.headerInfo) != 0 || !signed_data_unsecured(data, &payload) || payload.n != STATEMENT_BYTES ||
	    memcmp(payload.p, PEER_STATEMENT, STATEMENT_BYTES - 32) != 0) {
		disbelieve(why, "header " PEER_HEADER ": expected a signed statement about the caller's TLS key, found something else");
		return false;
	}
	statement_fill(tls_key, statement);
	if (memcmp(payload.p, statement, STATEMENT_BYTES) != 0) {
		disbelieve(why, "header " PEER_HEADER ": is about another TLS key");
		return false;
	}
	it = oer_iterate(&data->signer.u.certificate);
	if (oer_next_raw(&it, certificate) && certificate->n > 0)
		return true;
	disbelieve(why, "header " PEER_HEADER ": has no certificate");
	return false;
}

/* Whose statement the line is, and that it is theirs. */
static bool line_check(const struct scms_crypto *crypto, const char *line, const uint8_t tls_key[32], struct bytes *signer,
		       char why[PEER_WHY_BYTES])
{
	uint8_t bytes[BASE64_ROOM(LINE_MAX_BYTES)], digest[48], verdict = SCMS_FAILED;
	struct scms_slice statement = {bytes, 0}, certificate;
	struct scms_verify_request question;
	struct SignedData data;
	struct cert cert;

	if (!base64_read(line, LINE_MAX_BYTES, bytes, &statement.n))
		return disbelieve(why, "header " PEER_HEADER ": is not Base64");
	if (!statement_read(statement, tls_key, &data, &certificate, why))
		return false;
	if (cert_read(&cert, certificate, crypto, NULL) == OER_OK && signed_data_request(&data, &cert, crypto, digest, &question))
		crypto->verify(crypto->ctx, &question, 1, &verdict);
	if (verdict != SCMS_GOOD)
		return disbelieve(why, "header " PEER_HEADER ": the signature is not the signer's");
	signer->p = malloc(certificate.n);
	if (signer->p == NULL)
		return disbelieve(why, "out of memory");
	signer->n = certificate.n;
	memcpy(signer->p, certificate.p, certificate.n);
	return true;
}

/* The same, looked up, or checked and kept in the place of the one that was checked first. NULL: why says what is wrong. */
static const struct bytes *line_signer(struct peers *peers, const struct scms_crypto *crypto, const char *line, const uint8_t tls_key[32],
				       char why[PEER_WHY_BYTES])
{
	const struct scms_slice parts[2] = {{(const uint8_t *)line, strlen(line)}, {tls_key, 32}};
	struct peer_known *place = &peers->known[peers->next];
	struct bytes signer;
	uint8_t hash[32];

	crypto->sha256(crypto->ctx, parts, 2, hash);
	for (size_t k = 0; k < PEERS_KNOWN_MAX; k++)
		if (peers->known[k].signer.n > 0 && memcmp(peers->known[k].hash, hash, 32) == 0)
			return &peers->known[k].signer;
	if (!line_check(crypto, line, tls_key, &signer, why))
		return NULL;
	bytes_free(&place->signer);
	place->signer = signer;
	memcpy(place->hash, hash, 32);
	peers->next = (peers->next + 1) % PEERS_KNOWN_MAX;
	return &place->signer;
}

/* Is it the certificate of this host, in this role? */
static bool is_of(const struct cert *cert, enum role role, const char *host, char why[PEER_WHY_BYTES])
{
	const struct CertificateId *id = &cert->c.toBeSigned.id;
	enum role found;

	if (!role_of_certificate(cert, &found) || found != role)
		return disbelieve(why, "its certificate of IEEE 1609.2 is not of role %s", role_name(role));
	if (id->choice != CertificateId_is_name || id->u.name.n != strlen(host) || memcmp(id->u.name.p, host, id->u.name.n) != 0)
		return disbelieve(why, "its certificate of IEEE 1609.2 is of another host");
	return true;
}

bool peer_is_believed(const struct service *service, struct peers *peers, const struct http_exchange *exchange, const char *role_text,
		      char why[PEER_WHY_BYTES])
{
	const char *line = http_header(exchange, PEER_HEADER);
	const struct bytes *signer;
	uint8_t tls_key[32];
	enum scms_reason reason;
	enum role role;
	struct cert cert;
	char host[256];

	if (!role_parse(role_text, &role) || !role_has_certificate(role))
		return true;
	if (line == NULL)
		return disbelieve(why, "it does not say which certificate of IEEE 1609.2 it has (header " PEER_HEADER ")");
	if (!http_peer_host(exchange, host, sizeof(host)) || !http_peer_key(exchange, tls_key))
		return disbelieve(why, "its TLS certificate names no host");
	signer = line_signer(peers, service->party->crypto, line, tls_key, why);
	if (signer == NULL)
		return false;
	if (cert_read(&cert, bytes_view(signer), service->party->crypto, NULL) != OER_OK)
		return disbelieve(why, "its certificate cannot be read");
	if (!is_of(&cert, role, host, why))
		return false;
	reason = trustee_check(service->trustee, bytes_view(signer), clock_now());
	if (reason != SCMS_VALID)
		return disbelieve(why, "its certificate %02x%02x%02x%02x%02x%02x%02x%02x: %s: %s (rule %s)", cert_id8(&cert)[0],
				  cert_id8(&cert)[1], cert_id8(&cert)[2], cert_id8(&cert)[3], cert_id8(&cert)[4], cert_id8(&cert)[5],
				  cert_id8(&cert)[6], cert_id8(&cert)[7], scms_reason_name(reason), scms_reason_text(reason),
				  scms_reason_rule(reason));
	return true;
}

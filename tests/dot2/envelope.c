/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Envelopes: for every row of the table a message that fits it is accepted, and
 * one that differs from it in one thing is refused at that thing.
 */
#include "dot2/envelope.h"

#include "../check.h"
#include "../oer/make_value.h"
#include "asn1/types.h"

#include <stdlib.h>

enum { SIZE = 1 << 18 };

static const uint8_t bytes32[32] = {1, 2, 3};
static uint8_t scoped_buf[SIZE], inner_buf[SIZE], whole_buf[SIZE], request_buf[SIZE], certificates_buf[SIZE];

/* Everything of a message that a row speaks of, to be changed one by one. */
struct message {
	uint8_t kind; /* enum envelope_kind */
	uint64_t psid;
	unsigned header;
	unsigned signer; /* SignerIdentifier_is_ */
	unsigned certificates;
	bool hash;    /* payload has an extDataHash too */
	bool no_data; /* payload has no data */
	bool nested;  /* payload is not unsecuredData */
	struct scms_slice scoped;
};

static struct scms_slice encoded(const struct oer_type *type, const void *value, uint8_t *buf)
{
	size_t n = 0;
	enum oer_status status = oer_encode(type, value, buf, SIZE, &n);

	CHECK(status == OER_OK, "%s: %s", oer_type_name(type), oer_status_text(status));
	return (struct scms_slice){buf, n};
}

/* A message of the row, or any message but of the row. */
static struct scms_slice make_scoped(const struct envelope *row, bool other)
{
	struct maker m = {.seed = row->message[0] * 16u + row->message[1]};

	for (;;) {
		size_t n;
		bool fits;

		m.out = (struct writer){.p = scoped_buf, .cap = SIZE};
		m.parts = 40;
		m.depth = 1;
		make_value(&m, row->type);
		if (writer_finish(&m.out, &n) != OER_OK || n < 3)
			continue;
		fits = scoped_buf[1] == (0x80 | row->message[0]) && scoped_buf[2] == (0x80 | row->message[1]);
		fits = fits || row->message[0] == ENVELOPE_MESSAGE_ANY;
		if (fits != other && oer_decode(row->type, (struct scms_slice){scoped_buf, n}, 4, NULL, NULL) == OER_OK)
			return (struct scms_slice){scoped_buf, n};
	}
}

static struct SignerIdentifier make_signer(const struct message *m)
{
	struct SignerIdentifier signer = {.choice = (uint8_t)m->signer};

	if (m->signer == SignerIdentifier_is_digest)
		signer.u.digest = bytes32;
	if (m->signer == SignerIdentifier_is_certificate) {
		struct maker maker = {.out = {.p = certificates_buf, .cap = SIZE}, .seed = 1};
		size_t n;

		for (unsigned i = 0; i < m->certificates; i++)
			make_value(&maker, &oer_Certificate);
		CHECK(writer_finish(&maker.out, &n) == OER_OK, "certificates");
		signer.u.certificate = (struct oer_list){.bytes = {certificates_buf, n}, .count = m->certificates};
	}
	return signer;
}

static struct Signature make_signature(void)
{
	struct Signature signature = {.choice = Signature_is_ecdsaNistP256Signature};

	signature.u.ecdsaNistP256Signature.rSig.choice = EccP256CurvePoint_is_x_only;
	signature.u.ecdsaNistP256Signature.rSig.u.x_only = bytes32;
	signature.u.ecdsaNistP256Signature.sSig = bytes32;
	return signature;
}

static struct HeaderInfo make_header(const struct message *m)
{
	struct HeaderInfo h = {.psid = m->psid};
	static const uint8_t extension[] = {2, 4, 0x10, 1, 7};

	h.has_generationTime = m->header & HEADER_GENERATION_TIME;
	h.has_expiryTime = m->header & HEADER_EXPIRY_TIME;
	h.has_generationLocation = m->header & HEADER_GENERATION_LOCATION;
	h.has_p2pcdLearningRequest = m->header & HEADER_P2PCD;
	h.p2pcdLearningRequest = bytes32;
	h.has_missingCrlIdentifier = m->header & HEADER_MISSING_CRL;
	h.missingCrlIdentifier.cracaId = bytes32;
	h.has_encryptionKey = m->header & HEADER_ENCRYPTION_KEY;
	h.encryptionKey.choice = EncryptionKey_is_symmetric;
	h.encryptionKey.u.symmetric.choice = SymmetricEncryptionKey_is_aes128Ccm;
	h.encryptionKey.u.symmetric.u.aes128Ccm = bytes32;
	if (m->header & HEADER_EXTENSION)
		h.extensions = (struct scms_slice){extension, sizeof(extension)};
	return h;
}

static struct scms_slice make_request(const struct message *m)
{
	struct maker maker = {.out = {.p = request_buf, .cap = SIZE}};
	struct SignerIdentifier signer = make_signer(m);
	struct Signature signature = make_signature();
	uint8_t *part = inner_buf;
	struct scms_slice s;
	size_t n;

	/* Component by component, as the message in it is bytes already. */
	write_byte(&maker.out, HashAlgorithm_sha256);
	write_bytes(&maker.out, m->scoped.p, m->scoped.n);
	s = encoded(&oer_SignerIdentifier, &signer, part);
	write_bytes(&maker.out, s.p, s.n);
	s = encoded(&oer_Signature, &signature, part);
	write_bytes(&maker.out, s.p, s.n);
	CHECK(writer_finish(&maker.out, &n) == OER_OK, "request");
	return (struct scms_slice){request_buf, n};
}

static struct scms_slice make_message(const struct message *m)
{
	struct Ieee1609Dot2Data data = {.protocolVersion = 3}, inner = {.protocolVersion = 3};
	struct SignedData *signed_data = &data.content.u.signedData;
	struct EncryptedData *encrypted = &data.content.u.encryptedData;

	switch (m->kind) {
	case ENVELOPE_SCOPED:
		return m->scoped;
	case ENVELOPE_REQUEST:
		return make_request(m);
	case ENVELOPE_REQUESTED:
		data.content.choice = Ieee1609Dot2Content_is_signedCertificateRequest;
		data.content.u.signedCertificateRequest = make_request(m);
		break;
	case ENVELOPE_ENCRYPTED:
		data.content.choice = Ieee1609Dot2Content_is_encryptedData;
		encrypted->ciphertext.choice = SymmetricCiphertext_is_aes128ccm;
		encrypted->ciphertext.u.aes128ccm.nonce = bytes32;
		break;
	case ENVELOPE_SIGNED:
		inner.content.choice =
		    m->nested ? Ieee1609Dot2Content_is_signedCertificateRequest : Ieee1609Dot2Content_is_unsecuredData;
		inner.content.u.unsecuredData = m->scoped;
		data.content.choice = Ieee1609Dot2Content_is_signedData;
		signed_data->hashId = HashAlgorithm_sha256;
		signed_data->tbsData.payload.has_data = !m->no_data;
		signed_data->tbsData.payload.data = encoded(&oer_Ieee1609Dot2Data, &inner, inner_buf);
		signed_data->tbsData.payload.has_extDataHash = m->hash;
		signed_data->tbsData.payload.extDataHash.choice = HashedData_is_sha256HashedData;
		signed_data->tbsData.payload.extDataHash.u.sha256HashedData = bytes32;
		signed_data->tbsData.headerInfo = make_header(m);
		signed_data->signer = make_signer(m);
		signed_data->signature = make_signature();
		break;
	default:
		data.content.choice = Ieee1609Dot2Content_is_unsecuredData;
		data.content.u.unsecuredData = m->scoped;
		break;
	}
	return encoded(&oer_Ieee1609Dot2Data, &data, whole_buf);
}

/* A message that fits the row. */
static struct message fitting(const struct envelope *row)
{
	const struct envelope *held = row->kind == ENVELOPE_SCOPED ? row
				      : row->holds                 ? envelope_find(row->holds)
								   : NULL;
	struct message m = {.kind = row->kind, .psid = row->psid, .header = row->header, .certificates = 1};

	if (held && held->kind == ENVELOPE_SCOPED)
		m.scoped = make_scoped(held, false);
	if (row->signer == ENVELOPE_SIGNER_SELF)
		m.signer = SignerIdentifier_is_self;
	if (row->signer == ENVELOPE_SIGNER_ONE)
		m.signer = SignerIdentifier_is_certificate;
	return m;
}

static void accept(const struct envelope *row, const struct message *m, const char *what)
{
	struct scms_slice bytes = make_message(m), inner = {NULL, 7};
	struct oer_error err = {0};
	enum oer_status status = envelope_check(row, bytes, OER_DEPTH_DEFAULT, &inner, &err);

	CHECK(status == OER_OK, "%s, %s: %s at %zu: expected %s, found %s", row->name, what, err.path, err.offset,
	      err.expected, err.found);
	CHECK(envelope_check(row, bytes, OER_DEPTH_DEFAULT, NULL, NULL) == OER_OK, "%s", row->name);
	if (row->kind != ENVELOPE_ENCRYPTED && row->kind != ENVELOPE_ANY)
		CHECK(inner.n == m->scoped.n && memcmp(inner.p, m->scoped.p, inner.n) == 0, "%s, %s", row->name, what);
	else
		CHECK(inner.n == 0, "%s, %s", row->name, what);
}

static unsigned refuse(const struct envelope *row, const struct message *m, const char *field)
{
	struct scms_slice bytes = make_message(m);
	struct oer_error err = {0};
	enum oer_status status = envelope_check(row, bytes, OER_DEPTH_DEFAULT, NULL, &err);
	size_t at = strlen(err.path) - (strlen(err.path) < strlen(field) ? strlen(err.path) : strlen(field));

	CHECK(status != OER_OK, "%s: accepted, but %s", row->name, field);
	CHECK(strcmp(err.path + at, field) == 0, "%s: refused at %s, not at %s", row->name, err.path, field);
	CHECK(err.status == status && err.offset <= bytes.n && err.expected[0] && err.found[0], "%s: %s", row->name,
	      field);
	CHECK(envelope_check(row, bytes, OER_DEPTH_DEFAULT, NULL, NULL) == status, "%s", row->name);
	return status != OER_OK;
}

static unsigned refuse_headers(const struct envelope *row)
{
	static const char *const names[] = {
	    "generationTime",       "expiryTime",    "generationLocation", "p2pcdLearningRequest",
	    "missingCrlIdentifier", "encryptionKey", "extensions"};
	struct message m = fitting(row);
	unsigned refused = 0;

	for (unsigned bit = 0; bit < 7; bit++) {
		m.header = row->header ^ 1u << bit;
		if (row->psid == ENVELOPE_PSID_ANY)
			accept(row, &m, names[bit]);
		else
			refused += refuse(row, &m, names[bit]);
	}
	m.header = row->header;
	m.psid++;
	if (row->psid == ENVELOPE_PSID_ANY)
		accept(row, &m, "psid");
	else
		refused += refuse(row, &m, "psid");
	return refused;
}

static unsigned refuse_signers(const struct envelope *row)
{
	unsigned refused = 0;

	for (unsigned form = 0; form < 5; form++) {
		struct message m = fitting(row);
		bool fits;

		/* digest, one certificate, self, two certificates, none at all */
		m.signer = form < 3 ? form : SignerIdentifier_is_certificate;
		m.certificates = form == 3 ? 2 : form == 4 ? 0 : 1;
		fits = row->signer == ENVELOPE_SIGNER_ANY || (row->signer == ENVELOPE_SIGNER_AT_MOST_ONE && form < 3) ||
		       (row->signer == ENVELOPE_SIGNER_ONE && form == 1) ||
		       (row->signer == ENVELOPE_SIGNER_SELF && form == 2);
		if (fits)
			accept(row, &m, "signer");
		else
			refused += refuse(row, &m, "signer");
	}
	return refused;
}

static unsigned refuse_payload(const struct envelope *row)
{
	struct message m = fitting(row);
	unsigned refused = 0;

	m.hash = true;
	refused += refuse(row, &m, "payload");
	m.no_data = true;
	refused += refuse(row, &m, "payload");
	m.no_data = m.hash = false;
	m.nested = true;
	return refused + refuse(row, &m, "payload");
}

/* Another content, another message inside, one byte less of it. */
static unsigned refuse_contents(const struct envelope *row)
{
	const struct envelope *held = row->kind == ENVELOPE_SCOPED ? row : envelope_find(row->holds);
	struct message m = fitting(row);
	unsigned refused = 0;

	if (row->kind != ENVELOPE_SCOPED && row->kind != ENVELOPE_REQUEST) {
		for (uint8_t kind = ENVELOPE_UNSECURED; kind <= ENVELOPE_REQUESTED; kind++) {
			m = fitting(row);
			m.kind = kind;
			if (kind != row->kind)
				refused += refuse(row, &m, "content");
		}
	}
	m = fitting(row);
	if (row->kind == ENVELOPE_ENCRYPTED)
		return refused;
	if (held->message[0] != ENVELOPE_MESSAGE_ANY) {
		m.scoped = make_scoped(held, true);
		refused += refuse(row, &m, "content");
	}
	m = fitting(row);
	m.scoped.n--;
	refused += refuse(row, &m, "");
	return refused;
}

/* The whole cut short, and with a byte more. */
static unsigned refuse_cuts(const struct envelope *row)
{
	struct message m = fitting(row);
	struct scms_slice whole = make_message(&m);
	uint8_t *copy = malloc(whole.n + 1);
	unsigned refused = 0;

	memcpy(copy, whole.p, whole.n);
	copy[whole.n] = 0;
	for (size_t n = 0; n <= whole.n + 1; n += n + 40 < whole.n ? 37 : 1) {
		if (n == whole.n)
			continue;
		CHECK(envelope_check(row, (struct scms_slice){copy, n}, OER_DEPTH_DEFAULT, NULL, NULL) != OER_OK,
		      "%s: %zu", row->name, n);
		refused++;
	}
	free(copy);
	return refused;
}

static void guesses(const struct envelope *row)
{
	struct message m = fitting(row);
	struct scms_slice bytes = make_message(&m);
	const struct envelope *guess = envelope_guess(bytes, OER_DEPTH_DEFAULT);

	if (row->kind != ENVELOPE_UNSECURED && row->kind != ENVELOPE_SIGNED && row->kind != ENVELOPE_REQUESTED) {
		CHECK(!guess, "%s: %s", row->name, guess->name);
		return;
	}
	/* Two rows may wrap one message in one way; the first is as good. */
	CHECK(guess && guess->kind == row->kind && strcmp(guess->holds, row->holds) == 0, "%s: %s", row->name,
	      guess ? guess->name : "none");
}

int main(void)
{
	for (size_t i = 0; i < envelope_count; i++) {
		const struct envelope *row = &envelopes[i];
		unsigned refused = 0;
		struct message m = fitting(row);

		CHECK(envelope_find(row->name) == row, "%s twice", row->name);
		CHECK(row->kind == ENVELOPE_SCOPED || row->kind == ENVELOPE_ANY || envelope_find(row->holds), "%s",
		      row->name);
		accept(row, &m, "as it should be");
		guesses(row);
		refused += refuse_cuts(row);
		if (row->kind == ENVELOPE_SIGNED)
			refused += refuse_headers(row) + refuse_payload(row);
		if (row->kind == ENVELOPE_SIGNED || row->kind == ENVELOPE_REQUESTED || row->kind == ENVELOPE_REQUEST)
			refused += refuse_signers(row);
		if (row->kind != ENVELOPE_ANY)
			refused += refuse_contents(row);
		CHECK(refused > 0, "%s: nothing refused", row->name);
	}
	CHECK(envelope_count >= 102, "%zu", envelope_count);
	CHECK(!envelope_find("SignedNothing") && !envelope_find(""), "found");
	return check_done();
}

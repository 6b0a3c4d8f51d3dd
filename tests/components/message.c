/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every published message that travels: made by one party, opened by another; and refused when anything about it is not
 * as it was made.
 */
#include "components/message.h"

#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"
#include "tests/oer/make_value.h"

#include <stdlib.h>

enum { SIZE = 1 << 18 };

static struct person root, ica, pca, other, device;
static enum scms_reason verdict_of_judge = SCMS_VALID;

/* A judge who knows everybody here: builds the chain, says what it was told to say. */
static bool find(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	const struct person *all[] = {&root, &ica, &pca, &other, &device};

	(void)ctx;
	for (unsigned n = 0; n < 5; n++)
		if (memcmp(cert_id8(&all[n]->cert), id8, 8) == 0 && k-- == 0) {
			*bytes = bytes_view(&all[n]->bytes);
			return true;
		}
	return false;
}

static enum scms_reason judge_chain(void *ctx, struct chain *chain, struct scms_slice carried, scms_time64 now)
{
	(void)ctx, (void)carried;
	CHECK(now == PEOPLE_NOW, "judged at another time");
	chain->n = 1;
	while (chain->n < CHAIN_MAX && cert_issuer_id8(&chain->cert[chain->n - 1]) != NULL) {
		struct scms_slice bytes;

		if (!find(NULL, cert_issuer_id8(&chain->cert[chain->n - 1]), 0, &bytes) ||
		    cert_read(&chain->cert[chain->n], bytes, &judge, NULL) != OER_OK)
			return SCMS_CHAIN_INCOMPLETE;
		chain->n++;
	}
	return verdict_of_judge;
}

static const struct message_judge judges = {NULL, find, judge_chain};

static struct party party_of(const struct person *person)
{
	return (struct party){&judge, &person->cert, person->key, person->decryption};
}

/* A value of the type by chance, which row's innermost layer may hold. */
static struct scms_slice content_of(const struct envelope *scoped)
{
	static uint8_t buf[SIZE];
	struct maker m = {.seed = scoped->message[0] * 16u + scoped->message[1]};

	for (;;) {
		size_t n;

		m.out = (struct writer){.p = buf, .cap = SIZE};
		m.parts = 40;
		m.depth = 1;
		make_value(&m, scoped->type);
		if (writer_finish(&m.out, &n) != OER_OK || n < 3 ||
		    (scoped->message[0] != ENVELOPE_MESSAGE_ANY &&
		     (buf[1] != (0x80 | scoped->message[0]) || buf[2] != (0x80 | scoped->message[1]))) ||
		    oer_decode(scoped->type, (struct scms_slice){buf, n}, 4, NULL, NULL) != OER_OK)
			continue;
		return (struct scms_slice){buf, n};
	}
}

static const struct envelope *innermost(const struct envelope *row)
{
	while (row != NULL && row->kind != ENVELOPE_SCOPED)
		row = row->holds != NULL ? envelope_find(row->holds) : NULL;
	return row;
}

/* The layer that is signed, or NULL. */
static const struct envelope *signed_row(const struct envelope *row)
{
	if (row->kind == ENVELOPE_ENCRYPTED)
		row = envelope_find(row->holds);
	return row != NULL && (row->kind == ENVELOPE_SIGNED || row->kind == ENVELOPE_REQUESTED) ? row : NULL;
}

static enum message_status open_as(const struct person *me, const struct envelope *row, struct scms_slice bytes)
{
	struct party party = party_of(me);
	static struct message message;
	enum message_status status = message_open(&party, row, bytes, PEOPLE_NOW, &judges, &message);
	struct scms_point key = curve_point_compressed(private_key_public(device.key));

	/* What is signed by `self` is the caller's to check. */
	if (status == MESSAGE_OK && message.is_request && !message.has_signer && !message_signed_by(&message, &key, &judge))
		status = MESSAGE_SIGNATURE;
	message_free(&message);
	return status;
}

static void opened_right(const struct envelope *row, struct scms_slice bytes, struct scms_slice content)
{
	struct party me = party_of(&pca);
	static struct message message;
	enum message_status status = message_open(&me, row, bytes, PEOPLE_NOW, &judges, &message);
	const struct envelope *layer = signed_row(row);

	CHECK(status == MESSAGE_OK, "%s: %s (%s: %s)", row->name, message_status_text(status), message.oer.path,
	      message.oer.found);
	CHECK(message.content.n == content.n && memcmp(message.content.p, content.p, content.n) == 0, "%s: content", row->name);
	if (layer != NULL && layer->signer != ENVELOPE_SIGNER_SELF) {
		CHECK(message.has_signer && message.signer.n >= 1 &&
			  memcmp(message.signer.cert[0].hash256, device.cert.hash256, 32) == 0,
		      "%s: signer", row->name);
	} else if (layer != NULL) {
		struct scms_point key = curve_point_compressed(private_key_public(device.key)), wrong = cert_point(&pca.cert);

		CHECK(!message.has_signer, "%s: a self-signed request has no signer", row->name);
		CHECK(message_signed_by(&message, &key, &judge), "%s: the key that signed it", row->name);
		CHECK(!message_signed_by(&message, &wrong, &judge), "%s: another key", row->name);
	}
	message_free(&message);
}

/* One bit after another in a copy: no message comes out that says something else and is believed. */
static void tampered(const struct envelope *row, struct scms_slice bytes)
{
	uint8_t *copy = malloc(bytes.n);
	struct maker chance = {.seed = bytes.n};

	memcpy(copy, bytes.p, bytes.n);
	for (unsigned k = 0; k < 40; k++) {
		size_t at = maker_chance(&chance, bytes.n);
		uint8_t bit = (uint8_t)(1 << maker_chance(&chance, 8));
		enum message_status status;

		/* The form in which r stands says nothing: x-only, or a point with that x. */
		if (at == bytes.n - 65)
			continue;
		copy[at] ^= bit;
		status = open_as(&pca, row, (struct scms_slice){copy, bytes.n});
		CHECK(status != MESSAGE_OK && status != MESSAGE_FAILED, "%s: bit %u of byte %zu: %s", row->name, bit, at,
		      message_status_text(status));
		copy[at] ^= bit;
	}
	for (size_t n = 0; n < bytes.n; n += 1 + bytes.n / 20)
		CHECK(open_as(&pca, row, (struct scms_slice){copy, n}) == MESSAGE_MALFORMED, "%s: cut to %zu bytes", row->name, n);
	free(copy);
}

static void signer_refused(const struct envelope *row, struct scms_slice bytes)
{
	if (signed_row(row) == NULL || signed_row(row)->signer == ENVELOPE_SIGNER_SELF)
		return;
	verdict_of_judge = SCMS_ROOT_REVOKED;
	CHECK(open_as(&pca, row, bytes) == MESSAGE_SIGNER, "%s: a signer who is not valid", row->name);
	verdict_of_judge = SCMS_REASON_FAILED;
	CHECK(open_as(&pca, row, bytes) == MESSAGE_FAILED, "%s: a store that fails", row->name);
	verdict_of_judge = SCMS_VALID;
}

static void row_works(const struct envelope *row)
{
	const struct envelope *scoped = innermost(row);
	struct party from = party_of(&device);
	struct scms_slice content = content_of(scoped);
	struct bytes made = {NULL, 0}, inner = {NULL, 0};
	struct key_error err;

	CHECK(message_make(&from, row, content, PEOPLE_NOW, &pca.cert, &made, &err) == KEY_OK, "%s: %s", row->name, err.text);
	opened_right(row, bytes_view(&made), content);
	if (row->kind != ENVELOPE_UNSECURED)
		tampered(row, bytes_view(&made));
	signer_refused(row, bytes_view(&made));
	if (row->kind == ENVELOPE_ENCRYPTED) {
		struct bytes none = {NULL, 0};

		CHECK(open_as(&other, row, bytes_view(&made)) == MESSAGE_NOT_FOR_US, "%s: for another", row->name);
		CHECK(open_as(&device, row, bytes_view(&made)) == MESSAGE_NOT_FOR_US, "%s: without a key to decrypt", row->name);
		CHECK(message_make(&from, envelope_find(row->holds), content, PEOPLE_NOW, NULL, &inner, &err) == KEY_OK, "%s",
		      err.text);
		CHECK(open_as(&pca, row, bytes_view(&inner)) == MESSAGE_NOT_ENCRYPTED, "%s: in the clear", row->name);
		CHECK(message_make(&from, row, content, PEOPLE_NOW, NULL, &none, &err) == KEY_VALUE, "%s: for nobody", row->name);
		CHECK(message_make(&from, row, content, PEOPLE_NOW, &device.cert, &none, &err) != KEY_OK,
		      "%s: for one who cannot decrypt", row->name);
	}
	bytes_free(&made);
	bytes_free(&inner);
}

/* What is right but for its place. */
static void misplaced(void)
{
	const struct envelope *one = envelope_find("SecuredLSRequest"), *another = envelope_find("SecuredLSReply");
	struct party from = party_of(&device);
	struct bytes made = {NULL, 0};
	struct key_error err;

	CHECK(message_make(&from, one, content_of(innermost(one)), PEOPLE_NOW, &pca.cert, &made, &err) == KEY_OK, "%s", err.text);
	CHECK(open_as(&pca, another, bytes_view(&made)) == MESSAGE_MALFORMED, "a request in place of a reply");
	bytes_free(&made);
	CHECK(message_make(&from, one, content_of(innermost(another)), PEOPLE_NOW, &pca.cert, &made, &err) == KEY_VALUE,
	      "made with the content of another");
	CHECK(message_make(&from, innermost(one), content_of(innermost(one)), PEOPLE_NOW, NULL, &made, &err) == KEY_VALUE,
	      "a scoped message by itself");
}

int main(void)
{
	struct ToBeSignedCertificate tbs;
	unsigned rows = 0;

	tbs_root(&tbs, "root");
	person_make(&root, &tbs, SCMS_NIST_P256, NULL, false);
	tbs_ica(&tbs, "ica");
	person_make(&ica, &tbs, SCMS_NIST_P256, &root, false);
	tbs_pca(&tbs, "pca");
	person_make(&pca, &tbs, SCMS_NIST_P256, &ica, true);
	tbs_pca(&tbs, "other");
	person_make(&other, &tbs, SCMS_NIST_P256, &ica, true);
	tbs_device(&tbs, "device");
	person_make_implicit(&device, &tbs, &pca);
	for (size_t k = 0; k < envelope_count; k++) {
		const struct envelope *row = &envelopes[k], *layer = signed_row(row);

		/* Those with a header of their own are made where they are used; files are not messages. */
		if (row->kind == ENVELOPE_SCOPED || row->kind == ENVELOPE_ANY || row->kind == ENVELOPE_REQUEST ||
		    innermost(row) == NULL || innermost(row)->type != &oer_ScmsPDU ||
		    (layer != NULL && layer->kind == ENVELOPE_SIGNED &&
		     ((layer->header & ~(unsigned)HEADER_GENERATION_TIME) != 0 || layer->psid == ENVELOPE_PSID_ANY)))
			continue;
		row_works(row);
		rows++;
	}
	CHECK(rows >= 45, "%u rows", rows);
	misplaced();
	person_free(&device);
	person_free(&other);
	person_free(&pca);
	person_free(&ica);
	person_free(&root);
	return check_done();
}

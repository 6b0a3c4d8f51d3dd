/* SPDX-License-Identifier: Apache-2.0 */
#include "components/message.h"

#include "dot2/request.h"
#include "dot2/sign.h"

static enum key_status wrap_signed(const struct party *from, const struct envelope *row, struct scms_slice content,
				   scms_time64 now, struct bytes *out, struct key_error *err)
{
	const struct signer signer = {.key = from->sign,
				      .cert = row->signer == ENVELOPE_SIGNER_SELF ? NULL : from->cert,
				      .crypto = from->crypto,
				      .attach = true};
	const struct HeaderInfo header = {.psid = row->psid,
					  .has_generationTime = (row->header & HEADER_GENERATION_TIME) != 0,
					  .generationTime = now};

	if ((row->header & ~(unsigned)HEADER_GENERATION_TIME) != 0 || row->psid == ENVELOPE_PSID_ANY)
		return key_fail(err, KEY_VALUE, "%s: has a header of its own", row->name);
	return signed_unsecured_make(&signer, content, &header, out, err);
}

static enum key_status wrap_request(const struct party *from, const struct envelope *row, struct scms_slice content,
				    struct bytes *out, struct key_error *err)
{
	const struct signer signer = {.key = from->sign,
				      .cert = row->signer == ENVELOPE_SIGNER_SELF ? NULL : from->cert,
				      .crypto = from->crypto,
				      .attach = true};

	return certificate_request_make(&signer, content, out, err);
}

enum key_status message_recipient(const struct cert *to, const struct scms_crypto *crypto, struct recipient *recipient,
				  struct key_error *err)
{
	struct scms_point written = cert_point(to);
	struct curve_point key;

	if (to->c.toBeSigned.has_encryptionKey)
		return recipient_of_cert(to, recipient, err);
	if (cert_is_implicit(to) || !curve_point_read(&written, &key))
		return key_fail(err, KEY_VALUE, "the receiver's certificate has no key to encrypt to");
	return recipient_of_response_key(&key, crypto, recipient, err);
}

static enum key_status wrap_encrypted(const struct party *from, const struct envelope *row, struct scms_slice content,
				      scms_time64 now, const struct cert *to, struct bytes *out, struct key_error *err)
{
	const struct envelope *inner = row->holds != NULL ? envelope_find(row->holds) : NULL;
	struct recipient recipient;
	struct bytes plain = {NULL, 0};
	enum key_status status;

	if (inner == NULL || to == NULL)
		return key_fail(err, KEY_VALUE, "%s: to be encrypted for nobody", row->name);
	status = message_recipient(to, from->crypto, &recipient, err);
	if (status == KEY_OK)
		status = message_make(from, inner, content, now, NULL, &plain, err);
	if (status == KEY_OK)
		status = encrypted_data_make(&recipient, 1, bytes_view(&plain), out, err);
	bytes_free(&plain);
	return status;
}

enum key_status message_make(const struct party *from, const struct envelope *row, struct scms_slice content,
			     scms_time64 now, const struct cert *to, struct bytes *out, struct key_error *err)
{
	struct oer_error oer;
	enum key_status status = KEY_VALUE;

	switch (row->kind) {
	case ENVELOPE_SIGNED:
		status = wrap_signed(from, row, content, now, out, err);
		break;
	case ENVELOPE_REQUESTED:
		status = wrap_request(from, row, content, out, err);
		break;
	case ENVELOPE_UNSECURED:
		status = unsecured_make(content, out, err);
		break;
	case ENVELOPE_ENCRYPTED:
		return wrap_encrypted(from, row, content, now, to, out, err);
	default:
		return key_fail(err, KEY_VALUE, "%s: is not sent by itself", row->name);
	}
	/* What others would refuse does not leave the house. */
	if (status == KEY_OK && envelope_check(row, bytes_view(out), OER_DEPTH_DEFAULT, NULL, &oer) != OER_OK) {
		bytes_free(out);
		return key_fail(err, KEY_VALUE, "%s: %s: expected %s, found %s", row->name, oer.path, oer.expected, oer.found);
	}
	return status;
}

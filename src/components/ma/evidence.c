/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ma/evidence.h"

#include "dot2/signed_data.h"

#include <stdio.h>
#include <string.h>

static bool fail(struct evidence_error *err, const char *text)
{
	snprintf(err->text, sizeof(err->text), "%s", text);
	return false;
}

/* The certificate that a message carries. */
static bool carried(struct scms_slice message, struct cert *cert, const struct scms_crypto *crypto)
{
	struct SignedData data;
	struct scms_slice first;
	struct oer_iter it;

	if (signed_data_read(&data, message, OER_DEPTH_DEFAULT, NULL) != OER_OK ||
	    data.signer.choice != SignerIdentifier_is_certificate)
		return false;
	it = oer_iterate(&data.signer.u.certificate);
	return oer_next_raw(&it, &first) && cert_read(cert, first, crypto, NULL) == OER_OK;
}

/* Whom the certificate leads to. */
static bool identify(const struct cert *cert, struct evidence *evidence)
{
	const struct CertificateId *id = &cert->c.toBeSigned.id;

	if (cert_issuer_id8(cert) == NULL)
		return false;
	memcpy(evidence->pca, cert_issuer_id8(cert), 8);
	if (id->choice == CertificateId_is_linkageData) {
		evidence->kind = EVIDENCE_PSEUDONYM;
		evidence->i = id->u.linkageData.iCert;
		memcpy(evidence->id, id->u.linkageData.linkage_value, 9);
		return true;
	}
	if (id->choice == CertificateId_is_binaryId && id->u.binaryId.n == 8) {
		evidence->kind = EVIDENCE_RIF;
		memcpy(evidence->id, id->u.binaryId.p, 8);
		return true;
	}
	return false;
}

static bool message_proves(struct trustee *trustee, struct scms_checker *checker, const struct scms_crypto *crypto,
			   struct scms_slice bytes, scms_time64 now, struct evidence *evidence, struct evidence_error *err)
{
	const struct scms_check check = {
	    .store = trustee_store(trustee), .now = now, .crypto = crypto, .objects = trustee_objects(trustee)};
	struct scms_message message = {.bytes = bytes, .verdict = SCMS_MESSAGE_FAILED};
	struct chain chain;

	if (check.store == NULL)
		return fail(err, "the trust store cannot be read");
	scms_messages_check(checker, &check, &message, 1);
	if (message.verdict == SCMS_MESSAGE_SIGNER) {
		snprintf(err->text, sizeof(err->text), "the reported message: %s", scms_reason_text(message.reason));
		return false;
	}
	if (message.verdict != SCMS_MESSAGE_VALID)
		return fail(err, "the reported message does not verify");
	if (!carried(bytes, &chain.cert[0], crypto) || !identify(&chain.cert[0], evidence))
		return fail(err, "the reported message does not carry a certificate of an end entity");
	/* Once more, for the root at the end of the chain. */
	if (trustee_judge(trustee)->judge(trustee_judge(trustee)->ctx, &chain, (struct scms_slice){NULL, 0}, now) != SCMS_VALID)
		return fail(err, "the reported message's certificate is not valid");
	memcpy(evidence->craca, cert_id8(&chain.cert[chain.n - 1]), 8);
	return true;
}

bool evidence_read(const struct party *ma, struct trustee *trustee, struct scms_checker *checker, struct scms_slice report,
		   scms_time64 now, struct evidence *evidence, struct evidence_error *err)
{
	const struct MisbehaviorReportContents *contents;
	enum message_status status;
	struct message message;
	struct ScmsPDU pdu;
	bool good = false;

	memset(evidence, 0, sizeof(*evidence));
	status = message_open(ma, envelope_find("SecuredMisbehaviorReport"), report, now, trustee_judge(trustee), &message);
	if (status != MESSAGE_OK || oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &pdu, NULL) != OER_OK) {
		snprintf(err->text, sizeof(err->text), "the report: %s%s%s", message_status_text(status),
			 status == MESSAGE_SIGNER ? ": " : "", status == MESSAGE_SIGNER ? scms_reason_text(message.reason) : "");
		message_free(&message);
		return false;
	}
	contents = &pdu.content.u.ee_ma.u.misbehaviorReport;
	memcpy(evidence->reporter, cert_id10(&message.signer.cert[0]), 10);
	if (!contents->has_misbehavingDeviceBSMs) {
		(void)fail(err, "the report brings no message");
	} else {
		struct scms_slice seen = contents->misbehavingDeviceBSMs;

		ma->crypto->sha256(ma->crypto->ctx, &seen, 1, evidence->hash);
		good = message_proves(trustee, checker, ma->crypto, seen, now, evidence, err);
	}
	message_free(&message);
	return good;
}

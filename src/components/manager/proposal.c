/* SPDX-License-Identifier: Apache-2.0 */
#include "components/manager/proposal.h"

#include "dot2/profile.h"
#include "dot2/validity.h"

#include <stdio.h>
#include <string.h>

static const uint8_t magic[4] = {'S', 'C', 'M', 'P'};

/* The bytes that votes sign. */
static bool payload_make(const struct proposal_question *question, const struct cert *subject, struct bytes *out,
			 struct motion_error *err)
{
	enum key_status status;
	struct key_error key_err;

	if (question->form == FORM_124) {
		struct ScmsPDU pdu = {.version = 1};
		struct TbsElectorEndorsement *tbs = &pdu.content.u.ccm.u.tbsElectorEndorsement;

		pdu.content.choice = ScmsPDU_content_is_ccm;
		pdu.content.u.ccm.choice = ScmsComponentCertificateManagementPDU_is_tbsElectorEndorsement;
		tbs->type = (int32_t)question->motion;
		tbs->certificateHash = subject->hash256;
		tbs->generationTime = question->time;
		status = make_bytes(&oer_ScmsPDU, &pdu, out, &key_err);
	} else {
		struct ScmsPDU121 pdu = {.version = 1};
		struct TbsElectorEndorsement121 *tbs = &pdu.content.u.ccm.u.tbsElectorEndorsement;

		pdu.content.choice = ScmsPDU121_content_is_ccm;
		pdu.content.u.ccm.choice = ScmsComponentCertificateManagementPDU121_is_tbsElectorEndorsement;
		tbs->type = (int32_t)question->motion;
		tbs->certificate = subject->c;
		tbs->has_effectiveTime = true;
		tbs->effectiveTime = time64_of(question->time);
		status = make_bytes(&oer_ScmsPDU121, &pdu, out, &key_err);
	}
	return status == KEY_OK || motion_refuse(err, "the endorsement cannot be made: %s", key_err.text);
}

static bool subject_read(struct cert *subject, struct scms_slice certificate, const struct scms_crypto *crypto,
			 struct motion_error *err)
{
	struct oer_error oer;

	if (cert_read(subject, certificate, crypto, &oer) != OER_OK)
		return motion_refuse(err, "not a certificate that can be judged: offset %zu, %s: expected %s, found %s", oer.offset,
				     oer.path, oer.expected, oer.found);
	if (cert_is_implicit(subject))
		return motion_refuse(err, "expected the explicit certificate of an elector or root CA, found an implicit certificate");
	return true;
}

bool proposal_join(enum ballot_form form, struct scms_slice certificate, struct scms_slice payload, scms_time64 created,
		   const char *proposer, const char *reason, const struct scms_crypto *crypto, struct bytes *out,
		   struct motion_error *err)
{
	struct MotionProposal value = {
	    .magic = magic,
	    .version = 1,
	    .form = form == FORM_124 ? BallotForm_camp124 : BallotForm_camp121,
	    .payload = payload,
	    .created = created,
	    .proposer = {(const uint8_t *)proposer, strlen(proposer)},
	    .reason = {(const uint8_t *)reason, strlen(reason)},
	};
	struct proposal check;
	struct key_error key_err;
	struct cert subject;

	*out = (struct bytes){NULL, 0};
	if (!subject_read(&subject, certificate, crypto, err))
		return false;
	value.certificate = subject.c;
	if (make_bytes(&oer_MotionProposal, &value, out, &key_err) != KEY_OK)
		return motion_refuse(err, "%s (proposer and reason: UTF-8 text of at most 255 and 1,023 characters, not empty)",
				     key_err.text);
	/* Nothing leaves that a reader would refuse. */
	if (proposal_read(&check, bytes_view(out), crypto, err))
		return true;
	bytes_free(out);
	return false;
}

bool proposal_make(const struct proposal_question *question, const struct scms_crypto *crypto, struct bytes *out,
		   struct motion_error *err)
{
	struct cert subject;
	struct bytes payload;
	bool good;

	*out = (struct bytes){NULL, 0};
	if (!subject_read(&subject, question->certificate, crypto, err) || !payload_make(question, &subject, &payload, err))
		return false;
	good = proposal_join(question->form, question->certificate, bytes_view(&payload), question->created, question->proposer,
			     question->reason, crypto, out, err);
	bytes_free(&payload);
	return good;
}

/* Does the payload endorse this certificate, and is it of the kind that the motion wants? */
static bool payload_fits(struct proposal *proposal, const struct endorsement *endorsement, const struct scms_crypto *crypto,
			 struct motion_error *err)
{
	bool elector = motion_of_elector(proposal->motion);
	char expected[65], found[65];
	struct cert endorsed;

	if (proposal->form == FORM_121) {
		if (cert_read(&endorsed, endorsement->certificate, crypto, NULL) != OER_OK ||
		    endorsement->certificate.n != proposal->certificate.n ||
		    memcmp(endorsement->certificate.p, proposal->certificate.p, proposal->certificate.n) != 0)
			return motion_refuse(err, "rule C4: the certificate in the endorsement is not that of the proposal");
	} else if (memcmp(endorsement->certificate_hash, proposal->subject.hash256, 32) != 0) {
		return motion_refuse(err, "rule C4: the endorsement is about another certificate: expected %s, found %s",
				     motion_hex(proposal->subject.hash256, 32, expected),
				     motion_hex(endorsement->certificate_hash, 32, found));
	}
	if (elector ? !cert_fits_elector(&proposal->subject) : !cert_fits_root(&proposal->subject))
		return motion_refuse(err, "rule C3: %s needs the certificate of %s, and this is not one (see: scms lint)",
				     motion_name(proposal->motion), elector ? "an elector" : "a root CA");
	if (proposal->certificate.n > (elector ? ELECTOR_CERT_MAX : ROOT_CERT_MAX))
		return motion_refuse(err, "rule D8: a certificate of %zu bytes fits no trust store; expected at most %d",
				     proposal->certificate.n, elector ? ELECTOR_CERT_MAX : ROOT_CERT_MAX);
	return true;
}

bool proposal_read(struct proposal *proposal, struct scms_slice bytes, const struct scms_crypto *crypto,
		   struct motion_error *err)
{
	struct endorsement endorsement;
	struct MotionProposal value;
	struct oer_error oer;

	*proposal = (struct proposal){0};
	if (bytes.n < 5 || memcmp(bytes.p + 1, magic, 4) != 0)
		return motion_refuse(err, "not a proposal: expected a MotionProposal, which begins with a preamble and \"SCMP\"");
	if (oer_decode(&oer_MotionProposal, bytes, OER_DEPTH_DEFAULT, &value, &oer) != OER_OK)
		return motion_refuse(err, "not a whole proposal: offset %zu, %s: expected %s, found %s", oer.offset, oer.path,
				     oer.expected, oer.found);
	proposal->form = value.form == BallotForm_camp124 ? FORM_124 : FORM_121;
	proposal->certificate = value.certificate.raw;
	proposal->payload = value.payload;
	proposal->created = value.created;
	proposal->proposer = value.proposer;
	proposal->reason = value.reason;
	if (!subject_read(&proposal->subject, proposal->certificate, crypto, err))
		return false;
	if (!endorsement_read(&endorsement, proposal->form, proposal->payload))
		return motion_refuse(err, "rule C1: what is to be signed is not one canonical TbsElectorEndorsement of CAMP %s",
				     ballot_form_name(proposal->form));
	if (endorsement.type < 0 || endorsement.type > SCMS_REMOVE_ELECTOR)
		return motion_refuse(err, "rule C2: a motion of type %d is not known", endorsement.type);
	proposal->motion = (enum scms_motion)endorsement.type;
	proposal->time = endorsement.time;
	crypto->sha256(crypto->ctx, &proposal->payload, 1, proposal->topic);
	return payload_fits(proposal, &endorsement, crypto, err);
}

const char *proposal_id(const struct proposal *proposal, char id[PROPOSAL_ID_BYTES])
{
	char subject[9], topic[9];

	snprintf(id, PROPOSAL_ID_BYTES, "%s-%s-%s", motion_name(proposal->motion), motion_hex(proposal->subject.hash256, 4, subject),
		 motion_hex(proposal->topic, 4, topic));
	return id;
}

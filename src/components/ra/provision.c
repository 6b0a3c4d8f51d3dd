/* SPDX-License-Identifier: Apache-2.0 */
/* Requests for certificates: what a device asks for once, acknowledged when it is on disk. */
#include "components/ra/ecas.h"
#include "components/ra/item.h"
#include "components/ra/single.h"
#include "dot2/region.h"

#include <string.h>

/* Application certificates that an RSE may have asked for and that still hold. */
#define APPLICATIONS_MAX 64

static void refuse(struct service *service, struct http_exchange *exchange, int http, enum ra_code code, const char *text)
{
	ra_state_of(service)->refused++;
	service_refuse(service, exchange, http, code, "%s", text);
}

static void acknowledge(struct service *service, struct http_exchange *exchange, const struct ra_asked *asked, uint8_t choice,
			const char *row)
{
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	/* The three acknowledgements are one type, and their alternatives one member. */
	struct RaEePseudonymCertProvisioningAck *ack = &message.content.u.ee_ra.u.raEePseudonymCertProvisioningAck;
	struct bytes pdu = {NULL, 0};
	struct key_error err;

	message.content.u.ee_ra.choice = choice;
	*ack = (struct RaEePseudonymCertProvisioningAck){.version = 1, .requestHash = asked->message.hash + 24};
	ack->reply.u.ack.certDLTime = role_now() + (scms_time32)service_number(service, "download_delay");
	ack->reply.u.ack.certDLURL = role_host(service);
	if (make_bytes(&oer_ScmsPDU, &message, &pdu, &err) != KEY_OK)
		role_failed(service, exchange, row, &err);
	else
		role_answer(service, exchange, row, bytes_view(&pdu), NULL);
	bytes_free(&pdu);
}

/* The enrolment, entered where it is new, once nothing speaks against a request by it. False: answered. */
static bool admit(struct service *service, struct http_exchange *exchange, const struct ra_asked *asked, enum ra_kind kind,
		  struct ra_enrolment *enrolment)
{
	struct db *db = service->db;
	const uint8_t *hash = asked->message.hash + 24;

	if (!commit_begin(service->commit) || !ra_enrolment_enter(db, &asked->message.signer.cert[0], enrolment) ||
	    !ra_eca_enter(service, &asked->message.signer.cert[1], enrolment->id)) {
		service_refuse(service, exchange, 503, RA_NO_CODE, "the database does not answer: %s", db_error(db));
		return false;
	}
	if (db_number(db, "SELECT count(*) FROM request WHERE hash = $1", DB_VALUES(db_bytes(hash, 8)), 0) > 0)
		refuse(service, exchange, 409, RA_DUPLICATE_REQUEST, "the request came before");
	else if (kind != RA_APPLICATION && db_number(db, "SELECT count(*) FROM request WHERE enrolment = $1 AND kind = $2 AND stopped = 0",
						     DB_VALUES(db_integer(enrolment->id), db_integer(kind)), 0) > 0)
		refuse(service, exchange, 409, RA_REQUEST_FOR_MULTIPLE_CERTS, "the device has asked for such certificates before");
	else if (kind == RA_APPLICATION &&
		 db_number(db,
			   "SELECT count(*) FROM request WHERE enrolment = $1 AND kind = 3 AND stopped = 0 AND (i_next = 0 OR "
			   "EXISTS (SELECT 1 FROM batch WHERE batch.request = request.id AND batch.expires > $2))",
			   DB_VALUES(db_integer(enrolment->id), db_integer(role_now())), 0) >= APPLICATIONS_MAX)
		refuse(service, exchange, 429, RA_MORE_THAN_ALLOWED, "too many application certificates that still hold");
	else
		return true;
	return false;
}

/* Where the new request's certificates begin: after those of the same chain that are still good. */
static int64_t first_period(struct service *service, const struct ra_asked *asked, const struct ra_enrolment *enrolment)
{
	int64_t now = period_of(role_now()), last = db_number(service->db, "SELECT i_max FROM chain WHERE id = $1",
							      DB_VALUES(db_integer(enrolment->chain)), 0);
	int64_t same_root = db_number(service->db,
				      "SELECT count(*) FROM succession JOIN enrolment ON enrolment.rif = succession.old_rif WHERE "
				      "succession.new_rif = $1 AND enrolment.craca = $2",
				      DB_VALUES(db_bytes(asked->rif, 8),
						db_bytes(asked->message.signer.cert[0].c.toBeSigned.cracaId, 3)),
				      0);

	return same_root > 0 && last >= now ? last + 1 : now;
}

/* Enters the request; those of the enrolment that this one succeeds end. Its id; 0: the database failed. */
static int64_t enter(struct service *service, const struct ra_asked *asked, const struct ra_enrolment *enrolment, enum ra_kind kind,
		     int64_t i_next)
{
	struct db *db = service->db;

	if (db_run(db,
		   "UPDATE request SET stopped = 1 WHERE kind = $2 AND stopped = 0 AND enrolment IN (SELECT enrolment.id FROM enrolment "
		   "JOIN succession ON succession.old_rif = enrolment.rif WHERE succession.new_rif = $1)",
		   DB_VALUES(db_bytes(asked->rif, 8), db_integer(kind))) < 0 ||
	    db_run(db, "INSERT INTO request (enrolment, kind, hash, content, i_next, stopped) VALUES ($1, $2, $3, $4, $5, 0)",
		   DB_VALUES(db_integer(enrolment->id), db_integer(kind), db_bytes(asked->message.hash + 24, 8),
			     db_bytes(asked->message.content.p, asked->message.content.n), db_integer(i_next))) != 1)
		return 0;
	return ra_request_find(db, enrolment->id, asked->message.hash + 24);
}

void ra_handle_pseudonym(struct service *service, struct http_exchange *exchange)
{
	struct ra_asked asked;
	struct ra_enrolment enrolment;
	struct item_subject subject;
	struct caterpillars keys;
	struct key_error err;

	ra_state_of(service)->requests++;
	if (!ra_open(service, exchange, "SecuredPseudonymCertProvisioningRequest",
		     EndEntityRaInterfacePDU_is_eeRaPseudonymCertProvisioningRequest, http_body(exchange),
		     (uint32_t)service_number(service, "request_tolerance"), &asked)) {
		/* answered */
	} else if (asked.roadside || item_subject_of(&asked.message.signer.cert[0], RA_PSEUDONYM, &subject, &err) != KEY_OK) {
		refuse(service, exchange, 403, RA_WRONG_PARAMETERS, "this enrolment may not have pseudonym certificates");
	} else if (caterpillars_read(&asked.pdu->u.eeRaPseudonymCertProvisioningRequest, &keys, &err) != KEY_OK) {
		refuse(service, exchange, 400, RA_WRONG_PARAMETERS, err.text);
	} else if (admit(service, exchange, &asked, RA_PSEUDONYM, &enrolment)) {
		if (enter(service, &asked, &enrolment, RA_PSEUDONYM, first_period(service, &asked, &enrolment)) == 0)
			service_refuse(service, exchange, 503, RA_NO_CODE, "%s", db_error(service->db));
		else
			acknowledge(service, exchange, &asked, EndEntityRaInterfacePDU_is_raEePseudonymCertProvisioningAck,
				    "SignedPseudonymCertProvisioningAck");
	}
	message_free(&asked.message);
}

void ra_handle_identification(struct service *service, struct http_exchange *exchange)
{
	struct ra_asked asked;
	struct ra_enrolment enrolment;
	struct item_subject subject;
	struct caterpillars keys;
	struct key_error err;

	ra_state_of(service)->requests++;
	if (!ra_open(service, exchange, "SecuredIdCertProvisioningRequest", EndEntityRaInterfacePDU_is_eeRaIdCertProvisioningRequest,
		     http_body(exchange), (uint32_t)service_number(service, "request_tolerance"), &asked)) {
		message_free(&asked.message);
		return;
	}
	const struct EeRaIdCertProvisioningRequest *request = &asked.pdu->u.eeRaIdCertProvisioningRequest;
	const struct EeRaPseudonymCertProvisioningRequest butterfly = {.verify_key_info = request->verify_key_info,
								       .resp_enc_key_info = request->resp_enc_key_info};

	if (asked.roadside || item_subject_of(&asked.message.signer.cert[0], RA_IDENTIFICATION, &subject, &err) != KEY_OK) {
		refuse(service, exchange, 403, RA_WRONG_PARAMETERS, "this enrolment may not have identification certificates");
	} else if (caterpillars_read(&butterfly, &keys, &err) != KEY_OK) {
		refuse(service, exchange, 400, RA_WRONG_PARAMETERS, err.text);
	} else if (subject.has_region && !region_contains(&subject.region, &request->region)) {
		refuse(service, exchange, 403, RA_WRONG_PARAMETERS, "the region is not within the enrolment certificate's");
	} else if (admit(service, exchange, &asked, RA_IDENTIFICATION, &enrolment)) {
		if (enter(service, &asked, &enrolment, RA_IDENTIFICATION, id_period_of(role_now())) == 0)
			service_refuse(service, exchange, 503, RA_NO_CODE, "%s", db_error(service->db));
		else
			acknowledge(service, exchange, &asked, EndEntityRaInterfacePDU_is_raEeIdCertProvisioningAck,
				    "SignedIdCertProvisioningAck");
	}
	message_free(&asked.message);
}

/* What is asked for is tried now, so that the device learns why it cannot be had; it is made when a PCA is there. */
void ra_handle_application(struct service *service, struct http_exchange *exchange)
{
	struct ra_state *state = ra_state_of(service);
	struct ra_asked asked;
	struct ra_enrolment enrolment;
	struct bytes pdu = {NULL, 0};
	struct key_error err;
	scms_time32 now = role_now(), start = 0;

	state->requests++;
	if (!ra_open(service, exchange, "SecuredAppCertProvisioningRequest", EndEntityRaInterfacePDU_is_eeRaAppCertProvisioningRequest,
		     http_body(exchange), (uint32_t)service_number(service, "request_tolerance"), &asked)) {
		message_free(&asked.message);
		return;
	}
	start = asked.pdu->u.eeRaAppCertProvisioningRequest.requested_start_time;
	if (!asked.roadside) {
		refuse(service, exchange, 403, RA_WRONG_PARAMETERS, "this enrolment may not have application certificates");
	} else if (start > now + state->policy.application || start + (uint64_t)state->policy.application <= now) {
		refuse(service, exchange, 400, RA_WRONG_PARAMETERS, "requested-start-time: over, or too far ahead");
	} else if (ra_application_item(service, &asked.message.signer.cert[0], &asked.pdu->u.eeRaAppCertProvisioningRequest, &pdu, &err) !=
		   KEY_OK) {
		refuse(service, exchange, 400, RA_WRONG_PARAMETERS, err.text);
	} else if (admit(service, exchange, &asked, RA_APPLICATION, &enrolment)) {
		if (enter(service, &asked, &enrolment, RA_APPLICATION, 0) == 0)
			service_refuse(service, exchange, 503, RA_NO_CODE, "%s", db_error(service->db));
		else
			acknowledge(service, exchange, &asked, EndEntityRaInterfacePDU_is_raEeAppCertProvisioningAck,
				    "SignedAppCertProvisioningAck");
	}
	bytes_free(&pdu);
	message_free(&asked.message);
}

/* ---- a new enrolment in place of an old one ---- */

void ra_handle_succession(struct service *service, struct http_exchange *exchange)
{
	struct EnrolmentSuccession succession;
	struct oer_error refused;
	struct ra_enrolment old;

	if (oer_decode(&oer_EnrolmentSuccession, http_body(exchange), OER_DEPTH_DEFAULT, &succession, &refused) != OER_OK) {
		service_refuse(service, exchange, 400, RA_NO_CODE, "%s: expected %s, found %s", refused.path, refused.expected,
			       refused.found);
		return;
	}
	old = ra_enrolment_find(service->db, succession.old);
	if (memcmp(succession.old, succession.new, 8) == 0) {
		service_refuse(service, exchange, 400, RA_NO_CODE, "an enrolment in place of itself");
	} else if (old.blacklisted) {
		service_refuse(service, exchange, 403, RA_BLACKLISTED, "the old enrolment is on the internal blacklist");
	} else if (!commit_begin(service->commit) ||
		   db_run(service->db,
			  "INSERT INTO succession (new_rif, old_rif) VALUES ($1, $2) ON CONFLICT (new_rif) DO UPDATE SET old_rif = $2",
			  DB_VALUES(db_bytes(succession.new, 8), db_bytes(succession.old, 8))) != 1) {
		service_refuse(service, exchange, 503, RA_NO_CODE, "%s", db_error(service->db));
	} else {
		commit_answer(service->commit, exchange, 200, OCTETS, (struct scms_slice){NULL, 0});
	}
}

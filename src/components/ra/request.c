/* SPDX-License-Identifier: Apache-2.0 */
#include "components/authority/profile.h"
#include "components/ra/ecas.h"

#include <string.h>

/* Judges end entities: the RA's own blacklist first, then the trust store. */
struct bouncer {
	struct service *service;
	const struct message_judge *store;
	bool blacklisted;
};

static bool find(void *ctx, const uint8_t id8[8], unsigned k, struct scms_slice *bytes)
{
	struct bouncer *bouncer = ctx;

	return bouncer->store->find(bouncer->store->ctx, id8, k, bytes);
}

static enum scms_reason judge(void *ctx, struct chain *chain, struct scms_slice carried, scms_time64 now)
{
	struct bouncer *bouncer = ctx;

	bouncer->blacklisted = ra_enrolment_find(bouncer->service->db, cert_id8(&chain->cert[0])).blacklisted;
	return bouncer->blacklisted ? SCMS_CERT_REVOKED : bouncer->store->judge(bouncer->store->ctx, chain, carried, now);
}

static scms_time32 time_of(const struct EndEntityRaInterfacePDU *pdu)
{
	switch (pdu->choice) {
	case EndEntityRaInterfacePDU_is_eeRaPseudonymCertProvisioningRequest:
		return pdu->u.eeRaPseudonymCertProvisioningRequest.current_time;
	case EndEntityRaInterfacePDU_is_eeRaIdCertProvisioningRequest:
		return pdu->u.eeRaIdCertProvisioningRequest.current_time;
	case EndEntityRaInterfacePDU_is_eeRaAppCertProvisioningRequest:
		return pdu->u.eeRaAppCertProvisioningRequest.current_time;
	default:
		return pdu->u.eeRaAuthenticatedDownloadRequest.timestamp;
	}
}

static bool refuse(struct service *service, struct http_exchange *exchange, int http, enum ra_code code, const char *text)
{
	ra_state_of(service)->refused++;
	service_refuse(service, exchange, http, code, "%s", text);
	return false;
}

/* Whose signature is not good is told of its time first: it may be an old message that somebody changed. */
static bool time_ok(const struct ra_asked *asked, uint32_t tolerance, scms_time32 now)
{
	scms_time32 time = time_of(asked->pdu);

	return (time <= now ? now - time : time - now) <= tolerance;
}

static bool refuse_status(struct service *service, struct http_exchange *exchange, enum message_status status,
			  const struct bouncer *bouncer, const struct ra_asked *asked)
{
	const struct message *message = &asked->message;

	switch (status) {
	case MESSAGE_NOT_ENCRYPTED:
		return refuse(service, exchange, 400, RA_NOT_ENCRYPTED, "the request is not encrypted");
	case MESSAGE_NOT_FOR_US:
		return refuse(service, exchange, 400, RA_AUTHENTICATION, "the request is encrypted for another key, or was changed");
	case MESSAGE_SIGNER:
		if (bouncer->blacklisted)
			return refuse(service, exchange, 403, RA_BLACKLISTED, "the enrolment certificate is on the internal blacklist");
		ra_state_of(service)->refused++;
		service_refuse_message(service, exchange, RA_AUTHENTICATION, status, message);
		return false;
	case MESSAGE_SIGNATURE:
		return refuse(service, exchange, 403, RA_INVALID_SIGNATURE, "the signature is not that of the enrolment certificate");
	case MESSAGE_FAILED:
		service_refuse_message(service, exchange, RA_NO_CODE, status, message);
		return false;
	default:
		ra_state_of(service)->refused++;
		service_refuse_message(service, exchange, RA_WRONG_PARAMETERS, status, message);
		return false;
	}
}

bool ra_open(struct service *service, struct http_exchange *exchange, const char *row, uint8_t choice, struct scms_slice bytes,
	     uint32_t tolerance, struct ra_asked *asked)
{
	struct bouncer bouncer = {service, trustee_judge(service->trustee), false};
	const struct message_judge judges = {&bouncer, find, judge};
	enum message_status status =
	    message_open(service->party, envelope_find(row), bytes, clock_now(), &judges, &asked->message);
	enum profile profile;

	if (status == MESSAGE_OK || status == MESSAGE_SIGNATURE) {
		asked->pdu = &asked->content.content.u.ee_ra;
		if (oer_decode(&oer_ScmsPDU, asked->message.content, OER_DEPTH_DEFAULT, &asked->content, NULL) != OER_OK ||
		    asked->pdu->choice != choice)
			return refuse(service, exchange, 400, RA_WRONG_PARAMETERS, "not the request that belongs here");
		if (!time_ok(asked, tolerance, role_now()))
			return refuse(service, exchange, 403, RA_AUTHENTICATION, "the request's time is too far from the RA's");
	}
	if (status != MESSAGE_OK)
		return refuse_status(service, exchange, status, &bouncer, asked);
	if (!profile_of_certificate(&asked->message.signer.cert[0], &profile) ||
	    (profile != PROFILE_OBE_ENROLMENT && profile != PROFILE_RSE_ENROLMENT))
		return refuse(service, exchange, 403, RA_AUTHENTICATION, "the request is not signed with an enrolment certificate");
	if (asked->message.signer.n < 2 || !ra_eca_named(service, &asked->message.signer.cert[1]))
		return refuse(service, exchange, 403, RA_AUTHENTICATION, "the enrolment CA is not one whose devices this RA serves");
	asked->roadside = profile == PROFILE_RSE_ENROLMENT;
	memcpy(asked->rif, cert_id8(&asked->message.signer.cert[0]), sizeof(asked->rif));
	return true;
}

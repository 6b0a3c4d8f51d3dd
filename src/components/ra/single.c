/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/single.h"

#include "components/ra/aggregator.h"
#include "components/ra/vehicle.h"

#include <string.h>

#define ID_HOURS 721u
#define EACH 64 /* requests looked at in one run */

/* One that is due: its request, and the period: of identification certificates, or 0. */
struct due {
	int64_t request[EACH], period[EACH];
	bool application[EACH];
	unsigned n;
};

static bool take_due(void *ctx, const struct db_value *columns, size_t count)
{
	struct due *due = ctx;

	(void)count;
	due->request[due->n] = columns[0].integer;
	due->period[due->n] = columns[1].integer;
	due->application[due->n++] = columns[2].integer == RA_APPLICATION;
	return due->n < EACH;
}

static struct item_hosts hosts_of(const struct service *service)
{
	const struct ra_state *state = ra_state_of(service);

	return (struct item_hosts){.ra = role_host(service), .pca = {(const uint8_t *)state->pca_host, strlen(state->pca_host)}};
}

/* ---- identification certificates ---- */

static enum key_status identification_item(struct service *service, const struct cert *enrolment,
					   const struct EeRaIdCertProvisioningRequest *asked, uint16_t period, struct bytes *pdu,
					   struct key_error *err)
{
	const struct EeRaPseudonymCertProvisioningRequest butterfly = {.verify_key_info = asked->verify_key_info,
								       .resp_enc_key_info = asked->resp_enc_key_info};
	const struct ra_state *state = ra_state_of(service);
	const struct item_hosts hosts = hosts_of(service);
	/* The period may have begun before the PCA did. */
	scms_time32 start = id_period_start(period) > state->pca_start ? id_period_start(period) : state->pca_start;
	struct PublicEncryptionKey encryption;
	struct item_subject subject;
	struct caterpillars keys;
	struct curve_point certified;
	struct cocoons cocoons;
	bool encrypts = asked->has_cert_enc_key_info;
	enum key_status status = item_subject_of(enrolment, RA_IDENTIFICATION, &subject, err);

	if (status == KEY_OK)
		status = caterpillars_read(&butterfly, &keys, err);
	if (status == KEY_OK)
		status = caterpillars_expand(&keys, period, 0, &cocoons, err);
	if (status == KEY_OK && encrypts) {
		const struct butterfly_index index = {BUTTERFLY_ENCRYPTION, period, 0};

		status = point_from_256(&asked->cert_enc_key_info.seed_key, "cert-enc-key-info.seed-key", &certified, err);
		if (status == KEY_OK &&
		    (!butterfly_public(&certified, asked->cert_enc_key_info.expansion, &index, &certified) ||
		     !point_to_encryption_key(&certified, &encryption)))
			status = key_fail(err, KEY_FAILED, "no cocoon key could be computed");
	}
	if (status == KEY_OK)
		status = item_authorization(&subject, &hosts, start, ID_HOURS, &asked->region, &cocoons, encrypts ? &encryption : NULL, pdu,
					    err);
	return status;
}

/* ---- application certificates: one for each request, of keys that the device has already ---- */

enum key_status ra_application_item(struct service *service, const struct cert *enrolment,
				    const struct EeRaAppCertProvisioningRequest *request, struct bytes *pdu, struct key_error *err)
{
	const struct item_hosts hosts = hosts_of(service);
	struct item_subject subject;
	struct scms_point verify;
	struct cocoons keys;
	enum key_status status = item_subject_of(enrolment, RA_APPLICATION, &subject, err);

	if (status == KEY_OK && (!point_of_key(&request->verify_key, &verify) || verify.curve != SCMS_NIST_P256 ||
				 !curve_point_read(&verify, &keys.sign)))
		status = key_fail(err, KEY_POINT, "verify-key: no point of NIST P-256");
	if (status == KEY_OK &&
	    (!encryption_key_point(&request->response_encryption_key, &keys.respond) || keys.respond.curve != SCMS_NIST_P256))
		status = key_fail(err, KEY_POINT, "response-encryption-key: no point of NIST P-256");
	if (status == KEY_OK)
		status = item_authorization(&subject, &hosts, request->requested_start_time,
					    ra_state_of(service)->policy.application / 3600u, &request->region, &keys,
					    request->has_cert_encryption_key ? &request->cert_encryption_key : NULL, pdu, err);
	return status;
}

/* ---- both ---- */

/* The item, and the batch that it is alone in. */
static enum key_status supply(struct service *service, struct aggregator_item *item, struct key_error *err)
{
	struct ra_state *state = ra_state_of(service);
	struct ra_vehicle vehicle;
	struct bytes pdu = {NULL, 0};
	enum key_status status = ra_vehicle_load(service, item->request, &vehicle, err);
	const struct EndEntityRaInterfacePDU *asked = &vehicle.content.content.u.ee_ra;

	if (status != KEY_OK || vehicle.stopped) {
		ra_vehicle_free(&vehicle);
		return status;
	}
	if (item->kind == RA_APPLICATION) {
		item->expires = asked->u.eeRaAppCertProvisioningRequest.requested_start_time + state->policy.application;
		status = item->expires > role_now() ? ra_application_item(service, &vehicle.enrolment, &asked->u.eeRaAppCertProvisioningRequest,
									  &pdu, err)
						    : key_fail(err, KEY_VALUE, "its validity is over");
	} else {
		item->expires = id_period_start((uint16_t)item->i) + 2 * ID_HOURS * 3600u;
		status = identification_item(service, &vehicle.enrolment, &asked->u.eeRaIdCertProvisioningRequest, (uint16_t)item->i, &pdu, err);
	}
	item->pdu = bytes_view(&pdu);
	if (status == KEY_OK && (!ra_batch_add(state, item->request, item->i, item->expires) ||
				 !aggregator_add(service->db, service->party->crypto, item, role_now())))
		status = key_fail(err, KEY_FAILED, "%s", db_error(service->db));
	bytes_free(&pdu);
	ra_vehicle_free(&vehicle);
	return status;
}

static enum key_status supply_due(struct service *service, int64_t request, int64_t period, bool application, struct key_error *err)
{
	struct aggregator_item item = {
	    .request = request, .kind = application ? RA_APPLICATION : RA_IDENTIFICATION, .i = (uint32_t)period, .j = 0};
	enum key_status status = ra_batch_has(service->db, request, item.i) ? KEY_OK : supply(service, &item, err);

	if (status == KEY_OK && db_run(service->db, "UPDATE request SET i_next = $2 WHERE id = $1",
				       DB_VALUES(db_integer(request), db_integer(period + 1))) != 1)
		status = key_fail(err, KEY_FAILED, "%s", db_error(service->db));
	return status;
}

enum key_status ra_single_run(struct service *service, struct key_error *err)
{
	scms_time32 now = role_now();
	struct due due = {.n = 0};
	enum key_status result = KEY_OK;

	/* An application certificate is of period 0, and due once. */
	db_each(service->db,
		"SELECT id, CASE WHEN kind = 2 AND i_next < $2 THEN $2 ELSE i_next END, kind FROM request WHERE stopped = 0 AND "
		"((kind = 2 AND i_next <= $1) OR (kind = 3 AND i_next = 0)) LIMIT 64",
		DB_VALUES(db_integer(id_period_of(now + ra_state_of(service)->policy.supply)), db_integer(id_period_of(now))), take_due, &due);
	if (due.n == 0 || !commit_begin(service->commit))
		return KEY_OK;
	for (unsigned k = 0; k < due.n; k++) {
		enum key_status status = supply_due(service, due.request[k], due.period[k], due.application[k], err);

		if (status == KEY_OK)
			continue;
		log_event(service->name, LOG_LEVEL_ERROR, "certificate", "s:s", "failed", err->text);
		if (status == KEY_FAILED)
			result = status;
		else /* It cannot be served tomorrow either. */
			db_run(service->db, "UPDATE request SET stopped = 1 WHERE id = $1", DB_VALUES(db_integer(due.request[k])));
	}
	return result;
}

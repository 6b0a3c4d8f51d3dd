/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/vehicle.h"

#include <openssl/crypto.h>

static bool copy(struct bytes *to, struct scms_slice from)
{
	to->p = OPENSSL_memdup(from.p, from.n);
	to->n = to->p != NULL ? from.n : 0;
	return to->p != NULL;
}

static bool take_vehicle(void *ctx, const struct db_value *columns, size_t count)
{
	struct ra_vehicle *vehicle = ctx;

	(void)count;
	vehicle->stopped = columns[2].integer != 0;
	vehicle->i_next = columns[3].integer;
	vehicle->found = copy(&vehicle->asked, columns[0].bytes) && copy(&vehicle->certificate, columns[1].bytes);
	return false;
}

/* What will not be valid again, whatever comes. */
static bool is_over(enum scms_reason reason)
{
	return reason == SCMS_CERT_REVOKED || reason == SCMS_ROOT_REVOKED || reason == SCMS_CERT_EXPIRED;
}

enum key_status ra_vehicle_load(struct service *service, int64_t request, struct ra_vehicle *vehicle, struct key_error *err)
{
	*vehicle = (struct ra_vehicle){.found = false};
	db_each(service->db,
		"SELECT request.content, enrolment.certificate, request.stopped + enrolment.blacklisted, request.i_next FROM request "
		"JOIN enrolment ON enrolment.id = request.enrolment WHERE request.id = $1",
		DB_VALUES(db_integer(request)), take_vehicle, vehicle);
	if (!vehicle->found ||
	    oer_decode(&oer_ScmsPDU, bytes_view(&vehicle->asked), OER_DEPTH_DEFAULT, &vehicle->content, NULL) != OER_OK ||
	    cert_read(&vehicle->enrolment, bytes_view(&vehicle->certificate), service->party->crypto, NULL) != OER_OK)
		return key_fail(err, KEY_FAILED, "a request of the database cannot be read");
	if (vehicle->stopped || !is_over(trustee_check(service->trustee, bytes_view(&vehicle->certificate), clock_now())))
		return KEY_OK;
	vehicle->stopped = true;
	if (db_run(service->db, "UPDATE request SET stopped = 1 WHERE id = $1", DB_VALUES(db_integer(request))) != 1)
		return key_fail(err, KEY_FAILED, "%s", db_error(service->db));
	return KEY_OK;
}

void ra_vehicle_free(struct ra_vehicle *vehicle)
{
	bytes_free(&vehicle->asked);
	bytes_free(&vehicle->certificate);
}

bool ra_batch_has(struct db *db, int64_t request, uint32_t i)
{
	return db_number(db, "SELECT count(*) FROM batch WHERE request = $1 AND i = $2", DB_VALUES(db_integer(request), db_integer(i)), 0) > 0;
}

bool ra_batch_add(const struct ra_state *state, int64_t request, uint32_t i, scms_time32 expires)
{
	return db_run(state->service->db, "INSERT INTO batch (request, i, pca, expires) VALUES ($1, $2, $3, $4)",
		      DB_VALUES(db_integer(request), db_integer(i), db_integer(state->pca_number), db_integer(expires))) == 1;
}

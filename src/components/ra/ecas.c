/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/ecas.h"

#include <string.h>

#define ECAS_MAX 256

bool ra_eca_named(const struct service *service, const struct cert *eca)
{
	const struct CertificateId *id = &eca->c.toBeSigned.id;
	const char *names = service_text(service, "ecas");
	size_t n;

	if (names == NULL)
		return true;
	if (id->choice != CertificateId_is_name)
		return false;
	for (names += strspn(names, " "); *names != '\0'; names += n + strspn(names + n, " ")) {
		n = strcspn(names, " ");
		if (n == id->u.name.n && memcmp(names, id->u.name.p, n) == 0)
			return true;
	}
	return false;
}

bool ra_eca_enter(struct service *service, const struct cert *eca, int64_t enrolment)
{
	struct db *db = service->db;
	struct bytes bytes = {NULL, 0};
	struct key_error err;
	bool good;

	if (make_bytes(&oer_Certificate, &eca->c, &bytes, &err) != KEY_OK)
		return false;
	good = db_run(db, "INSERT INTO eca (id8, certificate, served) VALUES ($1, $2, 1) ON CONFLICT (id8) DO UPDATE SET served = 1",
		      DB_VALUES(db_bytes(cert_id8(eca), 8), db_bytes(bytes.p, bytes.n))) >= 0 &&
	       db_run(db, "UPDATE enrolment SET eca = (SELECT id FROM eca WHERE id8 = $1) WHERE id = $2",
		      DB_VALUES(db_bytes(cert_id8(eca), 8), db_integer(enrolment))) == 1;
	bytes_free(&bytes);
	return good;
}

/* What stays so: a store that lacks an issuer, or has a root suspended, may have it again tomorrow. */
static bool ends(enum scms_reason reason)
{
	return reason == SCMS_CERT_REVOKED || reason == SCMS_ROOT_REVOKED || reason == SCMS_CERT_EXPIRED;
}

struct review {
	struct service *service;
	int64_t gone[ECAS_MAX];
	unsigned n;
};

static bool review_one(void *ctx, const struct db_value *columns, size_t count)
{
	struct review *review = ctx;
	struct service *service = review->service;
	struct cert eca;

	(void)count;
	if (cert_read(&eca, columns[1].bytes, service->party->crypto, NULL) == OER_OK &&
	    (!ra_eca_named(service, &eca) || ends(trustee_check(service->trustee, columns[1].bytes, clock_now()))))
		review->gone[review->n++] = columns[0].integer;
	return review->n < ECAS_MAX;
}

void ra_ecas_review(struct service *service)
{
	struct review review = {.service = service};

	db_each(service->db, "SELECT id, certificate FROM eca WHERE served = 1", NULL, 0, review_one, &review);
	if (review.n == 0 || !commit_begin(service->commit))
		return;
	for (unsigned k = 0; k < review.n; k++) {
		int64_t ended = db_run(service->db,
				       "UPDATE request SET stopped = 1 WHERE stopped = 0 AND enrolment IN (SELECT id FROM enrolment WHERE eca = $1)",
				       DB_VALUES(db_integer(review.gone[k])));

		db_run(service->db, "UPDATE eca SET served = 0 WHERE id = $1", DB_VALUES(db_integer(review.gone[k])));
		log_event(service->name, LOG_LEVEL_WARNING, "ECA served no more", "s:I", "requests", (json_int_t)ended);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "components/ra/service.h"

#include "components/ra/ecas.h"
#include "components/ra/local_policy.h"
#include "components/ra/publication.h"
#include "components/ra/sender.h"
#include "components/ra/supply.h"

#include <stdlib.h>

#define EE_REQUEST_MAX 8192
#define MA_REQUEST_MAX 65536
#define REPORT_MAX 262144
#define SWEEP_SECONDS 3600

/* ---- the service ---- */

static void ra_stop(struct service *service)
{
	struct ra_state *state = service->state;

	ra_sender_free(state->sender);
	ra_supply_free(state->supply);
	ra_publication_free(state->publication);
	ra_certificate_free(state->certificate);
	bytes_free(&state->pca);
	free(state);
}

static bool ra_start(struct service *service, struct service_error *err)
{
	struct ra_state *state;

	state = calloc(1, sizeof(*state));
	snprintf(err->text, sizeof(err->text), "%.100s: out of memory, or its database cannot be read", service->name);
	if (state == NULL)
		return false;
	service->state = state;
	state->service = service;
	state->publication = ra_publication_new(service);
	state->supply = ra_supply_new(service);
	state->sender = ra_sender_new(service, (unsigned)service_number(service, "pca_connections"));
	state->certificate = ra_certificate_new(service);
	if (state->publication == NULL || state->certificate == NULL || state->supply == NULL || state->sender == NULL) {
		ra_stop(service);
		return false;
	}
	ra_policy_read(service, ra_publication_policy(state->publication), &state->policy);
	ra_ecas_review(service);
	return true;
}

/* Archives of certificates that have expired are of no use to anybody. What the MA may ask for outlives them by two years. */
static void sweep(struct service *service, scms_time32 now)
{
	if (!commit_begin(service->commit))
		return;
	db_run(service->db, "DELETE FROM file WHERE expires < $1", DB_VALUES(db_integer(now)));
	db_run(service->db, "DELETE FROM batch WHERE expires < $1", DB_VALUES(db_integer(now)));
	db_run(service->db, "DELETE FROM item WHERE expires < $1", DB_VALUES(db_integer((int64_t)now - 2 * 31556952)));
	db_run(service->db, "DELETE FROM past WHERE expires < $1", DB_VALUES(db_integer((int64_t)now - 2 * 31556952)));
}

static void ra_tick(struct service *service, scms_time64 now64)
{
	struct ra_state *state = service->state;
	scms_time32 now = (scms_time32)(now64 / 1000000u);

	ra_publication_tick(state->publication);
	if (service_standing(service) != SCMS_VALID)
		return;
	ra_policy_read(service, ra_publication_policy(state->publication), &state->policy);
	if (ra_pca_ready(state)) {
		ra_supply_run(state->supply);
		ra_sender_run(state->sender);
	}
	if (now % SWEEP_SECONDS == 0)
		sweep(service, now);
}

static void ra_changed(struct service *service)
{
	struct ra_state *state = service->state;

	ra_pca_forget(state);
	ra_ecas_review(service);
	ra_publication_look(state->publication);
	ra_certificate_forget(state->certificate);
}

static void ra_metrics(struct service *service, struct metrics *to)
{
	const struct ra_state *state = service->state;

	metrics_counter(to, "scms_ra_requests", "Requests for certificates", NULL, state->requests);
	metrics_counter(to, "scms_ra_refused", "Requests and downloads that were refused", NULL, state->refused);
	metrics_counter(to, "scms_ra_downloads", "Files sent", NULL, state->downloads);
	metrics_counter(to, "scms_ra_expanded", "Items put into the aggregator", NULL, state->expanded);
	metrics_counter(to, "scms_ra_releases", "Releases of the aggregator", NULL, state->releases);
	metrics_counter(to, "scms_ra_answered", "Items answered by the PCA", NULL, state->sent);
	metrics_counter(to, "scms_ra_filed", "Archives made", NULL, state->filed);
	if (ra_publication_looked(state->publication) != 0)
		metrics_gauge(to, "scms_ra_looked_seconds", "Since policy and chain file were those of the PG; an hour at most, where it answers.", NULL,
			      (double)role_now() - (double)ra_publication_looked(state->publication));
	metrics_gauge(to, "scms_ra_pca", "1: there is a PCA to ask; 0: requests are kept until there is.", NULL, ra_pca_usable(state));
	metrics_gauge(to, "scms_ra_waiting", "Items in the aggregator", NULL,
		      (double)db_number(service->db, "SELECT count(*) FROM item WHERE state = 0", NULL, 0, 0));
}

static void nothing_there(struct service *service, struct http_exchange *exchange)
{
	service_refuse(service, exchange, 404, RA_INVALID_URL, "there is no such path");
}

#define FROM_DEVICES (SERVICE_ISSUES | SERVICE_PUBLIC)

static const struct service_route routes[] = {
    {HTTP_POST, "/provision-pseudonym-certificate-batch", NULL, EE_REQUEST_MAX, FROM_DEVICES, ra_handle_pseudonym},
    {HTTP_POST, "/provision-identity-certificate", NULL, EE_REQUEST_MAX, FROM_DEVICES, ra_handle_identification},
    {HTTP_POST, "/provision-application-certificate", NULL, EE_REQUEST_MAX, FROM_DEVICES, ra_handle_application},
    {HTTP_GET | HTTP_HEAD, "/download/batch", NULL, 0, FROM_DEVICES, ra_handle_batch},
    {HTTP_GET | HTTP_HEAD, "/download/identity-certificate", NULL, 0, FROM_DEVICES, ra_handle_batch},
    {HTTP_GET | HTTP_HEAD, "/download/application-certificate", NULL, 0, FROM_DEVICES, ra_handle_batch},
    {HTTP_GET | HTTP_HEAD, "/download/info", NULL, 0, FROM_DEVICES, ra_handle_info},
    {HTTP_GET | HTTP_HEAD, "/download/policy/local", NULL, 0, FROM_DEVICES, ra_handle_policy},
    {HTTP_GET | HTTP_HEAD, "/download/local-certificate-chain", NULL, 0, FROM_DEVICES, ra_handle_chain},
    {HTTP_GET | HTTP_HEAD, "/retrieve-ra-certificate", NULL, 0, FROM_DEVICES, ra_handle_certificate},
    {HTTP_POST, "/process-misbehavior-report", NULL, REPORT_MAX, SERVICE_PUBLIC, ra_handle_report},
    {HTTP_POST, "/enrolment-succession", "dcm", 1024, SERVICE_ISSUES, ra_handle_succession},
    {HTTP_POST, "/ra/blacklist", "ma", MA_REQUEST_MAX, 0, ra_handle_blacklist},
    {HTTP_POST, "/ra/linkage-chains", "ma", MA_REQUEST_MAX, 0, ra_handle_lci},
    {HTTP_POST, "/ra/rif-blacklist", "ma", MA_REQUEST_MAX, 0, ra_handle_rif_blacklist},
    {HTTP_POST, "/ra/certificates", "ma", MA_REQUEST_MAX, 0, ra_handle_cdv},
    ROLE_CERTIFICATE_ROUTE,
    {HTTP_GET | HTTP_HEAD | HTTP_POST, "/", NULL, EE_REQUEST_MAX, SERVICE_PUBLIC, nothing_there},
    {.path = NULL},
};

static const struct role_setting settings[] = {
    {.name = "ecas", .kind = SETTING_TEXT, .meaning = "host names of the ECAs whose devices are served; without it, of all"},
    {.name = "drop", .kind = SETTING_TEXT, .meaning = "parameters of the global policy that are of no use to the devices"},
    {.name = "shuffle_threshold", .kind = SETTING_NUMBER, .most = 1000000, .meaning = "items released together; 0: the policy's"},
    {.name = "max_request_age", .kind = SETTING_NUMBER, .most = 31556952,
     .meaning = "seconds that an item waits at most; 0: the policy's"},
    {.name = "supply", .kind = SETTING_NUMBER, .most = 126227808, .meaning = "seconds to make certificates for ahead; 0: the policy's"},
    {.name = "certificates_per_period", .kind = SETTING_NUMBER, .most = 255,
     .meaning = "pseudonym certificates in an i-period; 0: the policy's"},
    {.name = "request_tolerance", .kind = SETTING_NUMBER, .least = 1, .most = 3600, .number = 300,
     .meaning = "seconds that the time of a request may be away"},
    {.name = "download_tolerance", .kind = SETTING_NUMBER, .least = 1, .most = 3600, .number = 5,
     .meaning = "seconds that the time of a download may be away (CAMP: 5)"},
    {.name = "download_delay", .kind = SETTING_NUMBER, .least = 1, .most = 172800, .number = 60,
     .meaning = "seconds after which a device is told to look for its files"},
    {.name = "pca_connections", .kind = SETTING_NUMBER, .least = 1, .most = 256, .number = 16,
     .meaning = "requests at the PCA at a time"},
    {.name = NULL},
};

static const struct role_peer peers[] = {{"pca", PEER_NEEDED}, {"la1", PEER_NEEDED}, {"la2", PEER_NEEDED}, {"pg", PEER_OPTIONAL}, {"ma", PEER_OPTIONAL}, {"crl-store", PEER_OPTIONAL}, {NULL, PEER_NEEDED}};

const struct role_service ra_service = {
    .name = "ra",
    .schema = &ra_schema,
    .routes = routes,
    .settings = settings,
    .peers = peers,
    .check = ra_settings_check,
    .start = ra_start,
    .stop = ra_stop,
    .tick = ra_tick,
    .changed = ra_changed,
    .metrics = ra_metrics,
};

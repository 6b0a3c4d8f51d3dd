/* SPDX-License-Identifier: Apache-2.0 */
#include "components/dcm/service.h"

#include "base/file.h"
#include "components/dcm/bundle.h"

#include <stdlib.h>
#include <string.h>

#define DEVICES_MAX_BYTES (4u << 20)
#define ORDER_MAX 8192
#define ANSWER_MAX (64u << 10)
#define ROOTS_MAX (256u << 10)
#define ANSWER_TYPE "application/octet-stream"

enum device_state { DEVICE_LISTED = 0, DEVICE_ENROLLED = 1 };

static const char *const steps[] = {
    "CREATE TABLE devices (device TEXT PRIMARY KEY NOT NULL, kind TEXT NOT NULL, state INTEGER NOT NULL, id8 BLOB, request BLOB, "
    "enrolled BIGINT)",
};
static const struct db_schema schema = {"dcm", steps, 1};

struct state {
	char *tls_roots_path;
	uint64_t enrolled, re_enrolled, refused, bundles;
};

/* ---- the list of devices ---- */

static bool device_add(struct db *db, const json_t *entry)
{
	const char *device = json_string_value(json_object_get(entry, "device"));
	const char *kind = json_string_value(json_object_get(entry, "kind"));

	if (device == NULL || device[0] == '\0' || strlen(device) > 64 || kind == NULL ||
	    (strcmp(kind, "obe") != 0 && strcmp(kind, "rse") != 0))
		return false;
	return db_run(db, "INSERT INTO devices (device, kind, state) VALUES ($1, $2, 0) ON CONFLICT (device) DO NOTHING",
		      DB_VALUES(db_text(device), db_text(kind))) >= 0;
}

static void devices_post(struct service *service, struct http_exchange *exchange)
{
	struct scms_slice body = http_body(exchange);
	json_error_t error;
	json_t *list = json_loadb((const char *)body.p, body.n, JSON_REJECT_DUPLICATES, &error), *entry;
	size_t k;

	if (!json_is_array(list)) {
		service_refuse(service, exchange, 400, 0, "expected a list of devices: %s", list == NULL ? error.text : "not a list");
		json_decref(list);
		return;
	}
	if (!commit_begin(service->commit)) {
		service_refuse(service, exchange, 503, 0, "no transaction: %s", db_error(service->db));
		json_decref(list);
		return;
	}
	json_array_foreach(list, k, entry) {
		if (device_add(service->db, entry))
			continue;
		/* Those before it stay: they are right, and to send them again does no harm. */
		service_refuse(service, exchange, 400, 0, "device %zu: expected \"device\" of 1 to 64 bytes and \"kind\" obe or rse", k);
		json_decref(list);
		return;
	}
	json_decref(list);
	commit_answer(service->commit, exchange, 200, ANSWER_TYPE, (struct scms_slice){NULL, 0});
}

static void devices_get(struct service *service, struct http_exchange *exchange)
{
	int64_t listed = db_number(service->db, "SELECT COUNT(*) FROM devices WHERE state = 0", NULL, 0, -1);
	int64_t enrolled = db_number(service->db, "SELECT COUNT(*) FROM devices WHERE state = 1", NULL, 0, -1);

	if (listed < 0 || enrolled < 0)
		service_refuse(service, exchange, 503, 0, "the database refused: %s", db_error(service->db));
	else
		service_answer_json(exchange, 200,
				    json_pack("{s:I, s:I}", "listed", (json_int_t)listed, "enrolled", (json_int_t)enrolled));
}

/* ---- bundles ---- */

static struct trust_env env_of(const struct service *service)
{
	return (struct trust_env){service->party->crypto, trustee_objects(service->trustee)};
}

static void bundle_get(struct service *service, struct http_exchange *exchange)
{
	struct state *state = service->state;
	const struct scms_store *store = trustee_store(service->trustee);
	struct bundle_extras extras = {.ra_host = service_text(service, "ra_host"),
				       .ra_url = service_text(service, "ra_url"),
				       .crl_url = service_text(service, "crl_url")};
	struct file_error file_err;
	struct key_error err;
	struct bytes bundle;

	if (store == NULL) {
		service_refuse(service, exchange, 503, 0, "the trust store cannot be read");
		return;
	}
	if (file_read(state->tls_roots_path, ROOTS_MAX, &extras.tls_roots, &file_err) != FILE_OK) {
		service_refuse(service, exchange, 503, 0, "%s: %s", state->tls_roots_path, file_err.text);
		return;
	}
	if (bundle_make(store, env_of(service), clock_now(), &extras, &bundle, &err) == KEY_OK) {
		state->bundles++;
		http_answer(exchange, 200, "application/zip", bytes_view(&bundle));
	} else {
		service_refuse(service, exchange, err.status == KEY_REFUSED ? 409 : 503, 0, "%s", err.text);
	}
	bytes_free(&bundle);
	free((void *)(uintptr_t)extras.tls_roots.p);
}

static void update_get(struct service *service, struct http_exchange *exchange)
{
	const struct scms_store *store = trustee_store(service->trustee);
	struct bytes update = {NULL, 0};
	struct key_error err = {.text = "the trust store cannot be read"};

	if (store != NULL && bundle_update(store, env_of(service), &update, &err) == KEY_OK)
		http_answer(exchange, 200, ANSWER_TYPE, bytes_view(&update));
	else
		service_refuse(service, exchange, 503, 0, "%s", err.text);
	bytes_free(&update);
}

/* ---- enrolment ---- */

/* An order on its way: to the ECA, and of a re-enrolment then to the RA. */
struct order {
	struct service *service;
	struct http_exchange *exchange;
	char device[65];
	bool has_previous;
	uint8_t previous[8], now_id8[8];
	uint8_t request_hash[32];
	struct bytes answer; /* of the ECA */
};

static void order_free(struct order *order)
{
	bytes_free(&order->answer);
	free(order);
}

static void order_refuse(struct order *order, int status, const char *text)
{
	struct state *state = order->service->state;

	state->refused++;
	service_refuse(order->service, order->exchange, status, 0, "%s: %s", order->device, text);
	order_free(order);
}

static void order_deliver(struct order *order)
{
	struct service *service = order->service;
	struct state *state = service->state;

	if (!commit_begin(service->commit) ||
	    db_run(service->db, "UPDATE devices SET state = 1, id8 = $2, request = $3, enrolled = $4 WHERE device = $1",
		   DB_VALUES(db_text(order->device), db_bytes(order->now_id8, 8), db_bytes(order->request_hash, 32),
			     db_integer((int64_t)clock_now()))) != 1) {
		order_refuse(order, 503, db_error(service->db));
	} else {
		if (order->has_previous)
			state->re_enrolled++;
		else
			state->enrolled++;
		commit_answer(service->commit, order->exchange, 200, ANSWER_TYPE, bytes_view(&order->answer));
		order_free(order);
	}
}

static void order_succeeded(void *ctx, const struct http_result *result)
{
	struct order *order = ctx;

	if (result->status == 200)
		order_deliver(order);
	else
		order_refuse(order, 502, result->status == 0 ? result->error : "the RA does not take the succession");
}

/* Tells the RA whose linkage chains the new certificate continues; only then may the device have it. */
static void order_succession(struct order *order)
{
	const struct EnrolmentSuccession succession = {.version = 1, .old = order->previous, .new = order->now_id8};
	struct bytes body = {NULL, 0};
	struct key_error err;

	if (make_bytes(&oer_EnrolmentSuccession, &succession, &body, &err) != KEY_OK ||
	    !service_call(order->service, "ra", "/enrolment-succession", bytes_view(&body), 4096, order_succeeded, order))
		order_refuse(order, 503, "out of memory");
	bytes_free(&body);
}

/* Checks the ECA's answer as the device will: an answer that the device would refuse is of no use, or worse. */
static bool answer_check(struct order *order, const char **text)
{
	const struct party *me = order->service->party;
	struct message message;
	struct ScmsPDU pdu;
	struct bytes certificate = {NULL, 0};
	struct cert cert;
	bool good = false;
	enum message_status status = message_open(me, envelope_find("SignedEeEnrollmentCertResponse"), bytes_view(&order->answer),
						  clock_now(), trustee_judge(order->service->trustee), &message);

	*text = "the ECA's answer cannot be read";
	if (status == MESSAGE_OK && oer_decode(&oer_ScmsPDU, message.content, OER_DEPTH_DEFAULT, &pdu, NULL) == OER_OK &&
	    make_bytes(&oer_Certificate, &pdu.content.u.eca_ee.u.ecaEeCertResponse.enrollmentCert, &certificate, NULL) == KEY_OK &&
	    cert_read(&cert, bytes_view(&certificate), me->crypto, NULL) == OER_OK) {
		memcpy(order->now_id8, cert_id8(&cert), 8);
		good = true;
	} else if (status == MESSAGE_SIGNER) {
		*text = scms_reason_text(message.reason);
	} else if (status != MESSAGE_OK) {
		*text = message_status_text(status);
	}
	bytes_free(&certificate);
	message_free(&message);
	return good;
}

static void order_answered(void *ctx, const struct http_result *result)
{
	struct order *order = ctx;
	const char *text;

	if (result->status != 200) {
		order_refuse(order, 502, result->status == 0 ? result->error : "the ECA refused");
		return;
	}
	order->answer = (struct bytes){malloc(result->body.n), result->body.n};
	if (order->answer.p == NULL) {
		order_refuse(order, 503, "out of memory");
		return;
	}
	memcpy(order->answer.p, result->body.p, result->body.n);
	if (!answer_check(order, &text))
		order_refuse(order, 502, text);
	else if (order->has_previous)
		order_succession(order);
	else
		order_deliver(order);
}

/* May this device be enrolled now? */
struct listed {
	bool found;
	int64_t state;
	uint8_t id8[8], request[32];
};

static bool take_listed(void *ctx, const struct db_value *columns, size_t count)
{
	struct listed *listed = ctx;

	(void)count;
	listed->found = true;
	listed->state = columns[0].integer;
	if (columns[1].bytes.n == sizeof(listed->id8))
		memcpy(listed->id8, columns[1].bytes.p, sizeof(listed->id8));
	if (columns[2].bytes.n == sizeof(listed->request))
		memcpy(listed->request, columns[2].bytes.p, sizeof(listed->request));
	return false;
}

static const char *order_check(const struct order *order)
{
	struct listed listed = {.found = false};

	if (db_each(order->service->db, "SELECT state, id8, request FROM devices WHERE device = $1", DB_VALUES(db_text(order->device)),
		    take_listed, &listed) < 0)
		return "the database refused";
	if (!listed.found)
		return "is not on the list of devices that may be enrolled";
	if (listed.state == DEVICE_LISTED)
		return order->has_previous ? "was never enrolled: nothing can be replaced" : NULL;
	if (memcmp(listed.request, order->request_hash, 32) == 0)
		return NULL; /* the same order again: the ECA gives the same answer */
	if (!order->has_previous)
		return "is enrolled already: name the certificate that is to be replaced";
	return memcmp(listed.id8, order->previous, 8) == 0 ? NULL : "has another certificate than the one to be replaced";
}

static void enrol(struct service *service, struct http_exchange *exchange)
{
	struct EnrolmentOrder value;
	struct oer_error oer;
	struct order *order;
	const char *text;

	if (oer_decode(&oer_EnrolmentOrder, http_body(exchange), OER_DEPTH_DEFAULT, &value, &oer) != OER_OK) {
		service_refuse(service, exchange, 400, 0, "%s: expected %s, found %s", oer.path, oer.expected, oer.found);
		return;
	}
	order = calloc(1, sizeof(*order));
	if (order == NULL) {
		service_refuse(service, exchange, 503, 0, "out of memory");
		return;
	}
	order->service = service;
	order->exchange = exchange;
	memcpy(order->device, value.device.p, value.device.n);
	order->has_previous = value.has_previous;
	if (value.has_previous)
		memcpy(order->previous, value.previous, 8);
	service->party->crypto->sha256(service->party->crypto->ctx, &value.request, 1, order->request_hash);
	text = order_check(order);
	if (text != NULL)
		order_refuse(order, 403, text);
	else if (!service_call(service, "eca", "/provision-enrollment-certificate", value.request, ANSWER_MAX, order_answered, order))
		order_refuse(order, 503, "out of memory");
}

/* ---- the role ---- */

/* What every bundle says: a device that is told wrong is not reached again. */
static const char *settings_check(const struct service *service, struct service_error *err)
{
	static const struct {
		const char *name, *begin, *like;
	} rows[] = {
	    {"ra_host", "", "the host name in the RA's certificate: ra_host = \"ra1.example.com\";"},
	    {"ra_url", "https://", "the RA's address, as devices reach it: ra_url = \"https://ra1.example.com:8892\";"},
	    {"crl_url", "https://", "the address of the composite CRL: crl_url = \"https://crl.example.com:8894/download-crl/\";"},
	};

	for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
		const char *found = service_text(service, rows[k].name);

		if (found != NULL && found[0] != '\0' && strncmp(found, rows[k].begin, strlen(rows[k].begin)) == 0)
			continue;
		snprintf(err->text, sizeof(err->text), "expected %s, found %.200s", rows[k].like, found != NULL ? found : "none");
		return rows[k].name;
	}
	return NULL;
}

static bool start(struct service *service, struct service_error *err)
{
	struct state *state = calloc(1, sizeof(*state));

	if (state == NULL || asprintf(&state->tls_roots_path, "%s/tls/roots.pem", service->path) < 0) {
		free(state);
		snprintf(err->text, sizeof(err->text), "%s: out of memory", service->name);
		return false;
	}
	service->state = state;
	return true;
}

static void stop(struct service *service)
{
	struct state *state = service->state;

	free(state->tls_roots_path);
	free(state);
}

static void metrics(struct service *service, struct metrics *to)
{
	const struct state *state = service->state;

	metrics_counter(to, "scms_dcm_enrolments", "Devices enrolled", NULL, state->enrolled);
	metrics_counter(to, "scms_dcm_re_enrolments", "Devices enrolled anew", NULL, state->re_enrolled);
	metrics_counter(to, "scms_dcm_refused", "Orders refused", NULL, state->refused);
	metrics_counter(to, "scms_dcm_bundles", "Bundles made", NULL, state->bundles);
}

static const struct service_route routes[] = {
    {HTTP_POST, "/devices", "manager", DEVICES_MAX_BYTES, 0, devices_post},
    {HTTP_GET, "/devices", "manager", 0, 0, devices_get},
    {HTTP_GET, "/bundle", "factory manager", 0, SERVICE_ISSUES, bundle_get},
    {HTTP_GET, "/update", "factory manager", 0, SERVICE_ISSUES, update_get},
    {HTTP_POST, "/enrol", "factory", ORDER_MAX, SERVICE_ISSUES, enrol},
    {0},
};

static const struct role_setting settings[] = {
    {"ra_host", SETTING_TEXT, 0, 0, 0, NULL, "name in the certificate of the devices' RA"},
    {"ra_url", SETTING_TEXT, 0, 0, 0, NULL, "address of the RA, as devices reach it"},
    {"crl_url", SETTING_TEXT, 0, 0, 0, NULL, "address of the composite CRL"},
    {0},
};

static const struct role_peer peers[] = {{"eca", PEER_NEEDED}, {"ra", PEER_NEEDED}, {NULL, PEER_NEEDED}};

const struct role_service dcm_service = {
    .name = "dcm",
    .schema = &schema,
    .routes = routes,
    .settings = settings,
    .peers = peers,
    .check = settings_check,
    .start = start,
    .stop = stop,
    .metrics = metrics,
};

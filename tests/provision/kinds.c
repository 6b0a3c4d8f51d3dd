/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Behind the socket: identification and application certificates, certificates that the RA must be able to name to the
 * MA, topping up as time goes by, a re-enrolment that continues its linkage chains, a request that comes twice, and another PCA.
 */
#include "components/archive.h"
#include "components/period.h"
#include "components/pg/policy_json.h"
#include "components/ra/local_policy.h"
#include "components/role_service.h"
#include "crypto/butterfly.h"
#include "dot2/issue.h"
#include "tests/check.h"
#include "tests/dot2/judge.h"
#include "tests/provision/kinds.h"
#include "tests/provision/vehicle.h"

#include <stdlib.h>

struct world world;
static struct key_error err;

static const struct IdentifiedRegion usa[] = {{.choice = IdentifiedRegion_is_countryOnly, .u.countryOnly = 840}};
static const struct GeographicRegion region = {.choice = GeographicRegion_is_identifiedRegion,
					       .u.identifiedRegion = {.items = usa, .count = 1, .element = &oer_IdentifiedRegion}};

int64_t number(enum world_component which, const char *sql)
{
	return db_number(behind_service(which)->db, sql, NULL, 0, -1);
}

/* Signs, encrypts and posts; hash becomes that of the request. */
static int post(const struct person *who, const char *signed_row, const char *path, const struct ScmsPDU *pdu, uint8_t hash[8])
{
	struct party me = world_party(who);
	struct bytes encoded = {NULL, 0}, inner = {NULL, 0}, made = {NULL, 0};
	struct recipient to;
	struct scms_slice view;
	uint8_t full[32];
	int status;

	world_must(make_bytes(&oer_ScmsPDU, pdu, &encoded, &err) == KEY_OK &&
		       message_make(&me, envelope_find(signed_row), bytes_view(&encoded), 0, NULL, &inner, &err) == KEY_OK &&
		       message_recipient(&world.cert[WORLD_RA], &judge, &to, &err) == KEY_OK &&
		       encrypted_data_make(&to, 1, bytes_view(&inner), &made, &err) == KEY_OK,
		   signed_row, err.text);
	view = bytes_view(&inner);
	judge.sha256(judge.ctx, &view, 1, full);
	memcpy(hash, full + 24, 8);
	status = behind_request(WORLD_RA, path, bytes_view(&made), NULL, NULL);
	bytes_free(&encoded);
	bytes_free(&inner);
	bytes_free(&made);
	return status;
}

static struct bytes download(const struct person *who, const char *path, const char *file)
{
	char *header = vehicle_download(&world, who, file, role_now());
	struct bytes body = {NULL, 0};
	int status = behind_request(WORLD_RA, path, (struct scms_slice){NULL, 0}, header + strlen("Download-Req: "), &body);

	CHECK(status == 200, "%s %s: %d", path, file, status);
	free(header);
	return body;
}

/* Has the certificate these PSIDs, and no others? */
static bool permits(const struct cert *cert, const uint64_t *psid, unsigned n)
{
	struct oer_iter it = oer_iterate(&cert->c.toBeSigned.appPermissions);
	struct PsidSsp permission;
	unsigned k = 0;

	while (oer_next(&it, &permission))
		if (k == n || permission.psid != psid[k++])
			return false;
	return k == n;
}

/* Opens a SignedEncryptedCertificateResponse: is it for this key, and does the certificate belong to that one? */
static void certificate_right(struct scms_slice file, struct private_key *respond, struct private_key *sign, const struct person *who,
			      const uint64_t *psid, unsigned n)
{
	struct SignedData data;
	struct scms_slice opaque, view;
	struct ToBeSignedEncryptedCertificateResponse response;
	struct Ieee1609Dot2Data inner;
	struct PlaintextCertificateResponse plain;
	struct recipient me;
	struct bytes encrypted = {NULL, 0}, opened = {NULL, 0}, bytes = {NULL, 0};
	struct private_key *key = NULL;
	struct cert cert;

	world_must(signed_data_read(&data, file, 8, NULL) == OER_OK && signed_data_unsecured(&data, &opaque) &&
		       oer_decode(&oer_ToBeSignedEncryptedCertificateResponse, opaque, 8, &response, NULL) == OER_OK &&
		       make_bytes(&oer_Ieee1609Dot2Data, &response.encrypted_cert, &encrypted, &err) == KEY_OK &&
		       recipient_of_response_key(private_key_public(respond), &judge, &me, &err) == KEY_OK &&
		       encrypted_data_open(bytes_view(&encrypted), &me, respond, &opened, &err) == KEY_OK,
		   "response", err.text);
	world_must(oer_decode(&oer_Ieee1609Dot2Data, bytes_view(&opened), 8, &inner, NULL) == OER_OK &&
		       oer_decode(&oer_PlaintextCertificateResponse, inner.content.u.unsecuredData, 8, &plain, NULL) == OER_OK &&
		       plain.choice == PlaintextCertificateResponse_is_implicit &&
		       make_bytes(&oer_Certificate, &plain.u.implicit.certificate, &bytes, &err) == KEY_OK,
		   "response", "holds no certificate");
	view = bytes_view(&bytes);
	CHECK(cert_read(&cert, view, &judge, NULL) == OER_OK, "certificate");
	CHECK(cert_accept_implicit(&cert, &world.cert[WORLD_PCA], sign, plain.u.implicit.priv_key_reconstruction_s, &judge, &key, &err) ==
		  KEY_OK,
	      "%s", err.text);
	CHECK(cert.c.toBeSigned.crlSeries == 3 && cert.c.toBeSigned.id.choice == CertificateId_is_binaryId &&
		  memcmp(cert.c.toBeSigned.id.u.binaryId.p, cert_id8(&who->cert), 8) == 0,
	      "the RIF of its holder, series 3");
	CHECK(permits(&cert, psid, n), "what it may be used for");
	CHECK(db_number(behind_service(WORLD_RA)->db, "SELECT count(*) FROM item WHERE id10 = $1", DB_VALUES(db_bytes(cert_id10(&cert), 10)),
			0) == 1,
	      "the RA can name it");
	private_key_free(key);
	bytes_free(&encrypted);
	bytes_free(&opened);
	bytes_free(&bytes);
}

/* away: while the PCA is not known. It is promised then, and made when the PCA is there. */
static void application(bool away)
{
	static const uint64_t services[] = {0x80, 0x81, 0x82, 0x83, 0x87};
	struct person rse;
	struct private_key *sign, *respond;
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct EeRaAppCertProvisioningRequest *request = &pdu.content.u.ee_ra.u.eeRaAppCertProvisioningRequest;
	uint8_t hash[8];
	char name[17];
	struct bytes file;

	world_enrol(&world, &rse, true);
	world_must(private_key_random(SCMS_NIST_P256, &sign, &err) == KEY_OK && private_key_random(SCMS_NIST_P256, &respond, &err) == KEY_OK,
		   "keys", err.text);
	pdu.content.u.ee_ra.choice = EndEntityRaInterfacePDU_is_eeRaAppCertProvisioningRequest;
	*request = (struct EeRaAppCertProvisioningRequest){
	    .version = 1, .region = region, .current_time = role_now(), .requested_start_time = role_now()};
	point_to_verification_key(private_key_public(sign), &request->verify_key);
	CHECK(point_to_encryption_key(private_key_public(respond), &request->response_encryption_key), "key");
	if (away) {
		behind_presence(WORLD_PCA, BEHIND_DOWN);
		behind_replace(&world, WORLD_RA);
	}
	CHECK(post(&rse, "SignedAppCertProvisioningRequest", "/provision-application-certificate", &pdu, hash) == 200, "application");
	behind_turn();
	CHECK(!away || db_number(behind_service(WORLD_RA)->db, "SELECT count(*) FROM request WHERE hash = $1 AND i_next = 0 AND stopped = 0",
				 DB_VALUES(db_bytes(hash, 8)), 0) == 1,
	      "kept");
	behind_presence(WORLD_PCA, BEHIND_ANSWERS);
	for (unsigned k = 0; k < 4 && away; k++) {
		clock_set_offset(2 * k);
		behind_turn();
	}
	clock_set_offset(0);
	for (unsigned k = 0; k < 8; k++)
		snprintf(name + 2 * k, 3, "%02x", hash[k]);
	file = download(&rse, "/download/application-certificate", name);
	certificate_right(bytes_view(&file), respond, sign, &rse, services, sizeof(services) / sizeof(services[0]));
	bytes_free(&file);
	request->requested_start_time = role_now() - 400 * 3600;
	CHECK(post(&rse, "SignedAppCertProvisioningRequest", "/provision-application-certificate", &pdu, hash) == 400, "a time that is over");
	request->requested_start_time = role_now() + 400 * 3600;
	CHECK(post(&rse, "SignedAppCertProvisioningRequest", "/provision-application-certificate", &pdu, hash) == 400, "a time too far ahead");
	private_key_free(sign);
	private_key_free(respond);
	person_free(&rse);
}

static struct private_key *cocoon(const uint8_t caterpillar[SCALAR_BYTES], const uint8_t expansion[AES_128_KEY], enum butterfly_kind kind,
				  uint32_t i)
{
	const struct butterfly_index index = {kind, i, 0};
	struct private_key *key = NULL;
	uint8_t d[SCALAR_BYTES];

	world_must(butterfly_private(SCMS_NIST_P256, caterpillar, expansion, &index, d) &&
		       private_key_from_scalar(SCMS_NIST_P256, d, &key, &err) == KEY_OK,
		   "cocoon", err.text);
	return key;
}

static void identification(void)
{
	struct vehicle vehicle;
	struct person without;
	struct ScmsPDU pdu = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct EeRaIdCertProvisioningRequest *request = &pdu.content.u.ee_ra.u.eeRaIdCertProvisioningRequest;
	struct curve_point sign, respond;
	uint32_t period = (role_now() - PERIOD_EPOCH) / (720 * 3600);
	struct private_key *respond_key, *sign_key;
	struct archive archive;
	uint8_t hash[8], other[8];
	char name[64];
	struct bytes file;

	vehicle_begin(&world, &vehicle);
	world_must(curve_mul_base(SCMS_NIST_P256, vehicle.keys.sign, &sign) && curve_mul_base(SCMS_NIST_P256, vehicle.keys.respond, &respond),
		   "keys", "none");
	pdu.content.u.ee_ra.choice = EndEntityRaInterfacePDU_is_eeRaIdCertProvisioningRequest;
	*request = (struct EeRaIdCertProvisioningRequest){.version = 1, .region = region, .current_time = role_now()};
	request->verify_key_info.expansion = vehicle.keys.sign_expansion;
	request->resp_enc_key_info.expansion = vehicle.keys.respond_expansion;
	point_to_256(&sign, &request->verify_key_info.seed_key);
	point_to_256(&respond, &request->resp_enc_key_info.seed_key);
	world.without_service = true;
	world_enrol(&world, &without, false);
	world.without_service = false;
	CHECK(post(&without, "SignedIdCertProvisioningRequest", "/provision-identity-certificate", &pdu, hash) == 403, "a vehicle without a service");
	person_free(&without);
	CHECK(post(&vehicle.enrolment, "SignedIdCertProvisioningRequest", "/provision-identity-certificate", &pdu, hash) == 200,
	      "identification");
	CHECK(post(&vehicle.enrolment, "SignedIdCertProvisioningRequest", "/provision-identity-certificate", &pdu, other) == 409,
	      "asked for before");
	behind_turn();
	behind_turn();
	for (unsigned k = 0; k < 8; k++)
		snprintf(name + 2 * k, 3, "%02x", hash[k]);
	snprintf(name + 16, sizeof(name) - 16, "_%x.zip", period);
	file = download(&vehicle.enrolment, "/download/identity-certificate", name);
	world_must(archive_read(bytes_view(&file), 4, 1 << 20, &archive, &err) == KEY_OK && archive.n == 1, name, err.text);
	respond_key = cocoon(vehicle.keys.respond, vehicle.keys.respond_expansion, BUTTERFLY_ENCRYPTION, period);
	sign_key = cocoon(vehicle.keys.sign, vehicle.keys.sign_expansion, BUTTERFLY_SIGNING, period);
	/* Not what pseudonym certificates are for. */
	certificate_right(bytes_view(&archive.member[0].content), respond_key, sign_key, &vehicle.enrolment, &(uint64_t){WORLD_SERVICE}, 1);
	private_key_free(respond_key);
	private_key_free(sign_key);
	archive_free(&archive);
	bytes_free(&file);
	vehicle_free(&vehicle);
}

/* The LPF's supply of 2 periods, a week later: one more; and the PCA gives the same answer to the same request. */
static void top_up(void)
{
	struct vehicle vehicle;
	struct bytes answer = {NULL, 0};
	int64_t before;

	vehicle_begin(&world, &vehicle);
	CHECK(behind_request(WORLD_RA, "/provision-pseudonym-certificate-batch", bytes_view(&vehicle.sent), NULL, &answer) == 200, "asks");
	bytes_free(&answer);
	for (unsigned k = 0; k < 6; k++)
		behind_turn();
	before = number(WORLD_RA, "SELECT count(*) FROM item WHERE kind = 1 AND state = 4");
	CHECK(before == 2 * 3, "%lld certificates", (long long)before);
	clock_set_offset(PERIOD_SECONDS);
	for (unsigned k = 0; k < 6; k++)
		behind_turn();
	CHECK(number(WORLD_RA, "SELECT count(*) FROM item WHERE kind = 1 AND state = 4") == before + 3, "a week later one period more");
	clock_set_offset(0);
	vehicle_free(&vehicle);
}

/* The DCM says who succeeds whom: the chains go on where they are, and the old enrolment's request ends. */
static void succession(void)
{
	struct vehicle old, new;
	struct EnrolmentSuccession order = {.version = 1};
	struct bytes body = {NULL, 0};
	int64_t chains;

	vehicle_begin(&world, &old);
	vehicle_begin(&world, &new);
	CHECK(behind_request(WORLD_RA, "/provision-pseudonym-certificate-batch", bytes_view(&old.sent), NULL, NULL) == 200, "the old one asks");
	for (unsigned k = 0; k < 6; k++)
		behind_turn();
	chains = number(WORLD_RA, "SELECT count(*) FROM chain");
	order.old = cert_id8(&old.enrolment.cert);
	order.new = cert_id8(&new.enrolment.cert);
	world_must(make_bytes(&oer_EnrolmentSuccession, &order, &body, &err) == KEY_OK, "order", err.text);
	CHECK(behind_request(WORLD_RA, "/enrolment-succession", bytes_view(&body), NULL, NULL) == 200, "succession");
	CHECK(behind_request(WORLD_RA, "/provision-pseudonym-certificate-batch", bytes_view(&new.sent), NULL, NULL) == 200, "the new one asks");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM chain") == chains, "no new chain");
	CHECK(db_number(behind_service(WORLD_RA)->db,
			"SELECT count(*) FROM enrolment AS a JOIN enrolment AS b ON a.chain = b.chain AND a.rif <> b.rif WHERE a.rif = $1",
			DB_VALUES(db_bytes(order.new, 8)), 0) == 1,
	      "one chain for both");
	CHECK(db_number(behind_service(WORLD_RA)->db, "SELECT stopped FROM request WHERE hash = $1", DB_VALUES(db_bytes(old.hash, 8)), 0) == 1,
	      "the old request ends");
	/* Under the same root it begins after what the old one has. */
	clock_set_offset(PERIOD_SECONDS);
	for (unsigned k = 0; k < 6; k++)
		behind_turn();
	CHECK(db_number(behind_service(WORLD_RA)->db,
			"SELECT count(*) FROM item JOIN request ON request.id = item.request WHERE request.hash = $1 AND item.state = 4",
			DB_VALUES(db_bytes(new.hash, 8)), 0) == 3,
	      "one period for the new one");
	CHECK(number(WORLD_PCA, "SELECT count(*) - count(DISTINCT lv) FROM issued") == 0, "no value twice");
	clock_set_offset(0);
	bytes_free(&body);
	order.new = order.old;
	world_must(make_bytes(&oer_EnrolmentSuccession, &order, &body, &err) == KEY_OK, "order", err.text);
	CHECK(behind_request(WORLD_RA, "/enrolment-succession", bytes_view(&body), NULL, NULL) == 400, "in place of itself");
	body.n--;
	CHECK(behind_request(WORLD_RA, "/enrolment-succession", bytes_view(&body), NULL, NULL) == 400, "cut");
	bytes_free(&body);
	vehicle_free(&old);
	vehicle_free(&new);
}

/* An ECA that the RA's list names no more: nothing is made for its devices, and they are refused. Named again, they ask again. */
static void whitelist(void)
{
	struct vehicle vehicle;

	CHECK(number(WORLD_RA, "SELECT count(*) FROM eca WHERE served = 1") == 1, "one ECA");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM request WHERE stopped = 0") > 0, "requests under way");
	behind_settings(KINDS_SETTINGS " ecas=other.localhost");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM eca WHERE served = 1") == 0, "served no more");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM request WHERE stopped = 0") == 0, "their requests have ended");
	vehicle_begin(&world, &vehicle);
	CHECK(behind_request(WORLD_RA, "/provision-pseudonym-certificate-batch", bytes_view(&vehicle.sent), NULL, NULL) == 403, "is refused");
	behind_settings(KINDS_SETTINGS " ecas=eca.localhost");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM request WHERE stopped = 0") == 0, "what has ended has ended");
	CHECK(behind_request(WORLD_RA, "/provision-pseudonym-certificate-batch", bytes_view(&vehicle.sent), NULL, NULL) == 200, "is served");
	CHECK(number(WORLD_RA, "SELECT count(*) FROM eca WHERE served = 1") == 1, "served again");
	vehicle_free(&vehicle);
}

/* Settings change the RA's copy of the policy within the range that is left to it; beyond, they do not hold but in test mode. */
static void own_policy(void)
{
	struct service *ra = behind_service(WORLD_RA);
	struct policy_content *global = calloc(3, sizeof(*global)), *custom = global + 1, *local = global + 2;
	struct policy_fault faults[POLICY_FAULTS_MAX];
	const char *setting;
	struct service_error refused;
	struct ra_policy policy;

	policy_draft_defaults(global, 2);
	behind_settings("certificates_per_period=40 supply=86400 max_request_age=10000000 shuffle_threshold=2000 drop=rseApplicationCertOverlap");
	ra->test_mode = false;
	ra_policy_read(ra, global, &policy);
	CHECK(policy.per_period == 40 && policy.supply == 86400 && policy.max_age == 2 * 86400 && policy.shuffle_threshold == 2000,
	      "%u %u %u %u", policy.per_period, policy.supply, policy.max_age, policy.shuffle_threshold);
	ra_policy_custom(ra, global, custom);
	CHECK(policy_custom_check(global, custom, role_host(ra), clock_now(), faults) == 0, "%s: %s", faults[0].parameter, faults[0].text);
	CHECK(custom->item[POLICY_MIN_CERTS].initial.n == 40 && !custom->item[POLICY_RSE_OVERLAP].has && custom->item[POLICY_RSE_VALIDITY].has,
	      "custom");
	CHECK(policy_value_size(POLICY_MAX_SUPPLY, &custom->item[POLICY_MAX_SUPPLY].initial) == 86400u * UINT64_C(1000000), "lowered");
	CHECK(policy_value_size(POLICY_MAX_REQUEST_AGE, &custom->item[POLICY_MAX_REQUEST_AGE].initial) == 2 * 86400u * UINT64_C(1000000), "not raised");
	ra_state_of(ra)->policy = policy;
	ra_policy_local(ra, custom, local);
	CHECK(policy_local_check(custom, local, faults) == 0, "%s: %s", faults[0].parameter, faults[0].text);
	behind_settings("certificates_per_period=3");
	ra_policy_read(ra, global, &policy);
	CHECK(policy.per_period == 20, "too few: %u", policy.per_period);
	ra->test_mode = true;
	ra_policy_read(ra, global, &policy);
	CHECK(policy.per_period == 3, "in a test: %u", policy.per_period);
	/* What is critical is asked for all the same, and the PG says no. */
	behind_settings("drop=quorum");
	ra_policy_custom(ra, global, custom);
	CHECK(policy_custom_check(global, custom, role_host(ra), clock_now(), faults) == 1 && strcmp(faults[0].parameter, "quorum") == 0, "quorum");
	behind_settings("drop=quorums");
	setting = ra_settings_check(ra, &refused);
	CHECK(setting != NULL && strcmp(setting, "drop") == 0 && strstr(refused.text, "no parameter 'quorums'") != NULL, "%s", refused.text);
	behind_settings(KINDS_SETTINGS);
	CHECK(ra_settings_check(ra, &refused) == NULL, "none");
	free(global);
}

int main(void)
{
	char folder[WORLD_FOLDER];

	world_folder(folder);
	world_make(&world, folder, "");
	behind_open(&world, &judge, KINDS_SETTINGS);
	top_up();
	application(false);
	application(true);
	identification();
	succession();
	CHECK(another_pca() == 0, "another PCA");
	CHECK(without_pca() == 0, "without a PCA");
	CHECK(killed_at_each_commit() == 0, "killed");
	CHECK(another_la() == 0, "another LA");
	clock_set_offset(0);
	whitelist();
	own_policy();
	behind_close();
	world_free(&world);
	world_gone(folder);
	return check_done();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A device's folder, and what it signs with: refused bundles, kinds of certificates, ceasing and resuming. */
#include "components/authority/profile.h"
#include "components/ee/issuers.h"
#include "components/period.h"
#include "tests/check.h"
#include "tests/ee/town.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <unistd.h>

static struct town town;
static const uint8_t payload[] = "here I am";
static const struct ee_message safety = {.psid = 0x20, .payload = {payload, sizeof(payload)}, .attach = true};

/* ---- the factory's bundle ---- */

static const struct {
	const char *name, *member, *with; /* NULL: without it */
	const char *says;
} bundles[] = {
    {"no RA", "ra.coer", NULL, "ra.coer: is not in the bundle"},
    {"no TLS roots", "tls-roots.pem", NULL, "tls-roots.pem: is not in the bundle"},
    {"no settings", "device.json", NULL, "is no JSON object"},
    {"settings that are no JSON", "device.json", "{", "is no JSON object"},
    {"settings twice the same", "device.json", "{\"ra\": \"https://a\", \"ra\": \"https://b\", \"crl\": \"https://c\"}", "is no JSON object"},
    {"no address of the RA", "device.json", "{\"crl\": \"https://crl.example\"}", "addresses"},
    {"no address of the CRL", "device.json", "{\"ra\": \"https://ra.example\"}", "addresses"},
    {"without TLS", "device.json", "{\"ra\": \"http://ra.example\", \"crl\": \"https://crl.example\"}", "https://"},
    {"a file for an address", "device.json", "{\"ra\": \"https://ra.example\", \"crl\": \"file:///etc/passwd\"}", "https://"},
    {"no host", "device.json", "{\"ra\": \"https://\", \"crl\": \"https://crl.example\"}", "addresses"},
    {"a line break", "device.json", "{\"ra\": \"https://ra.example\\r\\nX: y\", \"crl\": \"https://crl.example\"}", "addresses"},
    {"a number for an address", "device.json", "{\"ra\": 1, \"crl\": \"https://crl.example\"}", "addresses"},
    {"no bootstrap", "bootstrap.json", NULL, "bootstrap.json"},
    {"a bootstrap without root", "bootstrap.json", "{\"electors\": [], \"roots\": [\"none.coer\"], \"now\": 0, \"quorum\": 2}", "none.coer"},
    {"a bootstrap that is no JSON", "bootstrap.json", "[", "bootstrap.json"},
    {"a root that is no certificate", "root.coer", "root", ""},
};

static void bundle_refused(size_t row)
{
	const struct device_identity identity = {.serial = "car", .kind = DEVICE_OBE};
	struct archive_member member[16], keep;
	struct bytes bundle = {NULL, 0};
	struct device_error why = {.text = ""};
	struct key_error err;
	char path[400], beside[410];
	size_t n = town_bundle(&town, member), k = 0;

	while (strcmp(member[k].name, bundles[row].member) != 0)
		k++;
	keep = member[k];
	if (bundles[row].with != NULL)
		member[k].content = (struct bytes){OPENSSL_memdup(bundles[row].with, strlen(bundles[row].with)), strlen(bundles[row].with)};
	else
		member[k] = member[n - 1];
	snprintf(path, sizeof(path), "%s/refused", town.folder);
	snprintf(beside, sizeof(beside), "%s.new", path);
	town_must(archive_make(member, bundles[row].with != NULL ? n : n - 1, &bundle, &err) == KEY_OK, "bundle", err.text);
	CHECK(!device_create(path, bytes_view(&bundle), &identity, TOWN_NOW, &judge, &why), "%s", bundles[row].name);
	CHECK(strstr(why.text, bundles[row].says) != NULL, "%s: says \"%s\"", bundles[row].name, why.text);
	CHECK(access(path, F_OK) != 0 && access(beside, F_OK) != 0, "%s: something is left", bundles[row].name);
	bytes_free(&bundle);
	if (bundles[row].with != NULL)
		bytes_free(&member[k].content);
	else
		n--;
	bytes_free(&keep.content);
	for (size_t m = 0; m < n; m++)
		if (m != k || bundles[row].with == NULL)
			bytes_free(&member[m].content);
}

static void no_bundle(void)
{
	const struct device_identity identity = {.serial = "car", .kind = DEVICE_OBE};
	struct device_error why = {.text = ""};
	char path[400];

	snprintf(path, sizeof(path), "%s/none", town.folder);
	CHECK(!device_create(path, (struct scms_slice){payload, sizeof(payload)}, &identity, TOWN_NOW, &judge, &why) &&
		  strstr(why.text, "the bundle") != NULL,
	      "%s", why.text);
	snprintf(path, sizeof(path), "%s/none/deeper", town.folder);
	CHECK(!device_create(path, (struct scms_slice){payload, sizeof(payload)}, &identity, TOWN_NOW, &judge, &why), "no folder above");
}

/* ---- signing ---- */

static enum key_status sign(struct town_device *car, scms_time64 now, uint64_t psid, struct key_error *err)
{
	struct ee_message message = safety;
	struct bytes out = {NULL, 0};
	enum key_status status;

	message.psid = psid;
	status = ee_sender_sign(&car->sender, &car->device, now, &message, &out, err);
	bytes_free(&out);
	return status;
}

static void kinds(void)
{
	struct town_device car, unit;
	struct key_error err = {.text = ""};
	uint16_t week = ee_batch_period(EE_PSEUDONYM, TOWN_NOW), month = ee_batch_period(EE_IDENTIFICATION, TOWN_NOW);

	town_device(&town, &car, "kinds", DEVICE_OBE);
	town_device(&town, &unit, "unit", DEVICE_RSE);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_NOT_FOUND && strstr(err.text, "asked for") != NULL, "%s", err.text);
	town_issue(&town, &car, town_ask(&car, EE_PSEUDONYM), (uint16_t)(week + 1), NULL);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_NOT_FOUND && strstr(err.text, "at hand") != NULL, "%s", err.text);
	town_issue(&town, &car, ee_state_next(&car.device.state, EE_PSEUDONYM, NULL), week, NULL);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&car, TOWN_NOW, 0x26, &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&car, TOWN_NOW, 0x4082, &err) == KEY_NOT_FOUND, "a service without identification certificates");
	town_issue(&town, &car, town_ask(&car, EE_IDENTIFICATION), month, NULL);
	CHECK(sign(&car, TOWN_NOW, 0x4082, &err) == KEY_OK, "%s", err.text);
	CHECK(ee_sender_current(&car.sender, EE_IDENTIFICATION)->cert.c.toBeSigned.id.choice == CertificateId_is_binaryId, "it is named");
	CHECK(ee_sender_current(&car.sender, EE_PSEUDONYM)->cert.c.toBeSigned.id.choice == CertificateId_is_linkageData, "it is not named");
	CHECK(sign(&car, TOWN_NOW + PERIOD_SECONDS * 1000000ull, 0x20, &err) == KEY_OK, "the next period: %s", err.text);
	CHECK(sign(&car, TOWN_NOW + 2 * PERIOD_SECONDS * 1000000ull, 0x20, &err) == KEY_NOT_FOUND, "the one after it");
	CHECK(sign(&unit, TOWN_NOW, 0x83, &err) == KEY_NOT_FOUND, "no application certificate");
	town_issue(&town, &unit, town_ask(&unit, EE_APPLICATION), 0, NULL);
	CHECK(sign(&unit, TOWN_NOW, 0x83, &err) == KEY_OK, "%s", err.text);
	CHECK(sign(&unit, TOWN_NOW + 170 * 3600 * 1000000ull, 0x83, &err) == KEY_NOT_FOUND && strstr(err.text, "not valid now") != NULL, "%s",
	      err.text);
	town_device_close(&car);
	town_device_close(&unit);
}

/* Each change takes another certificate, and all of them in turn. */
static void changes(void)
{
	struct town_device car;
	uint8_t seen[TOWN_BATCH][8];

	town_device(&town, &car, "changes", DEVICE_OBE);
	town_issue(&town, &car, town_ask(&car, EE_PSEUDONYM), ee_batch_period(EE_PSEUDONYM, TOWN_NOW), NULL);
	for (unsigned k = 0; k < TOWN_BATCH + 1; k++) {
		struct bytes message = town_message(&car, TOWN_NOW, &safety);
		const uint8_t *id8 = cert_id8(&ee_sender_current(&car.sender, EE_PSEUDONYM)->cert);

		for (unsigned m = 0; m < k && m < TOWN_BATCH; m++)
			CHECK((memcmp(seen[m], id8, 8) == 0) == (k - m == TOWN_BATCH), "certificate %u at change %u", m, k);
		if (k < TOWN_BATCH)
			memcpy(seen[k], id8, 8);
		bytes_free(&message);
		ee_sender_change(&car.sender);
	}
	town_device_close(&car);
}

/* What is not for this device, or not right, is not taken. */
static void batches_refused(void)
{
	struct town_device car, other;
	const struct ee_request *mine, *theirs;
	struct archive archive;
	struct ee_certified certified;
	struct key_error err = {.text = ""};
	uint16_t week = ee_batch_period(EE_PSEUDONYM, TOWN_NOW);

	town_device(&town, &car, "batch", DEVICE_OBE);
	town_device(&town, &other, "batch-other", DEVICE_OBE);
	mine = town_ask(&car, EE_PSEUDONYM);
	theirs = town_ask(&other, EE_PSEUDONYM);
	town_issue(&town, &car, mine, week, NULL);
	CHECK(ee_batch_get(&car.device, mine, week, &archive, &err) == KEY_OK && archive.n == TOWN_BATCH, "%s", err.text);
#define TAKE(device_, request_, period_) ee_batch_take(device_, request_, period_, &archive.member[0], TOWN_NOW, &certified, &err)
	CHECK(TAKE(&car.device, mine, week) == KEY_OK, "%s", err.text);
	ee_certified_free(&certified);
	CHECK(TAKE(&other.device, theirs, week) == KEY_NOT_FOR_US, "another's: %s", err.text);
	CHECK(TAKE(&car.device, mine, (uint16_t)(week + 1)) == KEY_MALFORMED, "another period's name");
	archive.member[0].content.p[archive.member[0].content.n / 2] ^= 1;
	CHECK(TAKE(&car.device, mine, week) != KEY_OK, "a byte changed");
	archive.member[0].content.p[archive.member[0].content.n / 2] ^= 1;
	archive.member[0].content.n--;
	CHECK(TAKE(&car.device, mine, week) == KEY_MALFORMED, "cut");
	archive.member[0].content.n++;
	snprintf(archive.member[0].name, sizeof(archive.member[0].name), "%x_1", week);
	CHECK(TAKE(&car.device, mine, week) != KEY_OK, "another number");
	snprintf(archive.member[0].name, sizeof(archive.member[0].name), "%x_100", week);
	CHECK(TAKE(&car.device, mine, week) == KEY_MALFORMED, "a number too large");
	archive_free(&archive);
	town_issue(&town, &car, mine, week, &town.pca2);
	CHECK(ee_batch_get(&car.device, mine, week, &archive, &err) == KEY_OK, "%s", err.text);
	CHECK(TAKE(&car.device, mine, week) == KEY_REFUSED, "a PCA that it does not know");
	archive_free(&archive);
	CHECK(ee_batch_get(&car.device, mine, (uint16_t)(week + 1), &archive, &err) == KEY_NOT_FOUND, "none");
	CHECK(ee_batch_read(mine, (struct scms_slice){payload, sizeof(payload)}, &archive, &err) == KEY_MALFORMED, "no archive");
	town_device_close(&car);
	town_device_close(&other);
}

/* ---- ceasing, resuming, succeeding ---- */

static struct crl_hash_entry entry_of(struct scms_slice certificate)
{
	struct crl_hash_entry entry = {.expiry = TOWN_NOW32 + 10 * 365 * 86400};
	struct cert cert;

	town_must(cert_read(&cert, certificate, &judge, NULL) == OER_OK, "certificate", "cannot be read");
	memcpy(entry.id, cert_id10(&cert), sizeof(entry.id));
	return entry;
}

/* The enrolment revoked: it ceases (D6.1). Enrolled anew it signs with what the new enrolment asks for, and not before. */
static void ceases(void)
{
	struct town_device car;
	struct crl_hash_entry entry;
	struct key_error err = {.text = ""};
	uint16_t week = ee_batch_period(EE_PSEUDONYM, TOWN_NOW);

	town_device(&town, &car, "ceases", DEVICE_OBE);
	town_issue(&town, &car, town_ask(&car, EE_PSEUDONYM), week, NULL);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "%s", err.text);
	entry = entry_of(bytes_view(&car.device.state.enrolment[0].certificate));
	town_hash_crl(&town, &car, 4, &entry, 1, TOWN_NOW, TOWN_NOW32 + 86400);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_REFUSED && strstr(err.text, "must not operate") != NULL, "%s", err.text);
	CHECK(ee_sender_current(&car.sender, EE_PSEUDONYM) == NULL, "nothing stays loaded");
	CHECK(!device_asked_validly(&car.device, ee_state_next(&car.device.state, EE_PSEUDONYM, NULL), TOWN_NOW), "the request is of no use");
	town_enrol(&town, &car);
	town_issue(&town, &car, town_ask(&car, EE_PSEUDONYM), week, NULL);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "enrolled anew: %s", err.text);
	town_device_close(&car);
}

/* A new enrolment beside one that holds: what the old one asked for goes on until the new one's certificates are there. */
static void succeeds(void)
{
	struct town_device car;
	const struct ee_request *newer;
	struct key_error err = {.text = ""};
	uint16_t week = ee_batch_period(EE_PSEUDONYM, TOWN_NOW);

	town_device(&town, &car, "succeeds", DEVICE_OBE);
	town_issue(&town, &car, town_ask(&car, EE_PSEUDONYM), week, NULL);
	town_enrol(&town, &car);
	newer = town_ask(&car, EE_PSEUDONYM);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "those of the old enrolment: %s", err.text);
	CHECK(memcmp(car.sender.of[EE_PSEUDONYM].request, newer->hash, 8) != 0, "of the older request");
	town_issue(&town, &car, newer, week, NULL);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK && memcmp(car.sender.of[EE_PSEUDONYM].request, newer->hash, 8) == 0,
	      "then those of the new one");
	town_device_close(&car);
}

/* The certificate in use is revoked: the others go on; all of them: none is left. */
static void own_revoked(void)
{
	struct town_device car, unit;
	struct crl_hash_entry entry;
	struct key_error err = {.text = ""};

	town_device(&town, &car, "own", DEVICE_OBE);
	town_device(&town, &unit, "own-unit", DEVICE_RSE);
	town_issue(&town, &car, town_ask(&car, EE_PSEUDONYM), ee_batch_period(EE_PSEUDONYM, TOWN_NOW), NULL);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "%s", err.text);
	town_linkage_crl(&town, &car, &car, TOWN_NOW);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_NOT_FOUND, "it finds itself on the list");
	town_issue(&town, &unit, town_ask(&unit, EE_APPLICATION), 0, NULL);
	CHECK(sign(&unit, TOWN_NOW, 0x83, &err) == KEY_OK, "%s", err.text);
	entry = entry_of(bytes_view(&ee_sender_current(&unit.sender, EE_APPLICATION)->bytes));
	town_hash_crl(&town, &unit, 3, &entry, 1, TOWN_NOW, TOWN_NOW32 + 86400);
	CHECK(sign(&unit, TOWN_NOW, 0x83, &err) == KEY_NOT_FOUND, "a roadside unit likewise");
	town_device_close(&car);
	town_device_close(&unit);
}

/* Only what is over, and what nobody asked for, is deleted. */
static void expires(void)
{
	struct town_device car;
	const struct ee_request *week_request, *month_request;
	uint16_t week = ee_batch_period(EE_PSEUDONYM, TOWN_NOW), month = ee_batch_period(EE_IDENTIFICATION, TOWN_NOW);
	struct ee_request stranger = {.kind = EE_PSEUDONYM, .hash = {1, 2, 3}};
	struct device_error why;

	town_device(&town, &car, "expires", DEVICE_OBE);
	(void)town_ask(&car, EE_PSEUDONYM);
	(void)town_ask(&car, EE_IDENTIFICATION);
	week_request = ee_state_next(&car.device.state, EE_PSEUDONYM, NULL);
	month_request = ee_state_next(&car.device.state, EE_IDENTIFICATION, NULL);
	for (unsigned k = 0; k < 2; k++) {
		town_issue(&town, &car, week_request, (uint16_t)(week + k), NULL);
		CHECK(ee_batch_put(&car.device, month_request, (uint16_t)(month + k), (struct scms_slice){payload, 1}, &why), "%s", why.text);
	}
	CHECK(ee_batch_put(&car.device, &stranger, week, (struct scms_slice){payload, 1}, &why), "%s", why.text);
	ee_batches_expire(&car.device, TOWN_NOW + PERIOD_SECONDS * 1000000ull);
	CHECK(!ee_batch_has(&car.device, week_request, week) && ee_batch_has(&car.device, week_request, (uint16_t)(week + 1)), "i-periods");
	CHECK(ee_batch_has(&car.device, month_request, (uint16_t)(month + 1)), "periods of 720 hours");
	CHECK(!ee_batch_has(&car.device, &stranger, week), "what nobody asked for");
	ee_batches_expire(&car.device, TOWN_NOW + ID_PERIOD_SECONDS * 1000000ull);
	CHECK(!ee_batch_has(&car.device, month_request, month) && ee_batch_has(&car.device, month_request, (uint16_t)(month + 1)),
	      "periods of 720 hours, later");
	town_device_close(&car);
}

/* ---- chain files that lack what a device needs ---- */

/* Opens it again, as after a loss of power. */
static void reopen(struct town_device *car)
{
	struct device_error why = {.text = ""};
	char path[400];

	snprintf(path, sizeof(path), "%s", car->device.path);
	ee_sender_unload(&car->sender);
	device_close(&car->device);
	town_must(device_open(&car->device, path, DEVICE_CHANGE, town.crypto, &why), path, why.text);
}

static void issuers_kept(void)
{
	const struct person *const whole[] = {&town.ica, &town.pca, &town.ica2, &town.pca3}, *const less[] = {&town.ica, &town.pca};
	const uint16_t week = ee_batch_period(EE_PSEUDONYM, TOWN_NOW);
	const struct ee_request *request;
	struct crl_hash_entry entry = {.expiry = TOWN_NOW32 + 86400 * 30};
	struct town_device car;
	struct key_error err = {.text = ""};
	struct device_error why = {.text = ""};
	struct scms_slice found;
	FILE *file;
	char path[400];

	town_device(&town, &car, "kept", DEVICE_OBE);
	town_chain(&town, &car, 1, whole, 4, 0);
	request = town_ask(&car, EE_PSEUDONYM);
	town_issue(&town, &car, request, week, &town.pca3);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "%s", err.text);
	/* The RA lies: a file of the same version without this PCA and its ICA. */
	town_chain(&town, &car, 1, less, 2, 0);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "in use: %s", err.text);
	ee_sender_unload(&car.sender);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "loaded again: %s", err.text);
	reopen(&car);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "opened again: %s", err.text);
	CHECK(ee_batch_useful(&car.device, ee_state_next(&car.device.state, EE_PSEUDONYM, NULL), week, TOWN_NOW), "it is not fetched anew");
	CHECK(device_issuer(&car.device, cert_id8(&town.pca3.cert) + 5, &found) && found.n == town.pca3.bytes.n, "peers may have the PCA");
	CHECK(device_issuer(&car.device, cert_id8(&town.ica2.cert) + 5, &found) && found.n == town.ica2.bytes.n, "and its ICA");
	CHECK(!device_issuer(&car.device, cert_id8(&town.root.cert) + 5, &found), "no root is kept");
	/* What is kept is trusted for nothing: a revocation takes effect at once. */
	memcpy(entry.id, cert_id10(&town.ica2.cert), sizeof(entry.id));
	town_hash_crl(&town, &car, 2, &entry, 1, TOWN_NOW, TOWN_NOW32 + 86400);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_NOT_FOUND && strstr(err.text, "no PCA that is valid") != NULL, "%s", err.text);
	CHECK(!ee_batch_useful(&car.device, ee_state_next(&car.device.state, EE_PSEUDONYM, NULL), week, TOWN_NOW), "it is of no use");
	/* Another PCA's take their place; what is kept does not grow without end. */
	town_issue(&town, &car, ee_state_next(&car.device.state, EE_PSEUDONYM, NULL), week, &town.pca);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "%s", err.text);
	for (unsigned k = 0; k < 3; k++) {
		size_t before = trustee_known(car.device.trustee).n;

		town_issue(&town, &car, ee_state_next(&car.device.state, EE_PSEUDONYM, NULL), week, &town.pca);
		CHECK(trustee_known(car.device.trustee).n == before, "the same again");
	}
	/* A file that is spoilt: candidates that are none. */
	snprintf(path, sizeof(path), "%s/issuers.oer", car.device.path);
	file = fopen(path, "w");
	CHECK(file != NULL && fputs("spoilt", file) >= 0 && fclose(file) == 0, "%s", path);
	reopen(&car);
	CHECK(sign(&car, TOWN_NOW, 0x20, &err) == KEY_OK, "by the chain file: %s", err.text);
	CHECK(!ee_issuers_keep(&car.device, ee_state_next(&car.device.state, EE_PSEUDONYM, NULL), (struct scms_slice){payload, sizeof(payload)}, TOWN_NOW,
			       &why) &&
		  why.text[0] != '\0',
	      "junk that was downloaded");
	town_device_close(&car);
}

int main(void)
{
	town_open(&town, &judge);
	for (size_t k = 0; k < sizeof(bundles) / sizeof(bundles[0]); k++)
		bundle_refused(k);
	no_bundle();
	kinds();
	issuers_kept();
	changes();
	batches_refused();
	ceases();
	succeeds();
	own_revoked();
	expires();
	town_close(&town);
	return check_done();
}

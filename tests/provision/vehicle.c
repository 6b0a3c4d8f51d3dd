/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provision/vehicle.h"

#include "base/clock.h"
#include "components/archive.h"
#include "tests/dot2/judge.h"

#include <curl/curl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static size_t take_body(char *p, size_t one, size_t n, void *arg)
{
	struct bytes *body = arg;
	uint8_t *more = realloc(body->p, body->n + one * n + 1);

	if (more == NULL)
		return 0;
	body->p = more;
	memcpy(body->p + body->n, p, one * n);
	body->n += one * n;
	return one * n;
}

static size_t take_header(char *p, size_t one, size_t n, void *arg)
{
	struct fetched *fetched = arg;
	char line[512];

	snprintf(line, sizeof(line), "%.*s", (int)(one * n), p);
	line[strcspn(line, "\r\n")] = '\0';
	if (strncasecmp(line, "SCMS-POC-Error: ", 16) == 0)
		fetched->code = atoi(line + 16);
	if (strncasecmp(line, "SCMS-POC-Error-Message: ", 24) == 0)
		snprintf(fetched->text, sizeof(fetched->text), "%.250s", line + 24);
	return one * n;
}

/* The same from an address of one's own. port: from which; may be NULL. */
static struct fetched fetch_from(const char *address, long *port, const struct world *world, const char *base, const char *path,
				 struct scms_slice body, const char *header, const char *certificate, const char *key)
{
	static CURL *easy;
	struct fetched fetched = {.status = 0};
	struct curl_slist *headers = NULL;
	char url[256];
	long status = 0, connections = 1;

	if (easy == NULL)
		easy = curl_easy_init();
	snprintf(url, sizeof(url), "%s%s", base, path);
	curl_easy_reset(easy);
	if (header != NULL)
		headers = curl_slist_append(headers, header);
	headers = curl_slist_append(headers, "Expect:");
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_INTERFACE, address);
	curl_easy_setopt(easy, CURLOPT_CAINFO, world->roots);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, 32L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &fetched.body);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, &fetched);
	if (certificate != NULL) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, certificate);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, key);
	}
	if (body.p != NULL) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.p);
	}
	if (curl_easy_perform(easy) == CURLE_OK)
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	fetched.status = (int)status;
	curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connections);
	fetched.kept = connections == 0;
	if (port != NULL)
		curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, port);
	curl_slist_free_all(headers);
	return fetched;
}

struct fetched fetch(const struct world *world, const char *base, const char *path, struct scms_slice body, const char *header,
		     const char *certificate, const char *key)
{
	return fetch_from(NULL, NULL, world, base, path, body, header, certificate, key);
}

void vehicle_ask(const struct world *world, struct vehicle *vehicle, scms_time32 now, struct bytes *out)
{
	struct party me = world_party(&vehicle->enrolment);
	struct bytes pdu = {NULL, 0}, inner = {NULL, 0};
	struct recipient to;
	struct key_error err;
	struct scms_slice view;
	uint8_t hash[32];

	world_must(ee_pseudonym_request(&vehicle->keys, now, &pdu, &err) == KEY_OK, "request", err.text);
	/* Signed first and encrypted then, to know the hash of what is signed. */
	world_must(message_make(&me, envelope_find("SignedPseudonymCertProvisioningRequest"), bytes_view(&pdu), 0, NULL, &inner, &err) ==
		       KEY_OK,
		   "request", err.text);
	view = bytes_view(&inner);
	judge.sha256(judge.ctx, &view, 1, hash);
	memcpy(vehicle->hash, hash + 24, 8);
	for (unsigned k = 0; k < 8; k++)
		snprintf(vehicle->name + 2 * k, 3, "%02x", vehicle->hash[k]);
	world_must(message_recipient(&world->cert[WORLD_RA], &judge, &to, &err) == KEY_OK &&
		       encrypted_data_make(&to, 1, view, out, &err) == KEY_OK,
		   "request", err.text);
	bytes_free(&pdu);
	bytes_free(&inner);
}

char *vehicle_download(const struct world *world, const struct person *enrolment, const char *filename, scms_time32 time)
{
	struct party me = world_party(enrolment);
	struct ScmsPDU message = {.version = 1, .content = {.choice = ScmsPDU_content_is_ee_ra}};
	struct bytes pdu = {NULL, 0}, made = {NULL, 0};
	struct key_error err;
	char *header;
	size_t at;

	message.content.u.ee_ra.choice = EndEntityRaInterfacePDU_is_eeRaAuthenticatedDownloadRequest;
	message.content.u.ee_ra.u.eeRaAuthenticatedDownloadRequest = (struct AuthenticatedDownloadRequest){
	    .timestamp = time, .filename = {(const uint8_t *)filename, strlen(filename)}};
	world_must(make_bytes(&oer_ScmsPDU, &message, &pdu, &err) == KEY_OK &&
		       message_make(&me, envelope_find("SecuredAuthenticatedDownloadRequest"), bytes_view(&pdu), 0,
				    &world->cert[WORLD_RA], &made, &err) == KEY_OK,
		   "download request", err.text);
	header = malloc(32 + made.n * 2);
	world_must(header != NULL, "download request", "memory");
	at = (size_t)sprintf(header, "Download-Req: ");
	EVP_EncodeBlock((unsigned char *)header + at, made.p, (int)made.n);
	bytes_free(&pdu);
	bytes_free(&made);
	return header;
}

void vehicle_begin(const struct world *world, struct vehicle *vehicle)
{
	static unsigned number;
	struct key_error err;

	memset(vehicle, 0, sizeof(*vehicle));
	number++;
	snprintf(vehicle->address, sizeof(vehicle->address), "127.77.%u.%u", number / 250 % 250, 1 + number % 250);
	world_enrol(world, &vehicle->enrolment, false);
	world_must(ee_caterpillars_random(&vehicle->keys, &err) == KEY_OK, "caterpillars", err.text);
	vehicle_ask(world, vehicle, (scms_time32)(clock_now() / 1000000u), &vehicle->sent);
}

bool vehicle_send(const struct world *world, struct vehicle *vehicle)
{
	struct fetched fetched = fetch_from(vehicle->address, &vehicle->port, world, world->url[WORLD_RA],
					    "/provision-pseudonym-certificate-batch", bytes_view(&vehicle->sent), NULL, NULL, NULL);
	bool good = fetched.status == 200 || (fetched.status == 409 && fetched.code == 5057);

	if (!good && fetched.status != 0 && fetched.status != 503)
		fprintf(stderr, "request: %d, code %d: %s\n", fetched.status, fetched.code, fetched.text);
	vehicle->sent_at = clock_now();
	bytes_free(&fetched.body);
	return good;
}

static void take_certificate(struct vehicle *vehicle, uint16_t i, uint8_t j, struct ee_certified *got)
{
	struct vehicle_certificate *certificate;
	struct cert cert;

	if (vehicle->n == vehicle->max) {
		vehicle->max = 2 * vehicle->max + 64;
		vehicle->certificates = realloc(vehicle->certificates, vehicle->max * sizeof(*vehicle->certificates));
		world_must(vehicle->certificates != NULL, "certificates", "memory");
	}
	world_must(cert_read(&cert, bytes_view(&got->certificate), &judge, NULL) == OER_OK, "certificate", "cannot be read");
	certificate = &vehicle->certificates[vehicle->n++];
	*certificate = (struct vehicle_certificate){.i = i, .j = j};
	memcpy(certificate->lv, cert.c.toBeSigned.id.u.linkageData.linkage_value, LINKAGE_VALUE);
	memcpy(certificate->hash, cert.hash256, 32);
	certificate->bytes = got->certificate;
	got->certificate = (struct bytes){NULL, 0};
}

unsigned vehicle_collect(const struct world *world, struct vehicle *vehicle, uint16_t i)
{
	char name[64], *header;
	struct fetched fetched;
	struct archive archive;
	struct key_error err = {.text = ""};
	unsigned n;

	snprintf(name, sizeof(name), "%s_%x.zip", vehicle->name, i);
	header = vehicle_download(world, &vehicle->enrolment, name, (scms_time32)(clock_now() / 1000000u));
	fetched = fetch_from(vehicle->address, NULL, world, world->url[WORLD_RA], "/download/batch", (struct scms_slice){NULL, 0}, header,
			     NULL, NULL);
	free(header);
	if (fetched.status != 200) {
		if (fetched.status != 0 && fetched.status != 503 && fetched.code != 5065)
			fprintf(stderr, "download of %s: %d, code %d: %s\n", name, fetched.status, fetched.code, fetched.text);
		bytes_free(&fetched.body);
		return 0;
	}
	world_must(archive_read(bytes_view(&fetched.body), 64, 1 << 20, &archive, &err) == KEY_OK, "archive", err.text);
	for (unsigned k = 0; k < archive.n; k++) {
		struct ee_certified got = {.certificate = {NULL, 0}};
		unsigned in, number;

		world_must(sscanf(archive.member[k].name, "%x_%x", &in, &number) == 2 && in == i, "name in the archive",
			   archive.member[k].name);
		world_must(ee_pseudonym_take(&vehicle->keys, i, (uint8_t)number, bytes_view(&archive.member[k].content),
					     &world->cert[WORLD_PCA], &judge, &got, &err) == KEY_OK,
			   "certificate", err.text);
		take_certificate(vehicle, i, (uint8_t)number, &got);
		ee_certified_free(&got);
	}
	n = (unsigned)archive.n;
	archive_free(&archive);
	bytes_free(&fetched.body);
	return n;
}

void vehicle_free(struct vehicle *vehicle)
{
	person_free(&vehicle->enrolment);
	bytes_free(&vehicle->sent);
	for (unsigned c = 0; c < vehicle->n; c++)
		bytes_free(&vehicle->certificates[c].bytes);
	free(vehicle->certificates);
}

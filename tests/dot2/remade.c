/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificates and signed messages of tests/data/electors, which independent code made: made again from what they
 * say, with the same keys, they must come out with the same bytes up to the signature.
 *
 * usage: remade FOLDER
 */
#include "dot2/signed_data.h"
#include "tests/check.h"
#include "tests/crypto/json_data.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

#define SIGNATURE 64 /* r and s, at the end of all of them */

static const struct {
	const char *name; /* as in manifest.json */
	const char *issuer;
} people[] = {
    {"elector-A", NULL}, {"elector-B", NULL}, {"elector-C", NULL}, {"elector-D", NULL},
    {"root-1", NULL},    {"root-2", NULL},    {"ica", "root-1"},   {"pca", "ica"},
    {"ma", "ica"},       {"pg", "root-1"},    {"crlg", "root-1"},
};
#define PEOPLE (sizeof(people) / sizeof(*people))

static struct person made[PEOPLE];
static const char *folder;

static struct bytes file_read(const char *prefix, const char *name)
{
	char path[512];
	struct bytes bytes = {malloc(65536), 0};
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s%s.coer", folder, prefix, name);
	file = fopen(path, "rb");
	CHECK(file && bytes.p, "%s", path);
	if (file) {
		bytes.n = fread(bytes.p, 1, 65536, file);
		fclose(file);
	}
	return bytes;
}

static struct person *person_named(const char *name)
{
	for (size_t k = 0; k < PEOPLE; k++)
		if (strcmp(people[k].name, name) == 0)
			return &made[k];
	return NULL;
}

static void same_but_signature(const struct bytes *a, const struct bytes *b, const char *what)
{
	CHECK(a->n == b->n && a->n > SIGNATURE && memcmp(a->p, b->p, a->n - SIGNATURE) == 0, "%s", what);
}

static void certificate(size_t k, const json_t *keys)
{
	struct person *person = &made[k], *issuer = people[k].issuer ? person_named(people[k].issuer) : NULL;
	struct signer by;
	struct bytes again = {NULL, 0};
	struct key_error err = {.status = KEY_OK};
	uint8_t d[32];

	json_data_hex(json_object_get(keys, people[k].name), "priv", d, sizeof(d));
	CHECK(private_key_from_scalar(SCMS_NIST_P256, d, &person->key, &err) == KEY_OK, "%s", err.text);
	person->bytes = file_read("cert-", people[k].name);
	CHECK(cert_read(&person->cert, bytes_view(&person->bytes), &judge, NULL) == OER_OK, "%s", people[k].name);
	if (issuer)
		by = person_signer(issuer, false);
	else
		by = (struct signer){.key = person->key, .crypto = &judge};
	CHECK(cert_issue(&person->cert.c.toBeSigned, &by, &again, &err) == KEY_OK, "%s: %s", people[k].name, err.text);
	same_but_signature(&person->bytes, &again, people[k].name);
	bytes_free(&again);
}

static void message(const char *name, const char *signer)
{
	struct bytes there = file_read("", name), again = {NULL, 0};
	struct signer by = person_signer(person_named(signer), false);
	struct SignedData data;
	struct key_error err = {.status = KEY_OK};

	CHECK(signed_data_read(&data, bytes_view(&there), OER_DEPTH_DEFAULT, NULL) == OER_OK, "%s", name);
	CHECK(signed_data_make(&by, &data.tbsData.payload, &data.tbsData.headerInfo, &again, &err) == KEY_OK, "%s: %s",
	      name, err.text);
	same_but_signature(&there, &again, name);
	bytes_free(&there);
	bytes_free(&again);
}

int main(int argc, char **argv)
{
	char path[512];
	json_t *manifest;

	folder = argc == 2 ? argv[1] : "";
	snprintf(path, sizeof(path), "%s/manifest.json", folder);
	manifest = json_data_load(path);
	for (size_t k = 0; k < PEOPLE; k++)
		certificate(k, json_object_get(manifest, "keys"));
	message("v124-signed-elector-endorsement-addRoot1-by-A", "elector-A");
	message("v121-signed-elector-endorsement-addRoot1-by-A", "elector-A");
	message("crl-series2-by-crlg", "crlg");
	for (size_t k = 0; k < PEOPLE; k++)
		person_free(&made[k]);
	json_decref(manifest);
	return check_done();
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the inputs that the targets certificate, signed and crl begin with: seeds DIRECTORY. Their signatures are
 * valid, and no fuzzer finds those by itself. Keys are new each time, so what is in corpus/ is what one run gave, and
 * what grew of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dot2/crl_make.h"
#include "dot2/request.h"
#include "dot2/signed_data.h"
#include "tests/dot2/judge.h"
#include "tests/dot2/people.h"

#define LA1 0x8e09
#define LA2 0x59ce

static const char *directory;

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "seeds: %s: %s\n", what, errno ? strerror(errno) : "failed");
		exit(1);
	}
}

static FILE *seed_open(const char *target, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, target);
	must(mkdir(path, 0755) == 0 || errno == EEXIST, path);
	snprintf(path, sizeof(path), "%s/%s/%s", directory, target, name);
	f = fopen(path, "wb");
	must(f != NULL, path);
	return f;
}

static void put_item(FILE *f, struct scms_slice item)
{
	must(item.n < 65536, "an item is too long");
	fputc((int)(item.n >> 8), f);
	fputc((int)(item.n & 255), f);
	fwrite(item.p, 1, item.n, f);
}

/* A pack (pack.h). */
static void put_pack(const char *target, const char *name, scms_time32 now, const struct scms_slice *item, unsigned n)
{
	FILE *f = seed_open(target, name);

	for (unsigned shift = 32; shift > 0; shift -= 8)
		fputc((int)(now >> (shift - 8) & 255), f);
	for (unsigned k = 0; k < n; k++)
		put_item(f, item[k]);
	must(fclose(f) == 0, name);
}

static const scms_time32 now = PEOPLE_START + 86400;

struct world {
	struct person root, ica, pca, device;
};

static void world_make(struct world *world, enum scms_curve root, enum scms_curve ica, enum scms_curve pca,
		       bool implicit)
{
	struct ToBeSignedCertificate tbs;

	tbs_root(&tbs, "root");
	person_make(&world->root, &tbs, root, NULL, false);
	tbs_ica(&tbs, "ica");
	person_make(&world->ica, &tbs, ica, &world->root, false);
	tbs_pca(&tbs, "pca");
	person_make(&world->pca, &tbs, pca, &world->ica, scms_curve_bytes(pca) == 32);
	tbs_device(&tbs, "device");
	if (implicit)
		person_make_implicit(&world->device, &tbs, &world->pca);
	else
		person_make(&world->device, &tbs, SCMS_NIST_P256, &world->pca, false);
}

static void world_free(struct world *world)
{
	person_free(&world->root);
	person_free(&world->ica);
	person_free(&world->pca);
	person_free(&world->device);
}

/* The certificate with its key uncompressed: its signature holds, for that is over the canonical form. */
static struct bytes uncompressed(const struct person *person)
{
	const struct curve_point *key = private_key_public(person->key);
	struct Certificate c = person->cert.c;
	struct EccP256CurvePoint *point = &c.toBeSigned.verifyKeyIndicator.u.verificationKey.u.ecdsaNistP256;
	struct bytes bytes;

	*point = (struct EccP256CurvePoint){.choice = EccP256CurvePoint_is_uncompressedP256};
	point->u.uncompressedP256.x = key->x;
	point->u.uncompressedP256.y = key->y;
	must(make_bytes(&oer_Certificate, &c, &bytes, NULL) == KEY_OK, "uncompressed");
	return bytes;
}

static void certificates(const struct world *world, const char *name)
{
	const struct scms_slice chain[] = {bytes_view(&world->root.bytes), bytes_view(&world->ica.bytes),
					   bytes_view(&world->pca.bytes), bytes_view(&world->device.bytes)};
	char file[64];

	put_pack("certificate", name, now, chain, 4);
	snprintf(file, sizeof(file), "%s-late", name);
	put_pack("certificate", file, now + 100000000, chain, 4);
	snprintf(file, sizeof(file), "%s-ica", name);
	put_pack("certificate", file, now, chain, 2);
	snprintf(file, sizeof(file), "%s-gap", name);
	put_pack("certificate", file, now, (struct scms_slice[]){chain[0], chain[2], chain[3]}, 3);
	snprintf(file, sizeof(file), "%s-root", name);
	put_pack("certificate", file, now, (struct scms_slice[]){chain[0], chain[0]}, 2);
}

static void messages(const struct world *world, const char *name)
{
	static const uint8_t text[] = "payload";
	const struct cert *issuers[] = {&world->pca.cert, &world->ica.cert};
	const struct scms_slice payload = {text, sizeof(text)};
	struct HeaderInfo header = {.psid = 0x20, .has_generationTime = true, .generationTime = PEOPLE_NOW};
	struct signer by = person_signer(&world->device, true);
	struct scms_slice pack[] = {bytes_view(&world->root.bytes),
				    bytes_view(&world->ica.bytes),
				    bytes_view(&world->pca.bytes),
				    bytes_view(&world->device.bytes),
				    {NULL, 0}};
	struct bytes out, nested;
	char file[64];

	must(signed_unsecured_make(&by, payload, &header, &out, NULL) == KEY_OK, "signed");
	pack[4] = bytes_view(&out);
	snprintf(file, sizeof(file), "%s-attached", name);
	put_pack("signed", file, now, pack, 5);
	must(signed_data_make(&by, &(struct SignedDataPayload){.has_data = true, .data = bytes_view(&out)}, &header,
			      &nested, NULL) == KEY_OK,
	     "nested");
	pack[4] = bytes_view(&nested);
	snprintf(file, sizeof(file), "%s-nested", name);
	put_pack("signed", file, now, pack, 5);
	bytes_free(&out);
	bytes_free(&nested);

	by.attach = false;
	header.has_expiryTime = true;
	header.expiryTime = PEOPLE_NOW + 1;
	header.has_encryptionKey = true;
	header.encryptionKey.choice = EncryptionKey_is_public;
	if (!point_to_encryption_key(private_key_public(world->device.key), &header.encryptionKey.u.public))
		header.has_encryptionKey = false;
	must(signed_unsecured_make(&by, payload, &header, &out, NULL) == KEY_OK, "by digest");
	pack[4] = bytes_view(&out);
	snprintf(file, sizeof(file), "%s-digest", name);
	put_pack("signed", file, now, pack, 5);
	bytes_free(&out);

	must(countersignature_make(&by, payload, PEOPLE_NOW, &out, NULL) == KEY_OK, "countersignature");
	pack[4] = bytes_view(&out);
	snprintf(file, sizeof(file), "%s-countersigned", name);
	put_pack("signed", file, now, pack, 5);
	bytes_free(&out);

	by.attach = true;
	by.issuers = issuers;
	by.issuer_count = 2;
	header = (struct HeaderInfo){.psid = PSID_SECURITY_MANAGEMENT};
	must(signed_unsecured_make(&by, payload, &header, &out, NULL) == KEY_OK, "chain attached");
	pack[4] = bytes_view(&out);
	snprintf(file, sizeof(file), "%s-chain", name);
	put_pack("signed", file, now, pack, 5);
	bytes_free(&out);

	by = person_signer(&world->root, false);
	by.cert = NULL;
	must(signed_unsecured_make(&by, payload, &header, &out, NULL) == KEY_OK, "self");
	pack[4] = bytes_view(&out);
	snprintf(file, sizeof(file), "%s-self", name);
	put_pack("signed", file, now, pack, 5);
	bytes_free(&out);
}

static void put_crl(const char *name, struct scms_slice cert, struct bytes *list)
{
	FILE *f = seed_open("crl", name);

	put_item(f, cert);
	fwrite(list->p, 1, list->n, f);
	must(fclose(f) == 0, name);
	bytes_free(list);
}

/* CRLs that list the device and CRLs that do not. */
static void hash_crls(const struct world *world)
{
	struct signer by = person_signer(&world->root, false);
	struct crl_head head = {.series = 1, .issue_date = PEOPLE_START, .next_crl = PEOPLE_START + 86400};
	struct crl_hash_entry entries[4];
	struct bytes out;
	char file[64];

	memcpy(head.craca_id, cert_id8(&world->root.cert), 8);
	for (unsigned k = 0; k < 4; k++) {
		memset(entries[k].id, (int)(0x11 * k), 10);
		entries[k].expiry = PEOPLE_START + k;
	}
	for (unsigned k = 0; k < 16; k++) {
		head.delta = k & 1;
		head.crl_2022 = k & 2;
		head.has_priority = k & 8;
		if (k & 4)
			memcpy(entries[2].id, cert_id10(&world->device.cert), 10);
		else
			must(cert_twin_id10(&world->pca.cert, &judge, entries[2].id), "twin");
		must(crl_make_hash(&by, &head, k, entries, k == 3 ? 0 : 4, &out, NULL) == KEY_OK, "hash CRL");
		snprintf(file, sizeof(file), "hash-%u", k);
		put_crl(file, bytes_view(k == 2 ? &world->pca.bytes : &world->device.bytes), &out);
	}
}

static void linkage_crls(const struct world *world)
{
	static const uint8_t j_value[4] = {0, 0, 0, 7};
	struct signer by = person_signer(&world->root, false);
	struct crl_head head = {.series = 1, .issue_date = PEOPLE_START, .next_crl = PEOPLE_START + 86400};
	struct crl_linkage_entry entries[5];
	struct crl_group_entry group = {.i_max = 60, .la1 = LA1, .la2 = LA2};
	struct crl_linkage linkage = {.i_rev = 20, .individual = entries, .individual_count = 5};
	uint8_t seed[2][LINKAGE_SEED], plv[2][LINKAGE_VALUE], value[LINKAGE_VALUE], group_value[LINKAGE_VALUE];
	struct ToBeSignedCertificate tbs;
	struct person device;
	struct bytes out;
	char file[64];

	for (unsigned k = 0; k < 5; k++) {
		entries[k] = (struct crl_linkage_entry){
		    .j_max = k == 4 ? 40 : 20, .la1 = LA1, .la2 = k == 3 ? LA2 + 1 : LA2, .i_max = k == 2 ? 22 : 60};
		memset(entries[k].seed1, (int)(0x10 + k), LINKAGE_SEED);
		memset(entries[k].seed2, (int)(0x20 + k), LINKAGE_SEED);
	}
	memset(group.seed1, 1, LINKAGE_SEED);
	memset(group.seed2, 2, LINKAGE_SEED);
	for (unsigned k = 0; k < 12; k++) {
		const struct crl_linkage_entry *entry = &entries[k % 5];
		const uint16_t i = (uint16_t)(20 + k % 3);

		memcpy(seed[0], entry->seed1, LINKAGE_SEED);
		memcpy(seed[1], entry->seed2, LINKAGE_SEED);
		must(linkage_seed_advance(entry->la1, i - 20u, seed[0]) &&
			 linkage_seed_advance(entry->la2, i - 20u, seed[1]) &&
			 linkage_pre_values(entry->la1, seed[0], k, 1, &plv[0]) &&
			 linkage_pre_values(entry->la2, seed[1], k, 1, &plv[1]),
		     "linkage value");
		linkage_value(plv[0], plv[1], value);
		must(linkage_pre_values(LA1, group.seed1, 7, 1, &plv[0]) &&
			 linkage_pre_values(LA2, group.seed2, 7, 1, &plv[1]),
		     "group value");
		linkage_value(plv[0], plv[1], group_value);
		tbs_device(&tbs, "");
		tbs.id = (struct CertificateId){.choice = CertificateId_is_linkageData};
		tbs.id.u.linkageData.iCert = i;
		tbs.id.u.linkageData.linkage_value = value;
		tbs.id.u.linkageData.has_group_linkage_value = k >= 8;
		tbs.id.u.linkageData.group_linkage_value.jValue = j_value;
		tbs.id.u.linkageData.group_linkage_value.value = group_value;
		if (k == 5)
			value[3] ^= 1; /* not on the list */
		person_make_implicit(&device, &tbs, &world->pca);
		head.delta = k & 1;
		linkage.groups = &group;
		linkage.group_count = k >= 8;
		linkage.individual_count = k == 11 ? 0 : 5;
		must(crl_make_linkage(&by, &head, &linkage, &out, NULL) == KEY_OK, "linkage CRL");
		snprintf(file, sizeof(file), "linkage-%u", k);
		put_crl(file, bytes_view(&device.bytes), &out);
		person_free(&device);
	}
}

int main(int argc, char **argv)
{
	struct world world;
	struct bytes other;

	must(argc == 2, "usage: seeds DIRECTORY");
	directory = argv[1];
	must(mkdir(directory, 0755) == 0 || errno == EEXIST, directory);
	world_make(&world, SCMS_NIST_P256, SCMS_NIST_P256, SCMS_NIST_P256, false);
	certificates(&world, "p256");
	messages(&world, "p256");
	hash_crls(&world);
	linkage_crls(&world);
	other = uncompressed(&world.device);
	put_pack("certificate", "uncompressed", now,
		 (struct scms_slice[]){bytes_view(&world.root.bytes), bytes_view(&world.ica.bytes),
				       bytes_view(&world.pca.bytes), bytes_view(&other)},
		 4);
	bytes_free(&other);
	world_free(&world);
	world_make(&world, SCMS_NIST_P384, SCMS_BRAINPOOL_P384R1, SCMS_NIST_P256, true);
	certificates(&world, "p384-implicit");
	messages(&world, "p384-implicit");
	world_free(&world);
	world_make(&world, SCMS_NIST_P256, SCMS_NIST_P256, SCMS_BRAINPOOL_P256R1, true);
	certificates(&world, "brainpool-implicit");
	messages(&world, "brainpool-implicit");
	world_free(&world);
	return 0;
}

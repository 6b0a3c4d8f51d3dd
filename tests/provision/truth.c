/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provision/truth.h"

#include "crypto/butterfly.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static void put_hex(json_t *object, const char *name, const uint8_t *p, size_t n)
{
	char *text = malloc(2 * n + 1);

	world_must(text != NULL, "memory", "none");
	for (size_t k = 0; k < n; k++)
		snprintf(text + 2 * k, 3, "%02x", p[k]);
	world_must(json_object_set_new(object, name, json_stringn(text, 2 * n)) == 0, "memory", "none");
	free(text);
}

/* A cocoon public key's x, of which the compressed point is made. */
static void put_cocoon(json_t *object, const char *name, const uint8_t *caterpillar, const uint8_t *expansion, enum butterfly_kind kind,
		       const struct vehicle_certificate *certificate)
{
	const struct butterfly_index index = {kind, certificate->i, certificate->j};
	struct private_key *key;
	struct key_error err;

	world_must(ee_cocoon(caterpillar, expansion, &index, &key, &err) == KEY_OK, name, err.text);
	put_hex(object, name, private_key_public(key)->x, 32);
	private_key_free(key);
}

static json_t *certificate_of(const struct vehicle *vehicle, const struct vehicle_certificate *certificate, uint16_t first)
{
	json_t *one = json_pack("{s:i, s:i}", "i", (int)certificate->i, "j", (int)certificate->j);
	uint8_t plv[2][LINKAGE_VALUE];

	put_hex(one, "certificate", certificate->bytes.p, certificate->bytes.n);
	put_hex(one, "hash", certificate->hash, 32);
	put_hex(one, "lv", certificate->lv, LINKAGE_VALUE);
	put_hex(one, "hpcr", certificate->hpcr, 32);
	walk_values(vehicle, first, certificate, plv);
	put_hex(one, "plv1", plv[0], LINKAGE_VALUE);
	put_hex(one, "plv2", plv[1], LINKAGE_VALUE);
	put_cocoon(one, "cocoonB", vehicle->keys.sign, vehicle->keys.sign_expansion, BUTTERFLY_SIGNING, certificate);
	put_cocoon(one, "cocoonH", vehicle->keys.respond, vehicle->keys.respond_expansion, BUTTERFLY_ENCRYPTION, certificate);
	return one;
}

static json_t *vehicle_of(const struct vehicle *vehicle, uint16_t first)
{
	json_t *one = json_pack("{s:s, s:I, s:I, s:[]}", "address", vehicle->address, "port", (json_int_t)vehicle->port, "sent",
				(json_int_t)vehicle->sent_at, "certificates");

	put_hex(one, "enrolment", vehicle->enrolment.bytes.p, vehicle->enrolment.bytes.n);
	put_hex(one, "enrolmentHash", vehicle->enrolment.cert.hash256, 32);
	put_hex(one, "request", vehicle->hash, 8);
	put_hex(one, "lci1", vehicle->lci[0], vehicle->lci_n[0]);
	put_hex(one, "lci2", vehicle->lci[1], vehicle->lci_n[1]);
	put_hex(one, "la1", vehicle->la[0], 2);
	put_hex(one, "la2", vehicle->la[1], 2);
	put_hex(one, "seed1", vehicle->seed[0], LINKAGE_SEED);
	put_hex(one, "seed2", vehicle->seed[1], LINKAGE_SEED);
	for (unsigned c = 0; c < vehicle->n; c++)
		json_array_append_new(json_object_get(one, "certificates"), certificate_of(vehicle, &vehicle->certificates[c], first));
	return one;
}

void truth_keep(const struct world *world, const struct vehicle *vehicles, unsigned n, uint16_t first, const char *folder)
{
	json_t *truth = json_pack("{s:i, s:[]}", "first", (int)first, "vehicles");
	char text[1400];

	for (unsigned v = 0; v < n; v++)
		json_array_append_new(json_object_get(truth, "vehicles"), vehicle_of(&vehicles[v], first));
	snprintf(text, sizeof(text), "%s/truth.json", folder);
	world_must(json_dump_file(truth, text, JSON_INDENT(1)) == 0, text, "cannot be written");
	json_decref(truth);
	/* Nobody writes now. */
	snprintf(text, sizeof(text), "mkdir '%s/found' && cd '%s' && cp -r ra pca la1 la2 log '%s/found'", folder, world->folder, folder);
	world_must(system(text) == 0, "found", "cannot be copied");
}

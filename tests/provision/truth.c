/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/provision/truth.h"

#include "tests/privacy/put.h"

static json_t *certificate_of(const struct vehicle *vehicle, const struct vehicle_certificate *certificate, uint16_t first)
{
	json_t *one = put_certificate(&vehicle->keys, certificate->i, certificate->j, bytes_view(&certificate->bytes), certificate->hash,
				      certificate->lv);
	uint8_t plv[2][LINKAGE_VALUE];

	put_hex(one, "hpcr", certificate->hpcr, 32);
	walk_values(vehicle, first, certificate, plv);
	put_hex(one, "plv1", plv[0], LINKAGE_VALUE);
	put_hex(one, "plv2", plv[1], LINKAGE_VALUE);
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

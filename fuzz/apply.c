/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions on one store, made of choices (tests/trust/updates.h): after each, what must hold does. The input is the
 * choices, so that every change of it is another set of well-formed files, or of such with some bytes changed.
 */
#include "fuzz.h"

#include "tests/trust/updates.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct update update;
	struct choices choices = {data, size, 0};
	struct scms_store *store;
	void *memory = malloc(updates_store_size());

	ALWAYS(memory != NULL, "no memory");
	store = updates_store(memory, &updates_objects);
	for (unsigned k = 0; size > 0 && k < 64 && choices_left(&choices); k++) {
		update_draw(&update, &choices, UPDATES_START + k * UINT64_C(1000000));
		update_apply(store, &update, &updates_objects);
	}
	free(memory);
	return 0;
}

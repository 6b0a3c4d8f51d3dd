/* SPDX-License-Identifier: Apache-2.0 */
#include "service/engine.h"

#include <scms/verify.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct scms_crypto *engine_crypto(void)
{
	static struct scms_verifier *verifier;

	if (verifier == NULL) {
		const char *cpu = getenv("SCMS_CPU");
		struct scms_verifier_options options = {.portable = cpu != NULL && strcmp(cpu, "portable") == 0};
		size_t size;
		void *memory;

		if (cpu != NULL && !options.portable && strcmp(cpu, "auto") != 0)
			fprintf(stderr, "scms: SCMS_CPU is %s; portable and auto are known, auto is taken\n", cpu);
		size = scms_verifier_size(&options);
		memory = malloc(size);
		verifier = memory != NULL ? scms_verifier_init(memory, size, &options) : NULL;
		if (verifier == NULL) {
			fputs("scms: the verification engine cannot be made: libcrypto failed or memory is short\n", stderr);
			exit(3);
		}
		if (strcmp(scms_verifier_backend(verifier), "avx512-ifma") != 0 && !options.portable &&
		    strcmp(scms_verifier_backend(verifier), "portable") != 0)
			fprintf(stderr, "scms: the verification engine is %s\n", scms_verifier_backend(verifier));
	}
	return scms_verifier_crypto(verifier);
}

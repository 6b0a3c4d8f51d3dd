/* SPDX-License-Identifier: Apache-2.0 */
#include "service/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct scms_verifier *engine_new(void)
{
	const char *cpu = getenv("SCMS_CPU");
	struct scms_verifier_options options = {.portable = cpu != NULL && strcmp(cpu, "portable") == 0};
	size_t size = scms_verifier_size(&options);
	void *memory = malloc(size);
	struct scms_verifier *engine = memory != NULL ? scms_verifier_init(memory, size, &options) : NULL;

	if (cpu != NULL && !options.portable && strcmp(cpu, "auto") != 0)
		fprintf(stderr, "scms: SCMS_CPU is %s; portable and auto are known, auto is taken\n", cpu);
	if (engine == NULL)
		free(memory);
	else if (strcmp(scms_verifier_backend(engine), "avx512-ifma") != 0 && !options.portable &&
		 strcmp(scms_verifier_backend(engine), "portable") != 0)
		fprintf(stderr, "scms: the verification engine is %s\n", scms_verifier_backend(engine));
	return engine;
}

void engine_free(struct scms_verifier *engine)
{
	scms_verifier_end(engine);
	free(engine);
}

const struct scms_crypto *engine_crypto(void)
{
	static struct scms_verifier *engine;

	if (engine == NULL)
		engine = engine_new();
	if (engine == NULL) {
		fputs("scms: the verification engine cannot be made: libcrypto failed or memory is short\n", stderr);
		exit(3);
	}
	return scms_verifier_crypto(engine);
}

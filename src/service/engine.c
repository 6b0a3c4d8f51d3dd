/* SPDX-License-Identifier: Apache-2.0 */
#include "service/engine.h"

#include <scms/verify.h>

#include <stdio.h>
#include <stdlib.h>

const struct scms_crypto *engine_crypto(void)
{
	static struct scms_verifier *verifier;

	if (verifier == NULL) {
		size_t size = scms_verifier_size();
		void *memory = malloc(size);

		verifier = memory != NULL ? scms_verifier_init(memory, size) : NULL;
		if (verifier == NULL) {
			fputs("scms: the verification engine cannot be made: libcrypto failed or memory is short\n", stderr);
			exit(3);
		}
	}
	return scms_verifier_crypto(verifier);
}

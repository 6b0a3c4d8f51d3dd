/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PKCS#11 module that talks to the network: what scms-elector must not survive. It leaves word of having been loaded, and
 * of having lived on, in the folder that TALKING_MODULE names.
 */
#include <p11-kit/pkcs11.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list);

static void leave_word(const char *word)
{
	const char *folder = getenv("TALKING_MODULE");
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder != NULL ? folder : ".", word);
	file = fopen(path, "w");
	if (file != NULL)
		fclose(file);
}

__attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list)
{
	const char *family = getenv("TALKING_FAMILY");
	int fd;

	(void)list;
	leave_word("loaded");
	fd = socket(family != NULL && family[0] == 'u' ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
	leave_word(fd < 0 ? "refused" : "talked");
	return CKR_GENERAL_ERROR;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64.h: bytes in header lines (RFC 4648 section 4).
 */
#ifndef SERVICE_BASE64_H
#define SERVICE_BASE64_H

#include <scms/base.h>

/* Characters of n bytes in Base64, with the end. */
#define BASE64_TEXT(n) (((n) + 2) / 3 * 4 + 1)
/* Room for the bytes of n characters. */
#define BASE64_ROOM(n) ((n) / 4 * 3 + 3)

/*
 * Reads strict Base64: one line, padded, at least one byte, at most max characters. out has BASE64_ROOM(max) bytes. False: it is
 * none.
 */
SCMS_CHECKED bool base64_read(const char *text, size_t max, uint8_t *out, size_t *n);

#endif

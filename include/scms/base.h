/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scms/base.h: what every public header shares.
 *
 * A slice is a view of bytes that somebody else owns. It owns nothing, and
 * nothing in scms frees what it points to. An empty slice has n == 0; its p
 * may then be anything, NULL included.
 */
#ifndef SCMS_BASE_H
#define SCMS_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SCMS_API __attribute__((visibility("default")))
#define SCMS_CHECKED __attribute__((warn_unused_result))
#else
#define SCMS_API
#define SCMS_CHECKED
#endif

/* Bytes that somebody else owns. */
struct scms_slice {
	const uint8_t *p; /* first byte */
	size_t n;	  /* number of bytes */
};

/* IEEE 1609.2 Time32: TAI seconds since 2004-01-01T00:00:00 UTC. */
typedef uint32_t scms_time32;
/* IEEE 1609.2 Time64: TAI microseconds since the same instant. */
typedef uint64_t scms_time64;

#ifdef __cplusplus
}
#endif

#endif

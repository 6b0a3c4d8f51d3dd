/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.h: certificates that an end entity has downloaded: one file of its folder for each request and period, as the RA gave
 * it. They stay encrypted at rest: each is opened, and its key rebuilt, when it is needed.
 *
 * Pseudonym certificates have i-periods, identification certificates periods of 720 hours (components/period.h); an
 * application certificate stands alone, and its period is 0.
 */
#ifndef COMPONENTS_EE_BATCH_H
#define COMPONENTS_EE_BATCH_H

#include "components/archive.h"
#include "components/ee/device.h"

/* Certificates of one period, at most, and bytes of their file. */
#define BATCH_CERTIFICATES 256
#define BATCH_BYTES (1u << 20)

/* Bytes of a file's name, as the RA and the folder have it. */
#define BATCH_NAME_BYTES 40

void ee_batch_name(const struct ee_request *request, uint16_t period, char name[BATCH_NAME_BYTES]);

/* The period of now. */
uint16_t ee_batch_period(enum ee_request_kind kind, scms_time64 now);

/* The certificates in what the RA gave for this request: an archive's members, or the one that it is. To be freed. */
SCMS_CHECKED enum key_status ee_batch_read(const struct ee_request *request, struct scms_slice bytes, struct archive *archive,
					   struct key_error *err);

/* Keeps what was downloaded. */
SCMS_CHECKED bool ee_batch_put(const struct device *device, const struct ee_request *request, uint16_t period,
			       struct scms_slice bytes, struct device_error *err);
bool ee_batch_has(const struct device *device, const struct ee_request *request, uint16_t period);
/* Reads it again. KEY_NOT_FOUND where there is none. To be freed. */
SCMS_CHECKED enum key_status ee_batch_get(const struct device *device, const struct ee_request *request, uint16_t period,
					  struct archive *archive, struct key_error *err);

/*
 * Is the file there, and every certificate in it of a PCA that is valid now? What is of a revoked PCA is of no use, and the RA
 * has the same file with certificates of another.
 */
bool ee_batch_useful(const struct device *device, const struct ee_request *request, uint16_t period, scms_time64 now);

/* The PCA that signed a file: named by digest, valid under the device's store. KEY_REFUSED: no such PCA. */
SCMS_CHECKED enum key_status ee_batch_pca(const struct device *device, struct scms_slice file, scms_time64 now, struct cert *pca,
					  struct key_error *err);

/*
 * Takes one certificate: for this request and period, of a PCA that is valid now, its key rebuilt and held against it. It need
 * not be valid yet. KEY_REFUSED: no such PCA; else as ee_pseudonym_take.
 */
SCMS_CHECKED enum key_status ee_batch_take(const struct device *device, const struct ee_request *request, uint16_t period,
					   const struct archive_member *member, scms_time64 now, struct ee_certified *out,
					   struct key_error *err);

/* Deletes what is of periods before now, and what no request is known of. */
void ee_batches_expire(const struct device *device, scms_time64 now);

#endif

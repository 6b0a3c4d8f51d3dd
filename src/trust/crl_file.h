/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crl_file.h: the composite CRL and the ballot history, as containers (trust rules C8, H8).
 */
#ifndef TRUST_CRL_FILE_H
#define TRUST_CRL_FILE_H

#include "trust/chain_file.h"

/* CRLs of one composite CRL that are looked at. */
#define CRL_FILE_CRLS_MAX 256

struct crl_file {
	enum ballot_form form;
	struct oer_list crls;
	struct oer_list root_ballots;
	struct oer_list elector_ballots;
};

/* Decodes a CompositeCrl of either endorsement form. */
SCMS_CHECKED enum oer_status crl_file_read(struct crl_file *file, struct scms_slice bytes, struct oer_error *err);

#endif

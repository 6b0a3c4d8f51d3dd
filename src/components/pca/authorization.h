/* SPDX-License-Identifier: Apache-2.0 */
/*
 * authorization.h: the PCA's part in identification certificates of vehicles and application certificates of roadside
 * units (CAMP pca-ra, auth-cert-req). They name their holder (RIF), and are revoked by hash.
 */
#ifndef COMPONENTS_PCA_AUTHORIZATION_H
#define COMPONENTS_PCA_AUTHORIZATION_H

#include "components/pca/pseudonym.h"

/*
 * May the PCA issue what is asked for, now? KEY_VALUE: err says what is wrong. What it checks is the profile: an implicit
 * certificate of series 3 for a RIF, with appPermissions and nothing that may issue or request, not longer than an
 * identification certificate, within the PCA's own permissions, region and validity.
 */
SCMS_CHECKED enum key_status authorization_check(const struct pca *pca, const struct IdCertRequestInfo *request,
						 scms_time32 now, struct key_error *err);

/* The same for a pseudonym certificate: permissions, region, and a period that the PCA's certificate covers and that is not over. */
SCMS_CHECKED enum key_status pseudonym_check(const struct pca *pca, const struct PseudonymCertRequestInfo *request,
					     scms_time32 now, struct key_error *err);

/* Issues what was checked. id10: of the certificate, for the RA, which must be able to name it to the MA. */
SCMS_CHECKED enum key_status pca_issue_authorization(const struct pca *pca, const struct IdCertRequestInfo *request,
						     uint8_t id10[10], struct bytes *out, struct key_error *err);

#endif

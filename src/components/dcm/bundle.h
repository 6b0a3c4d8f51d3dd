/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bundle.h: what a new device is given in the factory's secure environment, made of the DCM's own trust store.
 *
 * It is an archive: bootstrap.json (components/bootstrap_file.h) and the files that it names, ra.coer, tls-roots.pem, and
 * device.json with the addresses that the device will call. Since it is made anew for each device, it never has a root
 * that was revoked or is suspended; where none is left, there is no bundle.
 */
#ifndef COMPONENTS_DCM_BUNDLE_H
#define COMPONENTS_DCM_BUNDLE_H

#include "components/archive.h"
#include "trust/store.h"

/* What the DCM adds to its store. */
struct bundle_extras {
	const char *ra_host;	     /* name in the certificate of the devices' RA, which the chain file has */
	const char *ra_url, *crl_url; /* https://... */
	struct scms_slice tls_roots; /* PEM */
};

/* KEY_REFUSED, saying why, where no root may be handed out or the RA's certificate is not at hand. */
SCMS_CHECKED enum key_status bundle_make(const struct scms_store *store, struct trust_env env, scms_time64 now,
					 const struct bundle_extras *extras, struct bytes *out, struct key_error *err);

/*
 * What goes with a new enrolment certificate to a device that has a store already (rule H9): a TrustUpdate of the chain
 * file that the DCM has, with its ballots. out is to be freed.
 */
SCMS_CHECKED enum key_status bundle_update(const struct scms_store *store, struct trust_env env, struct bytes *out,
					   struct key_error *err);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * codes.h: the RA's published error codes (CAMP, overview of used error codes), as they stand in SCMS-POC-Error.
 */
#ifndef COMPONENTS_RA_CODES_H
#define COMPONENTS_RA_CODES_H

enum ra_code {
	RA_NO_CODE = 0,
	RA_BLACKLISTED = 5055,
	RA_REQUEST_FOR_MULTIPLE_CERTS = 5056,
	RA_DUPLICATE_REQUEST = 5057,
	RA_INVALID_SIGNATURE = 5058,
	RA_NOT_ENCRYPTED = 5059,
	RA_NO_CERT_FILE = 5065,	    /* not there yet: ask again later */
	RA_AUTHENTICATION = 5067,   /* not trusted, not for us, or not now */
	RA_NO_CHAIN_FILE = 5068,
	RA_NO_INFO_FILE = 5069,
	RA_WRONG_PARAMETERS = 5070,
	RA_MORE_THAN_ALLOWED = 5071,
	RA_INVALID_URL = 5072,
};

#endif

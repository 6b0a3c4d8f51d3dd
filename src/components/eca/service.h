/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the enrolment CA as a running component.
 *
 *   POST /provision-enrollment-certificate   a SignedEeEnrollmentCertRequest, from a DCM; answered with a
 *                                            SignedEeEnrollmentCertResponse
 *
 * A request that comes again, byte for byte, gets the answer that it got: nothing is certified twice. The database keeps
 * what revocation will need of each certificate, and nothing of the device.
 */
#ifndef COMPONENTS_ECA_SERVICE_H
#define COMPONENTS_ECA_SERVICE_H

#include "service/daemon.h"

extern const struct role_service eca_service;

#endif

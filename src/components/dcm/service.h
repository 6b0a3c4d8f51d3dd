/* SPDX-License-Identifier: Apache-2.0 */
/*
 * service.h: the device configuration manager as a running component: who may be enrolled, and what a device is given.
 *
 *   POST /devices   from the manager: [{"device": "serial", "kind": "obe"}, ...]; adds them to the list of devices that may be
 *                   enrolled
 *   GET  /devices   for the manager: how many there are, by state
 *   GET  /bundle    for a factory: what a new device is given (bundle.h); refused while no root may be handed out
 *   GET  /update    likewise: a TrustUpdate with the ballots and certificates that a device needs before it can be enrolled
 *                   under another root than the one that it knows (rule H9)
 *   POST /enrol     from a factory or authorised operator: an EnrolmentOrder (asn1/enrolment-order.asn), answered with the
 *                   ECA's SignedEeEnrollmentCertResponse. With `previous` it is a re-enrolment: the RA is told first, so
 *                   that the linkage chains go on and whoever is blacklisted stays so.
 *
 * The DCM is a conduit: the request is signed by the device and the answer by the ECA. What it adds is the decision that
 * this device, once, may be enrolled.
 */
#ifndef COMPONENTS_DCM_SERVICE_H
#define COMPONENTS_DCM_SERVICE_H

#include "service/daemon.h"

extern const struct role_service dcm_service;

#endif

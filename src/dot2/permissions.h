/* SPDX-License-Identifier: Apache-2.0 */
/*
 * permissions.h: may this issuer, at this distance, have issued that certificate? (IEEE 1609.2; trust rule G9)
 *
 * A certificate is judged against each issuer above it, not issuer against issuer: the CAMP ICA's groups are not a subset
 * of its root's. At distance d (1: issues it directly) every permission of the subject needs a group of the issuer that
 * covers it, is of its end-entity type, and has minChainLength <= d <= minChainLength + chainLengthRange (-1: no end).
 */
#ifndef DOT2_PERMISSIONS_H
#define DOT2_PERMISSIONS_H

#include "dot2/cert.h"

/*
 * Are the subject's permissions within what issuer may issue at this distance? appPermissions are judged as `app`;
 * a certificate without them is judged by its certRequestPermissions, as `enrol`.
 */
bool permissions_allow(const struct cert *issuer, const struct cert *subject, unsigned distance);

#endif

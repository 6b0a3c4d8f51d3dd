/* SPDX-License-Identifier: Apache-2.0 */
/*
 * order.h: the orders n of the four curves, and n - s.
 *
 * (r, s) and (r, n - s) are signatures over the same digest; so a certificate has a twin under another hash (trust rule
 * G5.6). Public values only: nothing here is constant time.
 */
#ifndef DOT2_ORDER_H
#define DOT2_ORDER_H

#include <scms/crypto.h>

/* twin = n - s, big-endian, scms_curve_bytes(curve) bytes. False unless 0 < s < n. */
SCMS_CHECKED bool order_negate(enum scms_curve curve, const uint8_t *s, uint8_t *twin);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.h: a crypto table of the plainest kind, OpenSSL's EVP interface called once per question: what other engines
 * are held against, and what tests of made data judge it by.
 */
#ifndef TESTS_DOT2_JUDGE_H
#define TESTS_DOT2_JUDGE_H

#include <scms/crypto.h>

extern const struct scms_crypto judge;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fingerprint.h: identities of certificates as words, to be read out over a second channel (a telephone).
 *
 * The words are those of the PGP word list, one a byte: of two syllables at even offsets, of three at odd ones, so that a
 * word left out or swapped shows.
 */
#ifndef COMPONENTS_MANAGER_FINGERPRINT_H
#define COMPONENTS_MANAGER_FINGERPRINT_H

#include <scms/base.h>

/* Longest text of n bytes: twelve characters a word with the space behind it, and the end. */
#define FINGERPRINT_WORDS_BYTES(n) ((n) * 12 + 1)

/* "topmost Istanbul Pluto ...": the words of the first n bytes; returns text. */
const char *fingerprint_words(const uint8_t *bytes, size_t n, char *text);

/* Are these the words of the n bytes? Upper and lower case, and the kind of space between words, do not matter. */
bool fingerprint_words_match(const uint8_t *bytes, size_t n, const char *typed);

#endif

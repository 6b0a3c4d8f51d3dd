/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h: what the generator tells the codec about a type.
 *
 * Everything here is constant data, made by tools/oergen.py into asn1/types.h
 * and one C file per module. It holds the names of the schema too, so that
 * printing and reading JSON need nothing else.
 *
 * Every type of the schema has a table, oer_T, those that only rename another
 * (`Time32 ::= Uint32`) included: a printer can tell a Time32 from a Uint32.
 */
#ifndef OER_TABLE_H
#define OER_TABLE_H

#include "oer/oer.h"

/* How a type is encoded, and what stands for it in C. */
enum oer_kind {
	OER_KIND_U8,       /* INTEGER in 1 byte; uint8_t */
	OER_KIND_U16,      /* INTEGER in 2 bytes; uint16_t */
	OER_KIND_U32,      /* INTEGER in 4 bytes; uint32_t */
	OER_KIND_U64,      /* INTEGER in 8 bytes; uint64_t */
	OER_KIND_I8,       /* INTEGER in 1 byte, two's complement; int32_t */
	OER_KIND_I16,      /* INTEGER in 2 bytes, two's complement; int32_t */
	OER_KIND_I32,      /* INTEGER in 4 bytes, two's complement; int32_t */
	OER_KIND_I64,      /* INTEGER in 8 bytes, two's complement; int64_t */
	OER_KIND_UVAR,     /* INTEGER, length and value, never negative; uint64_t */
	OER_KIND_IVAR,     /* INTEGER, length and value, two's complement; int64_t */
	OER_KIND_ENUM,     /* ENUMERATED; int32_t */
	OER_KIND_BOOL,     /* BOOLEAN; bool */
	OER_KIND_NULL,     /* NULL; nothing */
	OER_KIND_BITS,     /* BIT STRING (SIZE (8)); uint8_t */
	OER_KIND_FIXED,    /* OCTET STRING of one size (`low`); const uint8_t * */
	OER_KIND_OCTETS,   /* OCTET STRING; struct scms_slice */
	OER_KIND_UTF8,     /* UTF8String; struct scms_slice */
	OER_KIND_SEQUENCE, /* a struct */
	OER_KIND_CHOICE,   /* a struct */
	OER_KIND_LIST,     /* SEQUENCE OF; struct oer_list */
};

/* A name that the schema gives to a number: ENUMERATED, named numbers of an INTEGER, named bits. */
struct oer_name {
	const char *name;
	int32_t value;
};

/* How a component takes part in its SEQUENCE; enum oer_presence fits a byte. */
enum oer_presence {
	OER_MANDATORY,
	OER_OPTIONAL, /* a bool says whether it is there */
	OER_DEFAULT,  /* scalars only; left out where equal to `value` */
	OER_ADDITION, /* behind "...": a bool and a struct scms_slice */
};

#define OER_FIELD_VIEW 1      /* refers back to a type that contains it: kept as struct scms_slice */
#define OER_FIELD_EXTENSION 2 /* alternative behind "..." of a CHOICE: its value has a length before it */
#define OER_FIELD_KEPT 4      /* alternative of a CHOICE that keeps its bytes in `raw` */

/* A component of a SEQUENCE or an alternative of a CHOICE. */
struct oer_field {
	const char *name;
	const struct oer_type *type;
	int32_t value;    /* OER_DEFAULT: the value that is left out */
	uint16_t offset;  /* of the member in the C struct; 0 for NULL, which has none */
	uint16_t has;     /* of its bool: OER_OPTIONAL and OER_ADDITION */
	uint8_t presence; /* enum oer_presence; OER_MANDATORY for alternatives */
	uint8_t flags;    /* OER_FIELD_ */
};

#define OER_TYPE_EXTENSIBLE 1 /* has "..." */
#define OER_TYPE_RAW 2        /* C struct has `raw` */
#define OER_TYPE_PLAIN 4      /* any `least` bytes are a valid encoding */
#define OER_TYPE_ZERO_FIRST 8 /* any `least` bytes that begin with 0 are a valid encoding */
#define OER_TYPE_DEEPER 16    /* elements of this SEQUENCE OF contain it: each level counts */

/* A type. What of it has a meaning depends on the kind. */
struct oer_type {
	const char *name; /* as in the schema; "ElectorBallot" */
	union {
		const struct oer_field *fields; /* SEQUENCE: root components, then additions; CHOICE: by tag */
		const struct oer_type *element; /* SEQUENCE OF */
		const struct oer_name *names;   /* INTEGER, ENUMERATED, BIT STRING: by value */
	} u;
	union {
		int64_t low;   /* signed INTEGER: least value */
		uint64_t ulow; /* unsigned INTEGER: least value; strings and SEQUENCE OF: least size */
	};
	union {
		int64_t high;   /* greatest value */
		uint64_t uhigh; /* greatest value or size; UTF8String: in characters */
	};
	uint32_t least;        /* fewest bytes an encoding can have */
	uint16_t size;         /* of the C struct or plain C type; 0 for NULL */
	uint16_t count;        /* root components, alternatives (all), or names */
	uint16_t additions;    /* SEQUENCE: known components behind "..."; CHOICE: how many of `count` are */
	uint16_t raw;          /* offset of `raw` */
	uint16_t extensions;   /* SEQUENCE: offset of `extensions`; CHOICE: offset of `u` */
	uint8_t preamble;      /* SEQUENCE: bytes of preamble, 0 to 4 */
	uint8_t preamble_bits; /* of which used */
	uint8_t kind;          /* enum oer_kind */
	uint8_t flags;         /* OER_TYPE_ */
};

/* A named type and the module that defines it, "Ieee1609Dot2". */
struct oer_entry {
	const char *module;
	const struct oer_type *type;
};

/* All named types of all modules, in order of their names, which differ. Whoever uses it links every table. */
extern const struct oer_entry oer_entries[];
extern const size_t oer_entry_count;

#endif

// SPDX-License-Identifier: Apache-2.0
/* What the parts of files.h share.
 *
 *     folder.c          a baseline's folder                   column.c  a column: names of its kinds, a new one
 *     seal.c            whether its files are as they were written, together
 *     statistics.c      statistics.json, written              statistics_read.c   … and read
 *     constraints.c     constraints.json, written             constraints_read.c  … and read
 *     pack.c            baseline.safetensors, written         unpack.c, unpack_whole.c  … and read
 *     verdict.c         violations, the verdict as JSON       verdict_table.c     … and for people
 *
 *     baseline.safetensors: metadata "griddle_baseline" (others: format/seal.h) is JSON of what has names, tensors hold
 * what are numbers. Column i of the list "columns" is
 *
 *         column.i.whole      I64 (5 + 2 levels)  numbers, absent, seed, broken, blocks; of each level: items, halvings
 *         column.i.real       F64 (6)             min, max, sum, carry, squares, variance     (moments.h, sketch.h)
 *         column.i.item       F64 (items)         level after level from 0; none where there are no items
 *         column.i.count      I64 (2 + names)     of names: other, absent, then each one's count
 *
 *     and of all pictures together
 *
 *         features.whole      I64 (6)             pictures, skipped, rows: seen, most, seed, stream
 *         features.mean       F64 (d)             features.product  F64 (d (d + 1) / 2), rows of the upper triangle
 *         features.key        I64 (rows)          features.row      F32 (rows,d), in the order of the heap (rows.h)
 *         directions.mean, .variance F64 (d)      directions.vector F64 (d,d)
 *         competence.real     F64 (5)             accuracy: value, deviation, low, high; calibration error
 *         competence.confusion I64 (classes,classes)
 *         calibration         F64 (3,steps)       top, count, right
 *         shift.edge          F32 (parts)         shift.count       I64 (classes * parts,classes)
 *         typical.whole       I64 (pictures,5)    key, time, class, height, width
 *         typical.real        F64 (pictures,GD_FIGURES + 5)  figures; confidence, uncertainty, margin; at
 *         typical.pixel       U8                  picture after picture
 *
 *     where what there is nothing of has no tensor.
 */
#ifndef GD_FORMAT_OWN_H
#define GD_FORMAT_OWN_H

#include "format/files.h"
#include "format/json_out.h"
#include "format/member.h"
#include "store/safetensors.h"

enum { GD_BASELINE_VERSION = 1 };

extern const char *const gd_column_kinds[4], *const gd_column_ofs[4]; /* their names in our files */

/* Prints the statistics.json that belongs to the file, too (format/seal.h). */
gd_status gd_pack(const char *path, const gd_baseline *baseline, gd_text *statistics, gd_error *error);

/* All but rules. Takes nothing on trust, whatever the file's seal says. */
gd_status gd_unpack(const gd_safetensors *file, gd_baseline *baseline, gd_error *error);

/* A new column of a profile that is being read, without numbers or names yet. FORMAT for a name that is there already,
 * empty or too long, and for one column too many. */
gd_status gd_column_new(gd_profile *profile, gd_place place, const char *name, gd_column_kind kind, gd_column_of of,
                        gd_column **column, gd_error *error);

/* The kind that one of the managed format's types is. `*any`: it is "Unknown", which may be any. */
gd_status gd_managed_kind(const gd_attr *node, gd_column_kind *kind, bool *any, gd_error *error);

/* `baseline`: the digest that binds it to one; NULL: none. */
void gd_statistics_print_sealed(const gd_profile *profile, const char *baseline, gd_text *out);

gd_status gd_rules_read(const char *path, gd_rules *rules, gd_error *error);

#endif

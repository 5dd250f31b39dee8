// SPDX-License-Identifier: Apache-2.0
/* What tells whether baseline.safetensors is as it was written, and of the same making as statistics.json: each holds
 * the other's digest (base/digest.h), in 16 hexadecimal digits.
 *
 *     baseline.safetensors   metadata "griddle_digest":      its own contents, "griddle_baseline" and all tensors
 *                            metadata "griddle_statistics":  every byte of statistics.json
 *     statistics.json        "griddle": {"baseline": …}      those contents
 *
 * A baseline is written in the order baseline.safetensors, constraints.json, statistics.json: so as long as the last is
 * of another making, the folder is refused, and where it is not, all three are there. They are read in the opposite
 * order, so that this holds for who reads while another writes. constraints.json is for people to change.
 */
#ifndef GD_FORMAT_SEAL_H
#define GD_FORMAT_SEAL_H

#include "store/safetensors.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_SEAL_TEXT = 17 /* bytes, with the 0 */ };

extern const char gd_seal_about[], gd_seal_digest[], gd_seal_statistics[]; /* the keys of the metadata */

/* Of tensors, in the order of the file, and what stands beside them. */
void gd_seal_contents(const gd_tensor_entry *tensor, int n, const char *about, char text[GD_SEAL_TEXT]);
void gd_seal_bytes(const void *bytes, size_t length, char text[GD_SEAL_TEXT]);

/* `statistics`: the digest of the file beside it. FORMAT, with the file that is not as it was written. */
gd_status gd_seal_check(const gd_safetensors *file, const char *statistics_path, const char *statistics,
                        gd_error *error);

#ifdef __cplusplus
}
#endif
#endif

// SPDX-License-Identifier: Apache-2.0
/* The folders of a watch's windows: DIR/2026-11-27T0100 with what a check writes. */
#ifndef GD_WATCH_FOLDERS_H
#define GD_WATCH_FOLDERS_H

#include "base/status.h"

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Removes a window's folder with the files that a check writes; others, and a folder that holds them, stay. */
void gd_window_folder_remove(const char *folder);

/* Likewise those of windows that began before `since_ms`. IO where `folder` cannot be listed. */
gd_status gd_window_folders_keep(const char *folder, int64_t since_ms, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif

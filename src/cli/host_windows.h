/* SPDX-License-Identifier: Apache-2.0
 * What the files of detc for Windows share. */
#ifndef DET_CLI_HOST_WINDOWS_H
#define DET_CLI_HOST_WINDOWS_H

#include <wchar.h>

/* In UTF-8; malloc'd, NULL when memory is out. */
char *det__windows_utf8(const wchar_t *wide);

#endif

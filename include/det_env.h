/* SPDX-License-Identifier: Apache-2.0
 * The environment variables that Determined's own clients honour, read into det_options (hosted programs only;
 * contract 1.1, 1.4, 2.6). */
#ifndef DET_ENV_H
#define DET_ENV_H

#include "det.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fill what the caller has left NULL or 0:
 *   master    DET_MASTER, else DET_MASTER_ADDR
 *   user, password   DET_USER and DET_PASS, if both are set and the caller gave no user
 *   token     DET_USER_TOKEN, unless the caller gave a user and that is not DET_USER
 *   ca_pem    the file named by DET_MASTER_CERT_FILE, or noverify = 1 if it says "noverify" in any case; only if the
 *             caller gave none of ca_pem, tls_name and noverify. A file that does not exist is skipped with a warning to
 *             the log hook, as det does; one that cannot be read is an error
 *   tls_name  DET_MASTER_CERT_NAME, under the same condition
 * Empty variables count as unset. Strings point into the environment, the file's memory is kept to the end of the
 * process. DET_OK, DET_E_ARG, or DET_E_CERT. Blocks on the disk. Not beside setenv() in another thread. */
DET_API int det_options_from_env(det_options *o);

#ifdef __cplusplus
}
#endif
#endif

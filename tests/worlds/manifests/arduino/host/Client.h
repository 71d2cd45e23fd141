/* SPDX-License-Identifier: Apache-2.0
 * See Arduino.h. */
#include "Arduino.h"

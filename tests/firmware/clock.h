/* SPDX-License-Identifier: Apache-2.0
 * A clock for a board that has none: the Date of an HTTP answer (RFC 9110 6.6.1). Nobody signs it, as nobody signs plain NTP:
 * good for a network one trusts as far as the time; where that is too little, an RTC or authenticated time sets the clock. */
#ifndef FIRMWARE_CLOCK_H
#define FIRMWARE_CLOCK_H

/* Ask the server at "HOST:PORT" (cut in place), for 10 s at most, and set the clock. DET_OK, what the port says, or
 * DET_E_HTTP: no Date was found. */
int clock_from_date(char *server);

#endif

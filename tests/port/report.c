/* SPDX-License-Identifier: Apache-2.0
 * What the programs that report over a port share: their options, and what they say at the end. */
#include "report.h"

#include <stdio.h>
#include <string.h>

static char ca[16384];

int report_options(det_options *o, const det_port *port, int argc, char **argv) {
    static unsigned char mem[8192];
    FILE *f = argc > 2 && strcmp(argv[2], "-") != 0 ? fopen(argv[2], "r") : NULL;
    if (argc < 2) return -1;
    det_options_init(o, port, mem, sizeof mem);
    o->master = argv[1];
    o->name = "port";
    if (!f) return argc > 2 && strcmp(argv[2], "-") != 0 ? -1 : 0;
    o->ca_pem_len = fread(ca, 1, sizeof ca - 1, f);
    (void)fclose(f);
    o->ca_pem = ca;
    return 0;
}

int report_end(const det_core *core, int rc) {
    det_stats s;
    det_get_stats(core, &s);
    if (rc != DET_OK) printf("report: %d: %s\n", rc, det_errmsg(core));
    printf("pending %lu, connections %lu\n", (unsigned long)s.pending, (unsigned long)s.session.connections);
    return rc != DET_OK;
}

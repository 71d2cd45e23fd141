/* SPDX-License-Identifier: Apache-2.0
 * The conformance test as a program of its own. Firmware calls conformance_main() from wherever it runs. */
#include "conformance.h"

int main(int argc, char **argv) {
    return conformance_main(argc, argv);
}

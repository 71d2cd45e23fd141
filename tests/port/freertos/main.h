/* SPDX-License-Identifier: Apache-2.0
 * What main.c calls in a task. */
#ifndef FREERTOS_MAIN_H
#define FREERTOS_MAIN_H

int freertos_main(int argc, char **argv);

#endif

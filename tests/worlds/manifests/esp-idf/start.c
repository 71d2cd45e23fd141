/* SPDX-License-Identifier: Apache-2.0
 * What ESP-IDF does before app_main(), for the test of port/esp-idf where ESP-IDF cannot be had. */
void app_main(void);

int main(void) {
    app_main();
    return 1; /* the example exits */
}

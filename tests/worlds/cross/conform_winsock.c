/* SPDX-License-Identifier: Apache-2.0
 * The conformance test's side of the WinSock port, with a critical section for lock() and unlock(), and a thread for what runs
 * beside it. */
#define WIN32_LEAN_AND_MEAN 1
#include <winsock2.h>
#include <windows.h>

#include "../../../port/winsock/det_winsock.h"
#include "conformance.h"

static CRITICAL_SECTION outbox;
static struct {
    void (*run)(void *);
    void *arg;
    unsigned after_ms;
} job; /* one at a time */

static void lock(void *ctx) {
    (void)ctx;
    EnterCriticalSection(&outbox);
}
static void unlock(void *ctx) {
    (void)ctx;
    LeaveCriticalSection(&outbox);
}

const det_port *conformance_port(void) {
    static det_winsock wx;
    if (det_winsock_init(&wx) != DET_OK) return NULL;
    InitializeCriticalSection(&outbox);
    wx.port.lock = lock;
    wx.port.unlock = unlock;
    return &wx.port;
}

static DWORD WINAPI start(void *arg) {
    (void)arg;
    Sleep(job.after_ms);
    job.run(job.arg);
    return 0;
}

int conformance_spawn(void (*run)(void *), void *arg, unsigned after_ms) {
    static HANDLE thread;
    if (thread) {
        WaitForSingleObject(thread, INFINITE);
        CloseHandle(thread);
    }
    job.run = run;
    job.arg = arg;
    job.after_ms = after_ms;
    thread = CreateThread(NULL, 0, start, NULL, 0, NULL);
    return thread ? 0 : -1;
}

/* SPDX-License-Identifier: Apache-2.0
 * src/cli/store.c on a real directory: locks between processes, crashes, disks that cannot be written. */
#include "config_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "cli/store.h"
#include "unit.h"

static det__err err;

static int replace(const char *name, const char *text) {
    det__store s;
    CHECK_INT(det__store_init(&s, name, &err), DET_OK);
    int code = det__store_lock(&s, &err);
    if (code == DET_OK) code = det__store_write(&s, text, strlen(text), &err);
    det__store_free(&s);
    return code;
}

static void check_dir(const char *want) {
    char *dir = det__store_dir();
    CHECK_STR(dir, want);
    free(dir);
}

static void the_directory_is_where_det_looks(void) {
    setenv("HOME", "/home/ada", 1);
    unsetenv("DET_DEBUG_CONFIG_PATH");
    unsetenv("XDG_CONFIG_HOME");
#if defined(__APPLE__)
    check_dir("/home/ada/Library/Application Support/determined");
#else
    check_dir("/home/ada/.config/determined");
    setenv("XDG_CONFIG_HOME", "/x", 1);
    check_dir("/x/determined");
#endif
    setenv("DET_DEBUG_CONFIG_PATH", "", 1);
    unsetenv("XDG_CONFIG_HOME");
#if !defined(__APPLE__)
    check_dir("/home/ada/.config/determined"); /* set but empty is not set */
#endif
    setenv("DET_DEBUG_CONFIG_PATH", "/d/e", 1);
    check_dir("/d/e");
    unsetenv("HOME");
    unsetenv("DET_DEBUG_CONFIG_PATH");
    char *dir = det__store_dir(); /* of the user database */
    CHECK(dir && strcmp(dir, "/.config/determined") != 0 && dir[0] == '/');
    free(dir);
}

static void a_file_that_is_not_there_is_no_error(void) {
    det__store s;
    char *text = config_dir;
    size_t len;
    config_begin();
    config_end(); /* not even the directory */
    det__store_init(&s, "a.json", &err);
    CHECK_INT(det__store_read(&s, &text, &len, &err), DET_OK);
    CHECK(text == NULL);
    det__store_free(&s);
}

static void directory_and_new_file_are_their_owners_alone(void) {
    char deep[128];
    config_begin();
    snprintf(deep, sizeof deep, "%s/x", config_dir);
    setenv("DET_DEBUG_CONFIG_PATH", deep, 1);
    CHECK_INT(replace("a.json", "{}"), DET_OK);
    CHECK_INT(config_mode("x"), 0700);
    CHECK_INT(config_mode("x/a.json"), 0600);
    CHECK_STR(config_read("x/a.json"), "{}");
    CHECK_INT(config_mode("x/a.json.temp"), -1);
    unlink(config_path("x/a.json"));
    unlink(config_path("x/a.json.lock"));
    rmdir(deep);
    config_end();
}

static void an_old_file_keeps_its_mode(void) {
    config_begin();
    config_write("a.json", "old");
    chmod(config_path("a.json"), 0640);
    CHECK_INT(replace("a.json", "new"), DET_OK);
    CHECK_INT(config_mode("a.json"), 0640);
    CHECK_STR(config_read("a.json"), "new");
    config_end();
}

static void what_a_crash_left_is_no_hindrance(void) {
    config_begin();
    config_write("victim", "untouched");
    config_write("a.json", "old");
    CHECK_INT(symlink(config_path("victim"), config_path("a.json.temp")), 0);
    CHECK_INT(replace("a.json", "new"), DET_OK);
    CHECK_STR(config_read("a.json"), "new");
    CHECK_STR(config_read("victim"), "untouched");
    config_end();
}

/* A process that holds the lock for a while. */
static pid_t hold(const char *lock, unsigned ms) {
    int ready[2];
    char c;
    if (pipe(ready) != 0) abort();
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(config_path(lock), O_RDWR | O_CREAT, 0644);
        if (fd < 0 || flock(fd, LOCK_EX) != 0 || write(ready[1], "x", 1) != 1) _exit(1);
        usleep(ms * 1000);
        config_write("a.json", "theirs");
        _exit(0);
    }
    CHECK_INT(read(ready[0], &c, 1), 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void a_lock_is_waited_for(void) {
    config_begin();
    pid_t pid = hold("a.json.lock", 150);
    CHECK_INT(replace("a.json", "ours"), DET_OK);
    CHECK_STR(config_read("a.json"), "ours");
    waitpid(pid, NULL, 0);
    CHECK_STR(config_read("a.json"), "ours");
    config_end();
}

static void a_killed_holder_lets_go(void) {
    config_begin();
    pid_t pid = hold("a.json.lock", 60000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CHECK_INT(replace("a.json", "ours"), DET_OK);
    config_end();
}

/* Some versions of filelock remove the file on release: then the lock taken on it protects nothing. */
static void a_lock_on_a_removed_file_is_taken_again(void) {
    config_begin();
    int ready[2];
    char c;
    CHECK_INT(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(config_path("a.json.lock"), O_RDWR | O_CREAT, 0644);
        if (flock(fd, LOCK_EX) != 0 || write(ready[1], "x", 1) != 1) _exit(1);
        usleep(100000);
        unlink(config_path("a.json.lock"));
        _exit(0);
    }
    CHECK_INT(read(ready[0], &c, 1), 1);
    det__store s;
    det__store_init(&s, "a.json", &err);
    CHECK_INT(det__store_lock(&s, &err), DET_OK);
    struct stat mine, named;
    CHECK_INT(fstat(s.lock, &mine), 0);
    CHECK_INT(stat(config_path("a.json.lock"), &named), 0);
    CHECK(mine.st_ino == named.st_ino);
    det__store_free(&s);
    waitpid(pid, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    config_end();
}

/* Root may write anywhere: the tests of refusals run as nobody. */
static int as_nobody(void (*run)(void)) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        if (geteuid() == 0 && (chown(config_dir, 65534, 65534) != 0 || setuid(65534) != 0)) _exit(2);
        unit_failures = 0;
        run();
        _exit(unit_failures != 0);
    }
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void write_refused(void) {
    CHECK_INT(replace("a.json", "new"), DET_E_IO);
    CHECK(strstr(err.text, "a.json.lock: Permission denied") != NULL);
    CHECK_STR(config_read("a.json"), "old");
    config_write("a.json", "x"); /* the file may be written, its directory may not */
}

static void a_directory_that_cannot_be_written_is_told(void) {
    config_begin();
    config_write("a.json", "old");
    chmod(config_path("a.json"), 0666);
    chmod(config_dir, 0555);
    CHECK_INT(as_nobody(write_refused), 0);
    CHECK_STR(config_read("a.json"), "x");
    config_end();
}

static void read_refused(void) {
    det__store s;
    char *text;
    size_t len;
    det__store_init(&s, "a.json", &err);
    CHECK_INT(det__store_read(&s, &text, &len, &err), DET_E_IO);
    CHECK(strstr(err.text, "cannot read ") && strstr(err.text, "a.json: Permission denied"));
    det__store_free(&s);
}

static void a_file_that_cannot_be_read_is_told(void) {
    config_begin();
    config_write("a.json", "old");
    chmod(config_path("a.json"), 0);
    CHECK_INT(as_nobody(read_refused), 0);
    config_end();
}

static void out_of_room(void) {
    static char big[20000];
    struct rlimit few = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &few);
    memset(big, 'x', sizeof big - 1);
    CHECK_INT(replace("a.json", big), DET_E_IO);
    CHECK(strstr(err.text, "cannot write ") && strstr(err.text, "a.json.temp: "));
}

static void a_full_disk_leaves_the_old_file(void) {
    config_begin();
    config_write("a.json", "old");
    CHECK_INT(as_nobody(out_of_room), 0);
    CHECK_STR(config_read("a.json"), "old");
    CHECK_INT(config_mode("a.json.temp"), -1);
    config_end();
}

static void what_is_no_file_is_told(void) {
    det__store s;
    char *text;
    size_t len;
    config_begin();
    det__store_init(&s, "d", &err);
    CHECK_INT(mkdir(config_path("d"), 0700), 0);
    CHECK_INT(det__store_read(&s, &text, &len, &err), DET_E_IO);
    CHECK(strstr(err.text, "is not a regular file") != NULL);
    rmdir(config_path("d"));
    CHECK_INT(mkfifo(config_path("d"), 0600), 0);
    CHECK_INT(det__store_read(&s, &text, &len, &err), DET_E_IO); /* without waiting for a writer */
    det__store_free(&s);
    config_end();
}

static void no_backup_replaces_another(void) {
    det__store s;
    config_begin();
    det__store_init(&s, "a.json", &err);
    CHECK_INT(det__store_lock(&s, &err), DET_OK);
    config_write("a.json", "one");
    CHECK_INT(det__store_put_aside(&s, "is odd", &err), DET_E_STATE);
    CHECK(strstr(err.text, "/a.json is odd; it has been moved to ") && strstr(err.text, "/a.json.bad, please try again"));
    config_write("a.json", "two");
    CHECK_INT(det__store_put_aside(&s, "is odd", &err), DET_E_STATE);
    CHECK_STR(config_read("a.json.bad"), "one");
    CHECK_STR(config_read("a.json.bad-2"), "two");
    CHECK_STR(config_read("a.json"), "(none)");
    det__store_free(&s);
    config_end();
}

static void a_reader_sees_one_whole_file_whenever_the_writer_is_killed(void) {
    static char a[5000], b[9000];
    memset(a, 'a', sizeof a - 1);
    memset(b, 'b', sizeof b - 1);
    config_begin();
    CHECK_INT(replace("a.json", a), DET_OK);
    for (unsigned i = 0; i < 40; i++) {
        pid_t pid = fork();
        if (pid == 0)
            for (;;) replace("a.json", b), replace("a.json", a);
        usleep(500 + i * 211);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        const char *now = config_read("a.json");
        CHECK(strcmp(now, a) == 0 || strcmp(now, b) == 0);
    }
    CHECK_INT(replace("a.json", "end"), DET_OK);
    CHECK_STR(config_read("a.json"), "end");
    config_end();
}

static const unit_test TESTS[] = {
    TEST(the_directory_is_where_det_looks),
    TEST(a_file_that_is_not_there_is_no_error),
    TEST(directory_and_new_file_are_their_owners_alone),
    TEST(an_old_file_keeps_its_mode),
    TEST(what_a_crash_left_is_no_hindrance),
    TEST(a_lock_is_waited_for),
    TEST(a_killed_holder_lets_go),
    TEST(a_lock_on_a_removed_file_is_taken_again),
    TEST(a_directory_that_cannot_be_written_is_told),
    TEST(a_file_that_cannot_be_read_is_told),
    TEST(a_full_disk_leaves_the_old_file),
    TEST(what_is_no_file_is_told),
    TEST(no_backup_replaces_another),
    TEST(a_reader_sees_one_whole_file_whenever_the_writer_is_killed),
};
UNIT_MAIN(TESTS)

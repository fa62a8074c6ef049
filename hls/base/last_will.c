#include "last_will.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENTRIES_MAX 256
#define PATH_BYTES 4096

/* A fixed table: the list must work when memory is short, and a run has a handful of entries. */
typedef struct {
    enum { FREE, PATH, GROUP } kind;
    int fd;
    pid_t group;
    const nh_will_owner *owner; /* of a group, or NULL */
    char path[PATH_BYTES];
} entry;

static struct {
    pthread_mutex_t lock;
    pid_t owner; /* 0: not set up. A forked child must not clean up for its parent */
    int wake[2]; /* signal handler -> watcher */
    entry list[ENTRIES_MAX];
} will = {.lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP, .wake = {-1, -1}};

static _Thread_local nh_will_owner *mine;

static int remove_at(int parent, const char *name) {
    if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return 0;
    if (errno != EISDIR && errno != EPERM) return errno;
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int error = errno;
        if (fd >= 0) close(fd);
        return error;
    }
    int error = 0;
    for (struct dirent *e; error == 0 && (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) error = remove_at(dirfd(dir), e->d_name);
    closedir(dir);
    if (error == 0 && unlinkat(parent, name, AT_REMOVEDIR) != 0 && errno != ENOENT) error = errno;
    return error;
}

int nh_will_remove_tree(const char *path) { return remove_at(AT_FDCWD, path); }

/* Threads that still write into a staged directory can refill it while it is emptied: a few rounds settle that. */
static void remove_stubborn(const char *path) {
    for (int round = 0; round < 50 && nh_will_remove_tree(path) == ENOTEMPTY; round++)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void execute_locked(void) {
    for (int i = 0; i < ENTRIES_MAX; i++)
        if (will.list[i].kind == GROUP) kill(-will.list[i].group, SIGKILL);
    for (int i = 0; i < ENTRIES_MAX; i++)
        if (will.list[i].kind == PATH) remove_stubborn(will.list[i].path);
    memset(will.list, 0, sizeof will.list);
}

static void at_exit(void) {
    if (getpid() != will.owner) return;
    nh_will_hold();
    execute_locked();
    nh_will_release();
}

static void on_signal(int number) {
    if (getpid() != will.owner) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    int kept = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(will.wake[1], &byte, 1);
    (void)ignored;
    errno = kept;
}

static void *watch(void *unused) {
    (void)unused;
    unsigned char number;
    while (read(will.wake[0], &number, 1) != 1)
        if (errno != EINTR) return NULL;
    nh_will_hold(); /* never released: nothing may be published any more */
    execute_locked();
    signal(number, SIG_DFL);
    kill(getpid(), number);
    return NULL;
}

/* Only signals that would kill us are taken: one that is ignored (nohup) stays ignored. */
static bool set_up_locked(void) {
    pthread_t watcher;
    if (will.owner == getpid()) return true;
    bool forked = will.owner != 0;
    memset(will.list, 0, sizeof will.list);
    if (pipe2(will.wake, O_CLOEXEC) != 0 || pthread_create(&watcher, NULL, watch, NULL) != 0) return false;
    pthread_detach(watcher);
    if (!forked) atexit(at_exit);
    static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};
    will.owner = getpid();
    for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
        struct sigaction old, ours = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
        if (sigaction(deadly[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL) sigaction(deadly[i], &ours, NULL);
    }
    return true;
}

static bool add(entry e) {
    nh_will_hold();
    bool ok = set_up_locked();
    int i = 0;
    while (ok && i < ENTRIES_MAX && will.list[i].kind != FREE) i++;
    ok = ok && i < ENTRIES_MAX;
    if (ok) will.list[i] = e;
    nh_will_release();
    return ok;
}

/* Absolute, because the working directory may be another one when the time comes. */
static bool absolute(const char *path, char out[PATH_BYTES]) {
    size_t n = 0;
    if (path[0] != '/') {
        if (!getcwd(out, PATH_BYTES - 1)) return false;
        n = strlen(out);
        out[n++] = '/';
    }
    if (strlen(path) >= PATH_BYTES - n) return false;
    strcpy(out + n, path);
    return true;
}

bool nh_will_remove(const char *path, int fd) {
    entry e = {.kind = PATH, .fd = fd};
    return absolute(path, e.path) && add(e);
}

bool nh_will_kill(pid_t group) { return add((entry){.kind = GROUP, .fd = -1, .group = group, .owner = mine}); }

nh_will_owner *nh_will_work_for(nh_will_owner *o) {
    nh_will_owner *before = mine;
    mine = o;
    return before;
}

nh_will_owner *nh_will_mine(void) { return mine; }

void nh_will_cancel(nh_will_owner *o) {
    nh_will_hold();
    o->cancelled = true;
    for (int i = 0; i < ENTRIES_MAX; i++)
        if (will.list[i].kind == GROUP && will.list[i].owner == o) kill(-will.list[i].group, SIGKILL);
    nh_will_release();
}

bool nh_will_cancelled(const nh_will_owner *o) {
    if (!o) return false;
    nh_will_hold();
    bool cancelled = o->cancelled;
    nh_will_release();
    return cancelled;
}

bool nh_will_stop(void) { return nh_will_cancelled(mine); }

void nh_will_keep_path(const char *path) {
    char full[PATH_BYTES];
    if (!absolute(path, full)) return;
    nh_will_hold();
    for (int i = 0; i < ENTRIES_MAX; i++) {
        if (will.list[i].kind != PATH || strcmp(will.list[i].path, full) != 0) continue;
        if (will.list[i].fd >= 0) close(will.list[i].fd);
        will.list[i].kind = FREE;
    }
    nh_will_release();
}

void nh_will_keep_group(pid_t group) {
    nh_will_hold();
    for (int i = 0; i < ENTRIES_MAX; i++)
        if (will.list[i].kind == GROUP && will.list[i].group == group) will.list[i].kind = FREE;
    nh_will_release();
}

void nh_will_hold(void) { pthread_mutex_lock(&will.lock); }

void nh_will_release(void) { pthread_mutex_unlock(&will.lock); }

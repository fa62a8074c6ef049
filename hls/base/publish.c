#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "last_will.h"

#define SUFFIX NH_STAGE_MARK "XXXXXX"

static bool fail(nh_diag *d, const char *what, const char *path, int error) {
    return nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot %s '%s': %s", what, path, strerror(error));
}

bool nh_remove_tree(nh_diag *d, const char *path) {
    int error = nh_will_remove_tree(path);
    return error == 0 || fail(d, "remove", path, error);
}

/* A link or a device in the place of an output was put there on purpose; a folder is no place for a file. */
static bool check_place(nh_diag *d, const char *dst, bool is_dir) {
    struct stat st;
    if (lstat(dst, &st) != 0 || (is_dir ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode))) return true;
    const char *what = S_ISLNK(st.st_mode)   ? "a link"
                       : S_ISDIR(st.st_mode) ? "a folder"
                       : S_ISREG(st.st_mode) ? "a file"
                                             : "a device or a pipe";
    nh_report(d, NH_O_WRITE, NH_NOWHERE, "cannot write '%s': it is %s", dst, what);
    nh_diag_allowed(d, is_dir ? "a folder, or nothing, in this place" : "a file, or nothing, in this place");
    return false;
}

/* What earlier runs that were killed outright left beside dst, by names that are nobody else's. A living owner holds a
 * lock on its entry, which the kernel drops with the process: sound across reused process ids and containers. */
static void sweep(nh_arena *a, const char *dst) {
    const char *base = nh_path_base(dst);
    size_t n = strlen(base);
    char *folder = nh_path_dir(a, dst);
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        if (strncmp(e->d_name, base, n) != 0 || strncmp(e->d_name + n, NH_STAGE_MARK, strlen(NH_STAGE_MARK)) != 0)
            continue;
        if (strlen(e->d_name + n) != strlen(SUFFIX)) continue;
        int fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0) continue;
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) nh_will_remove_tree(nh_path_join(a, folder, e->d_name));
        close(fd);
    }
    closedir(dir);
}

/* A new entry under an unused name, opened; mkdtemp and mkstemp would make it private to the user, outputs are not. */
static int make_entry(char *path, bool is_dir) {
    static const char letter[] = "abcdefghijklmnopqrstuvwxyz0123456789";
    unsigned char noise[6];
    if (getrandom(noise, sizeof noise, 0) != sizeof noise) return -1;
    char *x = path + strlen(path) - sizeof noise;
    for (size_t i = 0; i < sizeof noise; i++) x[i] = letter[noise[i] % (sizeof letter - 1)];
    if (!is_dir) return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    return mkdir(path, 0777) == 0 ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* Between making an entry and locking it another run may sweep it away; then it has no link left and we try again. */
static char *stage(nh_arena *a, nh_diag *d, const char *dst, bool is_dir) {
    struct stat there;
    bool is_special = lstat(dst, &there) == 0 && !S_ISDIR(there.st_mode) && !S_ISREG(there.st_mode);
    if (!nh_mkdirs(d, nh_path_dir(a, dst)) || (is_special && !check_place(d, dst, is_dir))) return NULL;
    sweep(a, dst);
    char *path = nh_arena_printf(a, "%s" SUFFIX, dst);
    int error = EBUSY;
    for (int attempt = 0; attempt < 100; attempt++) {
        int fd = make_entry(path, is_dir);
        struct stat st;
        if (fd < 0) {
            error = errno;
            if (error == EEXIST || error == ENOENT) continue;
            break;
        }
        if (flock(fd, LOCK_EX | LOCK_NB) == 0 && stat(path, &st) == 0) {
            if (nh_will_remove(path, fd)) return path;
            nh_will_remove_tree(path);
            error = ENOMEM;
        }
        close(fd);
    }
    fail(d, is_dir ? "make the directory" : "make the file", path, error);
    return NULL;
}

char *nh_stage_dir(nh_arena *a, nh_diag *d, const char *dst) { return stage(a, d, dst, true); }

char *nh_stage_file(nh_arena *a, nh_diag *d, const char *dst) { return stage(a, d, dst, false); }

/* File systems without RENAME_EXCHANGE (some network and overlay ones): the old output steps aside first. For that
 * moment there is no dst, which a reader can tell from a torn one. */
static int swap_in(nh_arena *a, const char *staged, const char *dst) {
    if (renameat2(AT_FDCWD, staged, AT_FDCWD, dst, RENAME_EXCHANGE) == 0) return 0;
    if (rename(staged, dst) == 0) return 0;
    char *aside = nh_arena_printf(a, "%s.old", staged);
    if (rename(dst, aside) != 0) return errno;
    if (rename(staged, dst) != 0) {
        int error = errno;
        rename(aside, dst);
        return error;
    }
    return rename(aside, staged) == 0 ? 0 : errno;
}

bool nh_publish_swap(nh_diag *d, const char *staged, const char *dst) {
    struct stat st;
    if (!check_place(d, dst, stat(staged, &st) == 0 && S_ISDIR(st.st_mode))) return false;
    nh_will_hold();
    int error = swap_in(d->arena, staged, dst);
    nh_will_release();
    return error == 0 || fail(d, "put the new output in the place of", dst, error);
}

bool nh_publish(nh_diag *d, const char *staged, const char *dst) {
    if (!nh_publish_swap(d, staged, dst)) return false;
    /* The staged name now holds what was there before, if anything; it stays on the list until it is gone. */
    bool ok = nh_remove_tree(d, staged);
    nh_will_keep_path(staged);
    return ok;
}

void nh_discard(const char *staged) {
    nh_will_remove_tree(staged);
    nh_will_keep_path(staged);
}

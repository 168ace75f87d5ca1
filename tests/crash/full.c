/* A disk without room, for one program: loaded before its libraries (LD_PRELOAD), it lets what would take room below a folder fail with ENOSPC
 * while a flag file exists. Every third write that fails puts half of its bytes down first, as a disk that fills up does.
 *
 *     CRASH_FULL_ROOT   the folder, absolute
 *     CRASH_FULL_FLAG   the file; it lies elsewhere
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static atomic_uint failed;

static int is_full(void) {
    const char *flag = getenv("CRASH_FULL_FLAG");
    int kept = errno;
    int full = flag && access(flag, F_OK) == 0;
    errno = kept;
    return full;
}

static int lies_below(const char *path) {
    const char *root = getenv("CRASH_FULL_ROOT");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int has_no_room(int fd) {
    char name[64], path[PATH_MAX];
    if (!is_full()) return 0;
    int kept = errno;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, path, sizeof path - 1);
    errno = kept;
    if (length < 0) return 0;
    path[length] = 0;
    return lies_below(path);
}

/* A new file or folder takes room; one that is there can be opened. */
static int cannot_be_made(const char *path) {
    int kept = errno;
    int cannot = lies_below(path) && is_full() && access(path, F_OK) != 0;
    errno = kept;
    return cannot;
}

static int no_room(void) {
    errno = ENOSPC;
    return -1;
}

static int half(size_t bytes) {
    return atomic_fetch_add(&failed, 1) % 3 == 2 && bytes > 1;
}

ssize_t write(int fd, const void *from, size_t bytes) {
    if (!has_no_room(fd)) return NEXT(write)(fd, from, bytes);
    return half(bytes) ? NEXT(write)(fd, from, bytes / 2) : no_room();
}

ssize_t pwrite(int fd, const void *from, size_t bytes, off_t at) {
    if (!has_no_room(fd)) return NEXT(pwrite)(fd, from, bytes, at);
    return half(bytes) ? NEXT(pwrite)(fd, from, bytes / 2, at) : no_room();
}

ssize_t pwrite64(int fd, const void *from, size_t bytes, off64_t at) {
    if (!has_no_room(fd)) return NEXT(pwrite64)(fd, from, bytes, at);
    return half(bytes) ? NEXT(pwrite64)(fd, from, bytes / 2, at) : no_room();
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    return has_no_room(fd) ? no_room() : NEXT(writev)(fd, parts, count);
}

int fdatasync(int fd) {
    return has_no_room(fd) ? no_room() : NEXT(fdatasync)(fd);
}

int fsync(int fd) {
    return has_no_room(fd) ? no_room() : NEXT(fsync)(fd);
}

int fallocate(int fd, int mode, off_t from, off_t bytes) {
    return has_no_room(fd) ? no_room() : NEXT(fallocate)(fd, mode, from, bytes);
}

int fallocate64(int fd, int mode, off64_t from, off64_t bytes) {
    return has_no_room(fd) ? no_room() : NEXT(fallocate64)(fd, mode, from, bytes);
}

/* These two give the error back. */
int posix_fallocate(int fd, off_t from, off_t bytes) {
    return has_no_room(fd) ? ENOSPC : NEXT(posix_fallocate)(fd, from, bytes);
}

int posix_fallocate64(int fd, off64_t from, off64_t bytes) {
    return has_no_room(fd) ? ENOSPC : NEXT(posix_fallocate64)(fd, from, bytes);
}

static int grows(int fd, off64_t bytes) {
    struct stat64 now;
    return fstat64(fd, &now) == 0 && bytes > now.st_size;
}

int ftruncate(int fd, off_t bytes) {
    return grows(fd, bytes) && has_no_room(fd) ? no_room() : NEXT(ftruncate)(fd, bytes);
}

int ftruncate64(int fd, off64_t bytes) {
    return grows(fd, bytes) && has_no_room(fd) ? no_room() : NEXT(ftruncate64)(fd, bytes);
}

int mkdir(const char *path, mode_t mode) {
    return cannot_be_made(path) ? no_room() : NEXT(mkdir)(path, mode);
}

static mode_t mode_of(int flags, va_list rest) {
    return flags & O_CREAT || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(rest, mode_t) : 0;
}

#define OPENS(name)                                                             \
    int name(const char *path, int flags, ...) {                                \
        va_list rest;                                                           \
        va_start(rest, flags);                                                  \
        mode_t mode = mode_of(flags, rest);                                     \
        va_end(rest);                                                           \
        if (flags & O_CREAT && cannot_be_made(path)) return no_room();          \
        return NEXT(name)(path, flags, mode);                                   \
    }

OPENS(open)
OPENS(open64)

#define OPENS_AT(name)                                                          \
    int name(int folder, const char *path, int flags, ...) {                    \
        va_list rest;                                                           \
        va_start(rest, flags);                                                  \
        mode_t mode = mode_of(flags, rest);                                     \
        va_end(rest);                                                           \
        if (flags & O_CREAT && cannot_be_made(path)) return no_room();          \
        return NEXT(name)(folder, path, flags, mode);                           \
    }

OPENS_AT(openat)
OPENS_AT(openat64)

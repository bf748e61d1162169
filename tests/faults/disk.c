/* A disk that fails on demand: preloaded into a process (LD_PRELOAD), it stands before every call that changes files
   below one folder. tests/faults/disk.py compiles it and says what the variables mean.

   Linux and glibc. SQLite's -shm files are left alone: they are shared memory, never synced, and made anew. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096
#define REAL(name, result, ...) ((result (*)(__VA_ARGS__))real(name))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* held over an operation and its record: both have one order */
static char folder[PATH_MAX];
static char *watched[FILES]; /* by descriptor: the path below the folder, "" for the folder itself */
static long kill_at, sync_at, operations, syncs;
static int torn, full, log_to = -1;
static long long room, grown; /* room < 0: no limit */

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

static long long number(const char *name, long long otherwise) {
    const char *value = getenv(name);
    return value && *value ? atoll(value) : otherwise;
}

/* Reads the variables anew; a process that was forked calls it before it begins. */
__attribute__((constructor)) void disk_begin(void) {
    const char *where = getenv("DISK_FOLDER"), *log = getenv("DISK_LOG");
    folder[0] = 0;
    if (where && *where && !realpath(where, folder)) abort();
    kill_at = number("DISK_KILL", 0);
    sync_at = number("DISK_SYNC", 0);
    room = number("DISK_ROOM", -1);
    torn = number("DISK_TORN", 0) != 0;
    operations = syncs = full = grown = 0;
    for (int i = 0; i < FILES; i++) watched[i] = NULL;
    if (log_to >= 0) REAL("close", int, int)(log_to);
    log_to = -1;
    if (log && *log) log_to = REAL("open64", int, const char *, int, ...)(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The path below the folder, in out; NULL where it is not watched. */
static const char *below(const char *path, char *out) {
    char whole[PATH_MAX * 2];
    size_t size = strlen(folder), length;
    if (!size || !path) return NULL;
    if (path[0] != '/') {
        if (!getcwd(whole, PATH_MAX)) return NULL;
        strcat(whole, "/");
        strncat(whole, path, PATH_MAX - 2);
        path = whole;
    }
    length = strlen(path);
    if (strncmp(path, folder, size) || (path[size] && path[size] != '/')) return NULL;
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return NULL;
    path += size;
    while (*path == '/') path++;
    strncpy(out, path, PATH_MAX - 1);
    out[PATH_MAX - 1] = 0;
    return out;
}

static const char *of(int fd) { return fd >= 0 && fd < FILES ? watched[fd] : NULL; }

static void forget(int fd) {
    if (fd >= 0 && fd < FILES) free(watched[fd]), watched[fd] = NULL;
}

/* Little endian: kind (1), length of the path (4), offset or size (8), length of the data (4); then path and data. */
static void record(char kind, const char *path, int64_t at, const void *data, uint32_t length) {
    unsigned char head[17];
    uint32_t size = (uint32_t)strlen(path);
    struct iovec parts[3] = {{head, sizeof head}, {(void *)path, size}, {(void *)data, length}};
    int error = errno;
    if (log_to < 0) return;
    head[0] = (unsigned char)kind;
    memcpy(head + 1, &size, 4);
    memcpy(head + 5, &at, 8);
    memcpy(head + 13, &length, 4);
    if (REAL("writev", ssize_t, int, const struct iovec *, int)(log_to, parts, 3) < 0) abort();
    errno = error;
}

static int due(void) { return ++operations == kill_at; }

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void step(void) { if (due()) die(); }

static long long size_of(const char *path) {
    struct stat found;
    return stat(path, &found) == 0 && S_ISREG(found.st_mode) && found.st_nlink == 1 ? found.st_size : 0;
}

static void gives_back(long long bytes) {
    grown -= bytes;
    if (bytes > 0) full = 0;
}

/* Makes a change and returns; `freed` bytes are given back and the rest is done if it succeeds. */
#define CHANGE(freed, call, ...)                                                                \
    do {                                                                                        \
        pthread_mutex_lock(&lock);                                                              \
        step();                                                                                 \
        long long bytes = freed;                                                                \
        int result = call, error = errno;                                                       \
        if (!result) gives_back(bytes), __VA_ARGS__;                                            \
        pthread_mutex_unlock(&lock);                                                            \
        errno = error;                                                                          \
        return result;                                                                          \
    } while (0)

/* -- files ------------------------------------------------------------------------------------------------------- */

static int opened(const char *name, int at, const char *path, int flags, mode_t mode) {
    char buffer[PATH_MAX];
    pthread_mutex_lock(&lock);
    const char *mine = (at == AT_FDCWD || (path && path[0] == '/')) ? below(path, buffer) : NULL;
    int there = mine && access(path, F_OK) == 0;
    if (mine && ((flags & O_CREAT && !there) || (flags & O_TRUNC && there))) {
        step();
        if (there) gives_back(size_of(path));
    }
    int fd = REAL(name, int, int, const char *, int, ...)(at, path, flags, mode), error = errno;
    if (fd >= 0) {
        forget(fd);
        if (mine && fd < FILES) watched[fd] = strdup(mine);
        if (mine && flags & O_CREAT && !there) record('C', mine, 0, NULL, 0);
        else if (mine && flags & O_TRUNC && there) record('T', mine, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define OPEN(name, through, at, ...)                                                            \
    int name(__VA_ARGS__ const char *path, int flags, ...) {                                    \
        va_list more;                                                                           \
        va_start(more, flags);                                                                  \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;                 \
        va_end(more);                                                                           \
        return opened(through, at, path, flags, mode);                                          \
    }
OPEN(open, "openat", AT_FDCWD, )
OPEN(open64, "openat64", AT_FDCWD, )
OPEN(openat, "openat", at, int at, )
OPEN(openat64, "openat64", at, int at, )
int __open_2(const char *path, int flags) { return opened("openat", AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened("openat64", AT_FDCWD, path, flags, 0); }

int close(int fd) {
    if (of(fd)) {
        pthread_mutex_lock(&lock);
        forget(fd);
        pthread_mutex_unlock(&lock);
    }
    return REAL("close", int, int)(fd);
}

/* -- writes ------------------------------------------------------------------------------------------------------ */

static ssize_t wrote(int fd, const void *data, size_t length, off64_t at, int moves) {
    struct stat now;
    ssize_t done = -1;
    size_t part = length;
    pthread_mutex_lock(&lock);
    if (fstat(fd, &now)) now.st_size = 0;
    if (moves) at = fcntl(fd, F_GETFL) & O_APPEND ? now.st_size : lseek64(fd, 0, SEEK_CUR);
    int dies = due();
    if (dies && torn) part = length / 2;
    else if (dies) die();
    long long more = at + (long long)part - now.st_size;
    if (room >= 0 && more > 0 && grown + more > room) {
        long long fits = room - grown - (at > now.st_size ? at - now.st_size : 0);
        part = full ? 0 : part / 2;
        if ((long long)part > fits && at + (long long)part > now.st_size) part = fits > 0 ? (size_t)fits : 0;
        full = 1;
    }
    errno = ENOSPC;
    if (part || !length)
        done = moves ? REAL("write", ssize_t, int, const void *, size_t)(fd, data, part)
                     : REAL("pwrite64", ssize_t, int, const void *, size_t, off64_t)(fd, data, part, at);
    int error = errno;
    if (done > 0) {
        if (at + done > now.st_size) grown += at + done - now.st_size;
        record('W', of(fd) ? of(fd) : "", at, data, (uint32_t)done);
    }
    if (dies) die();
    pthread_mutex_unlock(&lock);
    errno = error;
    return done;
}

ssize_t write(int fd, const void *data, size_t length) {
    if (!of(fd)) return REAL("write", ssize_t, int, const void *, size_t)(fd, data, length);
    return wrote(fd, data, length, 0, 1);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) {
    if (!of(fd)) return REAL("pwrite64", ssize_t, int, const void *, size_t, off64_t)(fd, data, length, at);
    return wrote(fd, data, length, at, 0);
}

ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return pwrite64(fd, data, length, at); }

static long long beyond(int fd, off64_t size) {
    struct stat now;
    return fstat(fd, &now) ? 0 : now.st_size - size;
}

int ftruncate64(int fd, off64_t size) {
    if (!of(fd)) return REAL("ftruncate64", int, int, off64_t)(fd, size);
    CHANGE(beyond(fd, size), REAL("ftruncate64", int, int, off64_t)(fd, size), record('T', of(fd), size, NULL, 0));
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int synced(const char *name, int fd) {
    struct stat found;
    int result = -1, error = EIO;
    if (!of(fd)) return REAL(name, int, int)(fd);
    pthread_mutex_lock(&lock);
    step();
    if (!sync_at || ++syncs < sync_at) {
        /* The process and the machine live on, so that nothing need be synced in earnest: a log says what was. */
        result = log_to >= 0 || kill_at ? 0 : REAL(name, int, int)(fd);
        error = errno;
        if (!result) record(!fstat(fd, &found) && S_ISDIR(found.st_mode) ? 'D' : 'S', of(fd), 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return result;
}

int fsync(int fd) { return synced("fsync", fd); }
int fdatasync(int fd) { return synced("fdatasync", fd); }

/* -- names ------------------------------------------------------------------------------------------------------- */

/* Which files stand behind the descriptors now; an unlinked one has no name any more. */
static void named(const char *old, const char *new) {
    for (int i = 0; i < FILES; i++) {
        if (!watched[i] || (strcmp(watched[i], old) && (!new || strcmp(watched[i], new)))) continue;
        int moved = new && !strcmp(watched[i], old);
        forget(i);
        if (moved) watched[i] = strdup(new);
    }
}

static int renamed(const char *from, const char *to) {
    char a[PATH_MAX], b[PATH_MAX];
    const char *old = below(from, a), *new = below(to, b);
    if (!old || !new) return REAL("rename", int, const char *, const char *)(from, to);
    CHANGE(size_of(to), REAL("rename", int, const char *, const char *)(from, to),
           named(old, new), record('R', old, 0, new, (uint32_t)strlen(new)));
}

int rename(const char *from, const char *to) { return renamed(from, to); }
int renameat(int at, const char *from, int to_at, const char *to) {
    if (at == AT_FDCWD && to_at == AT_FDCWD) return renamed(from, to);
    return REAL("renameat", int, int, const char *, int, const char *)(at, from, to_at, to);
}

int unlink(const char *path) {
    char buffer[PATH_MAX];
    const char *mine = below(path, buffer);
    if (!mine || access(path, F_OK)) return REAL("unlink", int, const char *)(path);
    CHANGE(size_of(path), REAL("unlink", int, const char *)(path), named(mine, NULL), record('U', mine, 0, NULL, 0));
}

int unlinkat(int at, const char *path, int flags) {
    if (at == AT_FDCWD && !flags) return unlink(path);
    return REAL("unlinkat", int, int, const char *, int)(at, path, flags);
}

int mkdir(const char *path, mode_t mode) {
    char buffer[PATH_MAX];
    const char *mine = below(path, buffer);
    if (!mine || !access(path, F_OK)) return REAL("mkdir", int, const char *, mode_t)(path, mode);
    CHANGE(0, REAL("mkdir", int, const char *, mode_t)(path, mode), record('M', mine, 0, NULL, 0));
}

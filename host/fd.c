/* Transports of POSIX: file descriptors, a child process, a serial device. */
#include "neurohls_host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

extern char **environ;

struct nh_host_fd {
    int in, out, wait_ms;
    pid_t child; /* or 0 */
};

/* A closed socket must not end the process. */
static ssize_t put(int fd, const uint8_t *byte, size_t n) {
    ssize_t done = send(fd, byte, n, MSG_NOSIGNAL);
    return done < 0 && errno == ENOTSOCK ? write(fd, byte, n) : done;
}

static bool again(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

static ptrdiff_t fd_write(void *self, const uint8_t *byte, size_t n) {
    nh_host_fd *f = self;
    for (;;) {
        ssize_t done = put(f->out, byte, n);
        if (done > 0) return done;
        if (done < 0 && !again()) return -1;
        struct pollfd p[2] = {{.fd = f->out, .events = POLLOUT}, {.fd = f->in, .events = POLLIN}};
        int ready = poll(p, 2, f->wait_ms);
        if (ready == 0 || (ready < 0 && errno != EINTR)) return -1;
        if (ready > 0 && p[1].revents) return 0;
    }
}

static ptrdiff_t fd_read(void *self, uint8_t *byte, size_t n, bool wait) {
    nh_host_fd *f = self;
    for (;;) {
        ssize_t done = read(f->in, byte, n);
        if (done > 0) return done;
        if (done == 0) return -1;
        if (!again()) return -1;
        if (!wait) return 0;
        struct pollfd p = {.fd = f->in, .events = POLLIN};
        int ready = poll(&p, 1, f->wait_ms);
        if (ready == 0) return 0;
        if (ready < 0 && errno != EINTR) return -1;
    }
}

nh_host_transport nh_host_fd_transport(nh_host_fd *f) { return (nh_host_transport){f, fd_write, fd_read}; }

nh_host_fd *nh_host_fd_new(int in, int out, int wait_ms) {
    nh_host_fd *f = malloc(sizeof *f);
    if (!f) return NULL;
    *f = (nh_host_fd){.in = in, .out = out, .wait_ms = wait_ms};
    if (fcntl(in, F_SETFL, fcntl(in, F_GETFL) | O_NONBLOCK) == 0 &&
        fcntl(out, F_SETFL, fcntl(out, F_GETFL) | O_NONBLOCK) == 0)
        return f;
    free(f);
    return NULL;
}

static int start(const char *const *argv, int line, pid_t *pid) {
    posix_spawn_file_actions_t act;
    posix_spawn_file_actions_init(&act);
    posix_spawn_file_actions_adddup2(&act, line, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&act, line, STDOUT_FILENO);
    /* posix_spawn leaves argv alone; its type is older than const. */
    int error = posix_spawnp(pid, argv[0], &act, NULL, (char **)(uintptr_t)argv, environ);
    posix_spawn_file_actions_destroy(&act);
    return error;
}

nh_host_fd *nh_host_fd_child(const char *const *argv, int wait_ms) {
    int pair[2];
    pid_t pid = 0;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return NULL;
    nh_host_fd *f = nh_host_fd_new(pair[0], pair[0], wait_ms);
    int error = f ? start(argv, pair[1], &pid) : errno;
    close(pair[1]);
    if (error == 0) {
        f->child = pid;
        return f;
    }
    close(pair[0]);
    free(f);
    errno = error;
    return NULL;
}

static speed_t speed_of(int baud) {
    static const struct {
        int baud;
        speed_t speed;
    } row[] = {{9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
               {115200, B115200},   {230400, B230400},   {460800, B460800},   {921600, B921600},
               {1000000, B1000000}, {2000000, B2000000}, {3000000, B3000000}, {4000000, B4000000}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (row[i].baud == baud) return row[i].speed;
    return B0;
}

nh_host_fd *nh_host_fd_serial(const char *path, int baud, int wait_ms) {
    struct termios t;
    speed_t speed = speed_of(baud);
    int fd = -1;
    errno = EINVAL;
    if (speed == B0 || (fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) < 0) return NULL;
    bool ok = tcgetattr(fd, &t) == 0;
    if (ok) {
        cfmakeraw(&t);
        t.c_cflag |= CLOCAL | CREAD;
        t.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS);
        ok = cfsetspeed(&t, speed) == 0 && tcsetattr(fd, TCSANOW, &t) == 0 && tcflush(fd, TCIOFLUSH) == 0;
    }
    nh_host_fd *f = ok ? nh_host_fd_new(fd, fd, wait_ms) : NULL;
    if (!f) {
        int error = errno;
        close(fd);
        errno = error;
    }
    return f;
}

int nh_host_fd_close(nh_host_fd *f) {
    int status = 0;
    if (!f) return 0;
    close(f->in);
    if (f->out != f->in) close(f->out);
    if (f->child)
        while (waitpid(f->child, &status, 0) < 0 && errno == EINTR) continue;
    free(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

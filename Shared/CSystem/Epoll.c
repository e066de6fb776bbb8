#define _GNU_SOURCE
#include "Epoll.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(sizeof(struct portico_event) == sizeof(struct epoll_event), "layout of epoll_event");
_Static_assert(PORTICO_READABLE == EPOLLIN && PORTICO_WRITABLE == EPOLLOUT && PORTICO_FAILED == EPOLLERR, "event bits");
_Static_assert(PORTICO_HUNG_UP == EPOLLHUP && PORTICO_PEER_CLOSED == EPOLLRDHUP, "event bits");

int portico_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

static int control(int epoll, int operation, int descriptor, uint32_t events, int edge_triggered, uint64_t token) {
    struct epoll_event event = {.events = events | (edge_triggered ? (uint32_t)EPOLLET : 0), .data.u64 = token};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int portico_epoll_add(int epoll, int descriptor, uint32_t events, int edge_triggered, uint64_t token) {
    return control(epoll, EPOLL_CTL_ADD, descriptor, events, edge_triggered, token);
}

int portico_epoll_modify(int epoll, int descriptor, uint32_t events, int edge_triggered, uint64_t token) {
    return control(epoll, EPOLL_CTL_MOD, descriptor, events, edge_triggered, token);
}

int portico_epoll_remove(int epoll, int descriptor) { return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL); }

int portico_epoll_wait(int epoll, struct portico_event *events, int capacity, int timeout_ms) {
    return epoll_wait(epoll, (struct epoll_event *)(void *)events, capacity, timeout_ms);
}

int portico_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int portico_signalfd(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int index = 0; index < count; index++) sigaddset(&set, signals[index]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int portico_signalfd_read(int descriptor) {
    struct signalfd_siginfo info;
    ssize_t count = read(descriptor, &info, sizeof info);
    return count == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}

int portico_temporary_file(const char *directory) {
    int descriptor = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
    if (descriptor >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return descriptor;
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/portico-XXXXXX", directory);
    if (length < 0 || length >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    descriptor = mkostemp(path, O_CLOEXEC);
    if (descriptor >= 0) unlink(path);
    return descriptor;
}

int portico_accept(int listener, void *storage, uint32_t *length) {
    return accept4(listener, storage, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

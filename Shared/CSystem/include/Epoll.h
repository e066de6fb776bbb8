// epoll, eventfd and signalfd, whose headers Swift's Glibc module leaves out.
#pragma once

#include <stdint.h>

// The layout of the kernel's struct epoll_event, with the token as a number.
#if defined(__x86_64__)
struct __attribute__((packed)) portico_event {
    uint32_t events;
    uint64_t token;
};
#else
struct portico_event {
    uint32_t events;
    uint64_t token;
};
#endif

enum {
    PORTICO_READABLE = 0x001,
    PORTICO_WRITABLE = 0x004,
    PORTICO_FAILED = 0x008,
    PORTICO_HUNG_UP = 0x010,
    PORTICO_PEER_CLOSED = 0x2000,
};

// All return -1 with errno set on failure.
int portico_epoll_create(void);
int portico_epoll_add(int epoll, int descriptor, uint32_t events, int edge_triggered, uint64_t token);
int portico_epoll_modify(int epoll, int descriptor, uint32_t events, int edge_triggered, uint64_t token);
int portico_epoll_remove(int epoll, int descriptor);
int portico_epoll_wait(int epoll, struct portico_event *events, int capacity, int timeout_ms);
int portico_eventfd(void);
// Blocks the signals for the calling thread and returns a descriptor that reports them.
int portico_signalfd(const int *signals, int count);
// The number of a signal that arrived, 0 when there is none.
int portico_signalfd_read(int descriptor);
// A nameless temporary file in `directory`, which may lack support for it: then a file that is unlinked at once.
int portico_temporary_file(const char *directory);
// accept4 for a non-blocking descriptor closed on exec. `storage` is a struct sockaddr_storage of `length` bytes.
int portico_accept(int listener, void *storage, uint32_t *length);

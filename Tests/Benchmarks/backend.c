// The backend of the benchmarks: answers GET from memory with two system calls, so that the proxy in front of it is what
// a run measures. One thread, HTTP/1.1, keep-alive, no pipelining; /medium is 10 KiB, /large 100 KiB, all else 120 bytes.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct answer {
    char *bytes;
    size_t count;
};

static struct answer make(size_t size) {
    struct answer answer = {.bytes = malloc(size + 256)};
    answer.count = (size_t)sprintf(
        answer.bytes,
        "HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Type: text/plain\r\n"
        "Content-Length: %zu\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: keep-alive\r\n\r\n",
        size);
    memset(answer.bytes + answer.count, 'x', size);
    answer.count += size;
    return answer;
}

// Large answers leave in several writes; what is left is kept by descriptor.
static const char *pending[65536];
static size_t pending_count[65536];

// Returns 0 where the connection is lost.
static int flush(int descriptor) {
    while (pending_count[descriptor] > 0) {
        ssize_t sent = send(descriptor, pending[descriptor], pending_count[descriptor], MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) return errno == EAGAIN;
        pending[descriptor] += sent;
        pending_count[descriptor] -= (size_t)sent;
    }
    return 1;
}

static int serve(int descriptor, const struct answer *small, const struct answer *medium, const struct answer *large) {
    static char request[16384];
    ssize_t count = recv(descriptor, request, sizeof request, MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN;
    if (count < 8) return 0;
    char kind = request[5];
    const struct answer *answer = kind == 'm' ? medium : kind == 'l' ? large : small;
    pending[descriptor] = answer->bytes;
    pending_count[descriptor] = answer->count;
    return flush(descriptor);
}

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    struct answer small = make(120), medium = make(10 << 10), large = make(100 << 10);
    int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0), epoll = epoll_create1(0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 4096) != 0) {
        perror("backend");
        return 1;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[512];
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(epoll, events, 512, -1);
        for (int index = 0; index < count; index++) {
            int descriptor = events[index].data.fd;
            if (descriptor == listener) {
                int accepted = accept4(listener, NULL, NULL, 0);
                if (accepted < 0) continue;
                if (accepted >= 65536) {
                    close(accepted);
                    continue;
                }
                pending_count[accepted] = 0;
                event = (struct epoll_event){.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.fd = accepted};
                epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
                continue;
            }
            int alive = pending_count[descriptor] > 0 ? flush(descriptor) : 1;
            if (alive && pending_count[descriptor] == 0 && events[index].events & ~(uint32_t)EPOLLOUT)
                alive = serve(descriptor, &small, &medium, &large);
            if (!alive) close(descriptor);
        }
    }
}

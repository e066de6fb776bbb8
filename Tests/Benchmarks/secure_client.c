// A load of TLS connections, or of messages over them, by blocking threads.
//
//     secure_client MODE PORT HOST SECONDS THREADS
//
// MODE full: a full handshake of TLS 1.3, one request and its answer, again and again
//      resumed: the same with the session of the connection before
//      websocket: a connection per thread is upgraded, and carries messages of 64 bytes and their echoes
//      echo: no client but a server on PORT that upgrades every connection and echoes its bytes
// Prints `RESULT done resumed failed`.
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static SSL_CTX *context;
static struct sockaddr_in address;
static const char *host;
static int resumes, upgrades;
static double end;
static atomic_long done, resumed, failed;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

// The newest session of the thread that the connection belongs to.
static int keep(SSL *ssl, SSL_SESSION *session) {
    SSL_SESSION **place = SSL_get_app_data(ssl);
    if (!place) return 0;
    SSL_SESSION_free(*place);
    *place = session;
    return 1;
}

static SSL *open_connection(int *descriptor, SSL_SESSION **session) {
    int on = 1;
    *descriptor = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(*descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // Ports in TIME_WAIT would run out within seconds.
    struct linger linger = {1, 0};
    setsockopt(*descriptor, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    SSL *ssl = SSL_new(context);
    SSL_set_fd(ssl, *descriptor);
    SSL_set_tlsext_host_name(ssl, host);
    SSL_set_app_data(ssl, session);
    if (resumes && *session) SSL_set_session(ssl, *session);
    if (connect(*descriptor, (struct sockaddr *)&address, sizeof address) == 0 && SSL_connect(ssl) == 1) return ssl;
    SSL_free(ssl);
    close(*descriptor);
    return NULL;
}

// The answer's head, and its body of 120 bytes where `body` is set.
static int read_answer(SSL *ssl, const char *status, int body) {
    char buffer[8192];
    int count = 0;
    while (count < (int)sizeof buffer - 1) {
        int read = SSL_read(ssl, buffer + count, sizeof buffer - 1 - count);
        if (read <= 0) return 0;
        count += read;
        buffer[count] = 0;
        char *head = strstr(buffer, "\r\n\r\n");
        if (head && (!body || count - (head + 4 - buffer) >= 120)) return !strncmp(buffer + 9, status, 3);
    }
    return 0;
}

static void *make_connections(void *unused) {
    SSL_SESSION *session = NULL;
    char request[512];
    int length = snprintf(request, sizeof request, "GET /small HTTP/1.1\r\nHost: %s\r\n\r\n", host);
    while (now() < end) {
        int descriptor;
        SSL *ssl = open_connection(&descriptor, &session);
        if (!ssl) {
            failed++;
            continue;
        }
        if (SSL_write(ssl, request, length) == length && read_answer(ssl, "200", 1)) done++; else failed++;
        if (SSL_session_reused(ssl)) resumed++;
        SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(ssl);
        close(descriptor);
    }
    return unused;
}

static void *make_messages(void *unused) {
    SSL_SESSION *session = NULL;
    int descriptor;
    SSL *ssl = open_connection(&descriptor, &session);
    char request[512], message[64] = {(char)0x82, (char)(0x80 | 58)}, buffer[64];
    int length = snprintf(request, sizeof request,
        "GET /chat HTTP/1.1\r\nHost: %s\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", host);
    if (!ssl || SSL_write(ssl, request, length) != length || !read_answer(ssl, "101", 0)) {
        failed++;
        return unused;
    }
    while (now() < end) {
        int count = 0;
        if (SSL_write(ssl, message, sizeof message) != sizeof message) break;
        while (count < (int)sizeof buffer) {
            int read = SSL_read(ssl, buffer + count, sizeof buffer - count);
            if (read <= 0) {
                failed++;
                return unused;
            }
            count += read;
        }
        done++;
    }
    return unused;
}

static void *echo(void *argument) {
    int descriptor = (int)(long)argument, isOpen = 0;
    char buffer[65536];
    ssize_t count;
    while ((count = read(descriptor, buffer, sizeof buffer)) > 0) {
        if (!isOpen) {
            const char *answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                                 "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
            if (write(descriptor, answer, strlen(answer)) < 0) break;
            isOpen = 1;
        } else if (write(descriptor, buffer, count) < 0) {
            break;
        }
    }
    close(descriptor);
    return NULL;
}

static int serve(int port) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    address.sin_port = htons(port);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) return 1;
    for (;;) {
        long descriptor = accept(listener, NULL, NULL);
        pthread_t thread;
        if (descriptor < 0) continue;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        pthread_create(&thread, NULL, echo, (void *)descriptor);
        pthread_detach(thread);
    }
}

int main(int count, char **words) {
    if (count < 3) return 2;
    signal(SIGPIPE, SIG_IGN);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(atoi(words[2]));
    if (!strcmp(words[1], "echo")) return serve(atoi(words[2]));
    if (count != 6) return 2;
    resumes = !strcmp(words[1], "resumed");
    upgrades = !strcmp(words[1], "websocket");
    host = words[3];
    end = now() + atof(words[4]);
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256");
    SSL_CTX_set1_groups_list(context, "X25519");
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep);
    int threads = atoi(words[5]);
    pthread_t running[threads];
    for (int index = 0; index < threads; index++)
        pthread_create(&running[index], NULL, upgrades ? make_messages : make_connections, NULL);
    for (int index = 0; index < threads; index++) pthread_join(running[index], NULL);
    printf("RESULT %ld %ld %ld\n", (long)done, (long)resumed, (long)failed);
    return 0;
}

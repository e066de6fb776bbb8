#pragma once
// libcurl's options are variadic, which Swift cannot call.
#include <curl/curl.h>

static inline CURLcode portico_curl_set_string(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode portico_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode portico_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*portico_curl_write)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode portico_curl_set_write(CURL *handle, portico_curl_write write) {
    return curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, write);
}

static inline CURLcode portico_curl_response_code(CURL *handle, long *code) {
    return curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, code);
}

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static inline CURLcode portico_curl_set_offset(CURL *handle, CURLoption option, long long value) {
    return curl_easy_setopt(handle, option, (curl_off_t)value);
}

static inline CURLcode portico_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
    return curl_easy_setopt(handle, option, list);
}

// libcurl keeps a copy of the bytes.
static inline CURLcode portico_curl_set_blob(CURL *handle, CURLoption option, const void *bytes, size_t count) {
    struct curl_blob blob = {(void *)bytes, count, CURL_BLOB_COPY};
    return curl_easy_setopt(handle, option, &blob);
}

static inline CURLcode portico_curl_set_header_function(CURL *handle, portico_curl_write take) {
    return curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take);
}

// Data that the peer's machine does not acknowledge breaks the connection after this many milliseconds.
static int portico_curl_limit_unacknowledged(void *context, curl_socket_t descriptor, curlsocktype purpose) {
    unsigned int milliseconds = (unsigned int)(size_t)context;
    (void)purpose;
    setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof milliseconds);
    return CURL_SOCKOPT_OK;
}

static inline CURLcode portico_curl_set_unacknowledged_limit(CURL *handle, size_t milliseconds) {
    CURLcode result = curl_easy_setopt(handle, CURLOPT_SOCKOPTDATA, (void *)milliseconds);
    if (result != CURLE_OK) return result;
    return curl_easy_setopt(handle, CURLOPT_SOCKOPTFUNCTION, portico_curl_limit_unacknowledged);
}

static inline CURLMcode portico_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

// The next transfer that has ended; NULL when there is none. Its result goes to `result`.
static inline CURL *portico_curl_next_ended(CURLM *multi, CURLcode *result) {
    int waiting = 0;
    for (CURLMsg *message = curl_multi_info_read(multi, &waiting); message;
         message = curl_multi_info_read(multi, &waiting)) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

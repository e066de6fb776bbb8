#include "CModSecurity.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// As the library's own header declares it.
struct intervention {
    int status;
    int pause;
    char *url;
    char *log;
    int disruptive;
};

static struct {
    void *(*init)(void);
    void (*set_connector_info)(void *, const char *);
    void (*set_log)(void *, portico_firewall_log);
    void *(*create_rules)(void);
    int (*add)(void *, const char *, const char **);
    int (*cleanup_rules)(void *);
    void *(*begin)(void *, void *, char *, void *);
    int (*connection)(void *, const char *, int, const char *, int);
    int (*uri)(void *, const char *, const char *, const char *);
    int (*request_field)(void *, const unsigned char *, size_t, const unsigned char *, size_t);
    int (*request_head)(void *);
    int (*append_body)(void *, const unsigned char *, size_t);
    int (*request_body)(void *);
    int (*response_field)(void *, const unsigned char *, size_t, const unsigned char *, size_t);
    int (*response_head)(void *, int, const char *);
    int (*response_body)(void *);
    int (*intervention)(void *, struct intervention *);
    int (*logging)(void *);
    void (*cleanup)(void *);
} library;

static const struct {
    void **function;
    const char *name;
} functions[] = {
    {(void **)&library.init, "msc_init"},
    {(void **)&library.set_connector_info, "msc_set_connector_info"},
    {(void **)&library.set_log, "msc_set_log_cb"},
    {(void **)&library.create_rules, "msc_create_rules_set"},
    {(void **)&library.add, "msc_rules_add"},
    {(void **)&library.cleanup_rules, "msc_rules_cleanup"},
    {(void **)&library.begin, "msc_new_transaction_with_id"},
    {(void **)&library.connection, "msc_process_connection"},
    {(void **)&library.uri, "msc_process_uri"},
    {(void **)&library.request_field, "msc_add_n_request_header"},
    {(void **)&library.request_head, "msc_process_request_headers"},
    {(void **)&library.append_body, "msc_append_request_body"},
    {(void **)&library.request_body, "msc_process_request_body"},
    {(void **)&library.response_field, "msc_add_n_response_header"},
    {(void **)&library.response_head, "msc_process_response_headers"},
    {(void **)&library.response_body, "msc_process_response_body"},
    {(void **)&library.intervention, "msc_intervention"},
    {(void **)&library.logging, "msc_process_logging"},
    {(void **)&library.cleanup, "msc_transaction_cleanup"},
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_loaded;

static void load(void) {
    void *handle = dlopen("libmodsecurity.so.3", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return;
    for (size_t index = 0; index < sizeof functions / sizeof *functions; index++) {
        *functions[index].function = dlsym(handle, functions[index].name);
        if (!*functions[index].function) return;
    }
    is_loaded = 1;
}

int portico_firewall_load(void) {
    pthread_once(&once, load);
    return is_loaded ? 0 : -1;
}

void *portico_firewall_engine(portico_firewall_log log) {
    void *engine = library.init();
    library.set_connector_info(engine, "Portico");
    library.set_log(engine, log);
    return engine;
}

void *portico_firewall_rules(void) { return library.create_rules(); }

int portico_firewall_add(void *rules, const char *text, char **reason) {
    const char *error = NULL;
    int result = library.add(rules, text, &error);
    *reason = result < 0 ? strdup(error ? error : "no reason given") : NULL;
    return result;
}

void portico_firewall_free_rules(void *rules) { library.cleanup_rules(rules); }

void *portico_firewall_begin(void *engine, void *rules, const char *identity, void *data) {
    return library.begin(engine, rules, (char *)identity, data);
}

void portico_firewall_connection(
    void *transaction, const char *client, int client_port, const char *server, int server_port) {
    library.connection(transaction, client, client_port, server, server_port);
}

void portico_firewall_uri(void *transaction, const char *uri, const char *method, const char *version) {
    library.uri(transaction, uri, method, version);
}

void portico_firewall_request_field(
    void *transaction, const void *name, size_t name_count, const void *value, size_t value_count) {
    library.request_field(transaction, name, name_count, value, value_count);
}

void portico_firewall_request_head(void *transaction) { library.request_head(transaction); }

void portico_firewall_append_body(void *transaction, const void *bytes, size_t count) {
    library.append_body(transaction, bytes, count);
}

void portico_firewall_request_body(void *transaction) { library.request_body(transaction); }

void portico_firewall_response_field(
    void *transaction, const void *name, size_t name_count, const void *value, size_t value_count) {
    library.response_field(transaction, name, name_count, value, value_count);
}

void portico_firewall_response_head(void *transaction, int status, const char *version) {
    library.response_head(transaction, status, version);
    library.response_body(transaction);
}

void portico_firewall_end(void *transaction) {
    library.logging(transaction);
    library.cleanup(transaction);
}

struct portico_firewall_order portico_firewall_take_order(void *transaction) {
    struct intervention found = {.status = 200};
    struct portico_firewall_order order = {0};
    library.intervention(transaction, &found);
    order.is_disruptive = found.disruptive;
    order.status = found.status;
    order.location = found.url;
    order.message = found.log;
    return order;
}

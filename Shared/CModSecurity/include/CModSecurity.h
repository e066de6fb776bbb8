#pragma once
#include <stddef.h>

// libmodsecurity (3.0), found at run time: it brings some forty libraries with it, and only a process that has rules to
// follow loads them. All functions but the first need `portico_firewall_load` to have succeeded.

// Returns 0, or -1 where the library is not installed or lacks a function. Safe to call from any thread, any number of times.
int portico_firewall_load(void);

typedef void (*portico_firewall_log)(void *data, const void *message);

// The process's engine. `log` gets a text for each rule that wants one, with the data of its transaction.
void *portico_firewall_engine(portico_firewall_log log);

void *portico_firewall_rules(void);
// Returns a negative number where the text is wrong, with a reason that the caller frees.
int portico_firewall_add(void *rules, const char *text, char **reason);
void portico_firewall_free_rules(void *rules);

void *portico_firewall_begin(void *engine, void *rules, const char *identity, void *data);
void portico_firewall_connection(
    void *transaction, const char *client, int client_port, const char *server, int server_port);
void portico_firewall_uri(void *transaction, const char *uri, const char *method, const char *version);
void portico_firewall_request_field(
    void *transaction, const void *name, size_t name_count, const void *value, size_t value_count);
void portico_firewall_request_head(void *transaction);
void portico_firewall_append_body(void *transaction, const void *bytes, size_t count);
void portico_firewall_request_body(void *transaction);
void portico_firewall_response_field(
    void *transaction, const void *name, size_t name_count, const void *value, size_t value_count);
// Of a response whose body is not shown.
void portico_firewall_response_head(void *transaction, int status, const char *version);
void portico_firewall_end(void *transaction);

// What the rules want to happen to the request.
struct portico_firewall_order {
    int is_disruptive;
    int status;
    // Where to send the client, and what to log; both may be null, and are the caller's to free.
    char *location;
    char *message;
};

struct portico_firewall_order portico_firewall_take_order(void *transaction);

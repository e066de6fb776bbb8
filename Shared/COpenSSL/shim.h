// OpenSSL for Swift: the headers, and functions in place of the macros that Swift cannot see.
#pragma once

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/dh.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// MARK: Contexts

static inline int portico_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int portico_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline void portico_SSL_CTX_set_mode(SSL_CTX *context, long mode) { SSL_CTX_set_mode(context, mode); }

static inline void portico_SSL_CTX_set_session_cache_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_session_cache_mode(context, mode);
}

static inline void portico_SSL_CTX_sess_set_cache_size(SSL_CTX *context, long count) {
    SSL_CTX_sess_set_cache_size(context, count);
}

static inline int portico_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *groups) {
    return (int)SSL_CTX_set1_groups_list(context, groups);
}

static inline int portico_SSL_CTX_set_max_send_fragment(SSL_CTX *context, long count) {
    return (int)SSL_CTX_set_max_send_fragment(context, count);
}

static inline void portico_SSL_CTX_set_dh_auto(SSL_CTX *context, int on) { SSL_CTX_set_dh_auto(context, on); }

// Takes its own reference to each certificate of the chain.
static inline int portico_SSL_CTX_set1_chain(SSL_CTX *context, STACK_OF(X509) *chain) {
    return (int)SSL_CTX_set1_chain(context, chain);
}

static inline int portico_SSL_CTX_set1_sigalgs_list(SSL_CTX *context, const char *names) {
    return (int)SSL_CTX_set1_sigalgs_list(context, names);
}

typedef int (*portico_status_callback)(SSL *session, void *argument);

static inline void portico_SSL_CTX_set_status_callback(SSL_CTX *context, portico_status_callback callback) {
    SSL_CTX_set_tlsext_status_cb(context, callback);
}

typedef int (*portico_ticket_key_callback)(
    SSL *session, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int encrypts);

static inline void portico_SSL_CTX_set_ticket_key_callback(SSL_CTX *context, portico_ticket_key_callback callback) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, callback);
}

// MARK: Sessions

static inline int portico_SSL_set_host_name(SSL *session, const char *name) {
    return (int)SSL_set_tlsext_host_name(session, name);
}

static inline void portico_SSL_set_status_response(SSL *session, unsigned char *response, int count) {
    SSL_set_tlsext_status_ocsp_resp(session, response, count);
}

static inline int portico_SSL_get_server_leaf(SSL *session, X509 **leaf) {
    *leaf = SSL_get_certificate(session);
    return *leaf != NULL;
}

static inline X509 *portico_SSL_get1_peer_certificate(SSL *session) { return SSL_get1_peer_certificate(session); }

static inline void portico_BIO_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void portico_BIO_set_retry_write(BIO *bio) { BIO_set_retry_write(bio); }
static inline void portico_BIO_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline void *portico_OPENSSL_malloc(size_t count) { return OPENSSL_malloc(count); }
static inline void portico_OPENSSL_free(void *pointer) { OPENSSL_free(pointer); }

// MARK: Stacks

static inline int portico_sk_X509_num(const STACK_OF(X509) *stack) { return sk_X509_num(stack); }
static inline X509 *portico_sk_X509_value(const STACK_OF(X509) *stack, int index) {
    return sk_X509_value(stack, index);
}
static inline STACK_OF(X509) *portico_sk_X509_new(void) { return sk_X509_new_null(); }
static inline int portico_sk_X509_push(STACK_OF(X509) *stack, X509 *certificate) {
    return sk_X509_push(stack, certificate);
}
// Frees the stack and what it holds.
static inline void portico_sk_X509_pop_free(STACK_OF(X509) *stack) { sk_X509_pop_free(stack, X509_free); }
static inline void portico_sk_X509_free(STACK_OF(X509) *stack) { sk_X509_free(stack); }

static inline STACK_OF(X509_NAME) *portico_sk_X509_NAME_new(void) { return sk_X509_NAME_new_null(); }
static inline int portico_sk_X509_NAME_push(STACK_OF(X509_NAME) *stack, X509_NAME *name) {
    return sk_X509_NAME_push(stack, name);
}

static inline int portico_sk_OPENSSL_STRING_num(STACK_OF(OPENSSL_STRING) *stack) {
    return sk_OPENSSL_STRING_num(stack);
}
static inline char *portico_sk_OPENSSL_STRING_value(STACK_OF(OPENSSL_STRING) *stack, int index) {
    return sk_OPENSSL_STRING_value(stack, index);
}

static inline int portico_sk_GENERAL_NAME_num(const GENERAL_NAMES *stack) { return sk_GENERAL_NAME_num(stack); }
static inline GENERAL_NAME *portico_sk_GENERAL_NAME_value(const GENERAL_NAMES *stack, int index) {
    return sk_GENERAL_NAME_value(stack, index);
}

// MARK: Memory

static inline BIO *portico_BIO_memory(const void *bytes, int count) { return BIO_new_mem_buf(bytes, count); }

// The bytes that a memory BIO has gathered.
static inline size_t portico_BIO_contents(BIO *bio, const char **bytes) {
    char *start = NULL;
    long count = BIO_get_mem_data(bio, &start);
    *bytes = start;
    return count > 0 ? (size_t)count : 0;
}

// MARK: Keys

static inline int portico_EVP_PKEY_is_RSA(const EVP_PKEY *key) { return EVP_PKEY_is_a(key, "RSA"); }
static inline int portico_EVP_PKEY_is_EC(const EVP_PKEY *key) { return EVP_PKEY_is_a(key, "EC"); }
static inline EVP_PKEY *portico_EVP_EC_gen(const char *curve) { return EVP_EC_gen(curve); }

// MARK: Constants that are macros with casts

static inline uint64_t portico_SSL_OP_NO_RENEGOTIATION(void) { return SSL_OP_NO_RENEGOTIATION; }
static inline uint64_t portico_SSL_OP_NO_COMPRESSION(void) { return SSL_OP_NO_COMPRESSION; }
static inline uint64_t portico_SSL_OP_CIPHER_SERVER_PREFERENCE(void) { return SSL_OP_CIPHER_SERVER_PREFERENCE; }
static inline uint64_t portico_SSL_OP_PRIORITIZE_CHACHA(void) { return SSL_OP_PRIORITIZE_CHACHA; }
static inline uint64_t portico_SSL_OP_NO_TICKET(void) { return SSL_OP_NO_TICKET; }
static inline uint64_t portico_SSL_OP_NO_TLSv1_3(void) { return SSL_OP_NO_TLSv1_3; }
static inline uint64_t portico_SSL_OP_NO_TLSv1_2(void) { return SSL_OP_NO_TLSv1_2; }
static inline uint64_t portico_SSL_OP_NO_TLSv1_1(void) { return SSL_OP_NO_TLSv1_1; }
static inline uint64_t portico_SSL_OP_NO_TLSv1(void) { return SSL_OP_NO_TLSv1; }
static inline uint64_t portico_SSL_OP_IGNORE_UNEXPECTED_EOF(void) { return SSL_OP_IGNORE_UNEXPECTED_EOF; }

// MARK: Parameters, whose constructors take names that are macros

static inline int portico_EVP_MAC_set_sha256_key(EVP_MAC_CTX *mac, void *key, size_t count) {
    OSSL_PARAM parameters[3];
    parameters[0] = OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key, count);
    parameters[1] = OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)"sha256", 0);
    parameters[2] = OSSL_PARAM_construct_end();
    return EVP_MAC_CTX_set_params(mac, parameters);
}
static inline void portico_sk_X509_NAME_pop_free(STACK_OF(X509_NAME) *stack) { sk_X509_NAME_pop_free(stack, X509_NAME_free); }

static inline unsigned long portico_XN_FLAG_RFC2253(void) { return XN_FLAG_RFC2253; }

static inline EVP_PKEY *portico_EVP_RSA_gen(unsigned int bits) { return EVP_RSA_gen(bits); }

// MARK: Errors

// Whether an error means that there was no more PEM to read.
static inline int portico_ERR_is_no_start_line(unsigned long code) {
    return code == 0 || (ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE);
}

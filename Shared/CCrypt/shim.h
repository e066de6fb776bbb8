#pragma once
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

// Hashes a password as `setting` says, which may be a whole hash. Writes the hash, with its ending zero, into `output`
// of `capacity` bytes and returns 1, or returns 0 where the setting means nothing. From any thread; the working memory, 32 KiB,
// is too large for Swift to import.
static inline int portico_crypt(const char *password, const char *setting, char *output, size_t capacity) {
    struct crypt_data *data = calloc(1, sizeof *data);
    if (!data) return 0;
    const char *hash = crypt_r(password, setting, data);
    int done = hash && hash[0] != '*' && strlen(hash) < capacity;
    if (done) memcpy(output, hash, strlen(hash) + 1);
    explicit_bzero(data, sizeof *data);
    free(data);
    return done;
}

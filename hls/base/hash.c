/* The functions of libcrypto that take their state from the caller: EVP allocates, and while it sets itself up a lack
 * of memory crashes it. They are deprecated in favour of EVP for its providers, which nothing here needs. */
#define OPENSSL_API_COMPAT 10101
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <string.h>
#include <unistd.h>

struct nh_hasher {
    SHA256_CTX state;
};

nh_hasher *nh_hasher_new(nh_arena *a) {
    nh_hasher *h = NH_NEW(a, nh_hasher);
    SHA256_Init(&h->state);
    return h;
}

void nh_hash_bytes(nh_hasher *h, const void *data, size_t size) { SHA256_Update(&h->state, data, size); }

void nh_hash_str(nh_hasher *h, const char *s) {
    uint64_t n = strlen(s);
    uint8_t length[8];
    for (int i = 0; i < 8; i++) length[i] = (uint8_t)(n >> (8 * i));
    nh_hash_bytes(h, length, sizeof length);
    nh_hash_bytes(h, s, n);
}

static void put_hex(const unsigned char *digest, int n, char *hex) {
    for (int i = 0; i < n; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
}

nh_hash nh_hash_end(nh_hasher *h) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256_Final(digest, &h->state);
    nh_hash out = {{0}};
    put_hex(digest, SHA256_DIGEST_LENGTH, out.hex);
    return out;
}

nh_sha1 nh_sha1_of(nh_bytes data) {
    unsigned char digest[SHA_DIGEST_LENGTH];
    SHA_CTX state;
    nh_sha1 out = {{0}};
    SHA1_Init(&state);
    SHA1_Update(&state, data.data, data.size);
    SHA1_Final(digest, &state);
    put_hex(digest, SHA_DIGEST_LENGTH, out.hex);
    return out;
}

bool nh_hash_file(nh_arena *a, const char *path, nh_hash *out) {
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return false;
    nh_hasher *h = nh_hasher_new(a);
    uint8_t buffer[32768];
    ssize_t n;
    while ((n = read(fd, buffer, sizeof buffer)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0) nh_hash_bytes(h, buffer, (size_t)n);
    close(fd);
    *out = nh_hash_end(h);
    return n == 0;
}

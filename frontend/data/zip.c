#include "zip.h"

#include <string.h>

#define ZLIB_CONST /* next_in points to const */
#include <zlib.h>

/* Sizes of the fixed parts of the records (PKWARE APPNOTE 4.3). */
enum { END_SIZE = 22, CENTRAL_SIZE = 46, LOCAL_SIZE = 30, COMMENT_MAX = 65535 };
enum { STORED = 0, DEFLATED = 8, ENCRYPTED = 1 };

typedef struct {
    nh_arena *a;
    nh_diag *d;
    nh_loc at;
    const char *path;
    nh_bytes file;
    size_t central, central_end; /* the directory */
    int n_entry;
} archive;

typedef struct {
    const char *name; /* not terminated */
    size_t name_size, packed, size, local;
    unsigned method, flags;
    uint32_t crc;
} entry;

static uint32_t get16(const uint8_t *p) { return (uint32_t)p[0] | (uint32_t)p[1] << 8; }

static uint32_t get32(const uint8_t *p) { return get16(p) | get16(p + 2) << 16; }

static bool damaged(const archive *z, const char *what) {
    return nh_report(z->d, NH_D_FORMAT, z->at, "'%s' is not a usable .npz archive: %s", z->path, what);
}

bool nh_zip_probe(nh_bytes file) {
    return file.size >= 4 && (memcmp(file.data, "PK\3\4", 4) == 0 || memcmp(file.data, "PK\5\6", 4) == 0);
}

/* Find the end record, which may be followed by a comment, and with it the directory. */
static bool open_archive(archive *z) {
    size_t size = z->file.size;
    for (size_t back = END_SIZE; back <= size && back <= END_SIZE + COMMENT_MAX; back++) {
        const uint8_t *p = z->file.data + size - back;
        if (memcmp(p, "PK\5\6", 4) != 0 || get16(p + 20) != back - END_SIZE) continue;
        uint32_t n = get16(p + 10), bytes = get32(p + 12), start = get32(p + 16);
        if (n == 0xffff || bytes == UINT32_MAX || start == UINT32_MAX) return damaged(z, "it is a zip64 archive");
        if (get16(p + 4) != 0 || get16(p + 8) != n) return damaged(z, "it is split over several files");
        if (start > size - back || bytes > size - back - start) return damaged(z, "its directory is outside of it");
        z->central = start;
        z->central_end = (size_t)start + bytes;
        z->n_entry = (int)n;
        return true;
    }
    return damaged(z, "it ends too early");
}

/* Read the directory entry at *pos and step over it. */
static bool next_entry(const archive *z, size_t *pos, entry *e) {
    const uint8_t *p = z->file.data + *pos;
    if (z->central_end - *pos < CENTRAL_SIZE || memcmp(p, "PK\1\2", 4) != 0)
        return damaged(z, "its directory is damaged");
    *e = (entry){.flags = get16(p + 8), .method = get16(p + 10), .crc = get32(p + 16), .packed = get32(p + 20)};
    e->size = get32(p + 24);
    e->name_size = get16(p + 28);
    e->local = get32(p + 42);
    e->name = (const char *)p + CENTRAL_SIZE;
    size_t all = CENTRAL_SIZE + e->name_size + get16(p + 30) + get16(p + 32);
    if (all > z->central_end - *pos) return damaged(z, "its directory is damaged");
    if (e->packed == UINT32_MAX || e->size == UINT32_MAX || e->local == UINT32_MAX)
        return damaged(z, "it has a zip64 member");
    *pos += all;
    return true;
}

/* Is the entry called key or key.npy? */
static bool matches(const entry *e, const char *key) {
    size_t n = strlen(key);
    if (e->name_size < n || memcmp(e->name, key, n) != 0) return false;
    return e->name_size == n || (e->name_size == n + 4 && memcmp(e->name + n, ".npy", 4) == 0);
}

/* The names in the archive, for a message; at most a few. */
static const char *list_names(const archive *z) {
    enum { SHOWN = 12, NAME = 60 };
    const char *list = "";
    size_t pos = z->central;
    for (int i = 0; i < z->n_entry; i++) {
        entry e;
        if (i == SHOWN) return nh_arena_printf(z->a, "%s ...", list);
        if (!next_entry(z, &pos, &e)) break;
        size_t n = e.name_size;
        if (n > 4 && memcmp(e.name + n - 4, ".npy", 4) == 0) n -= 4;
        list = nh_arena_printf(z->a, "%s%s%.*s", list, i ? " " : "", (int)(n < NAME ? n : NAME), e.name);
    }
    return list;
}

static bool find(const archive *z, const char *key, entry *out) {
    size_t pos = z->central;
    int found = 0;
    *out = (entry){0};
    for (int i = 0; i < z->n_entry; i++) {
        entry e;
        if (!next_entry(z, &pos, &e)) return false;
        if (key && !matches(&e, key)) continue;
        *out = e;
        found++;
    }
    if (found == 1) return true;
    if (key && found == 0)
        nh_report(z->d, NH_D_MEMBER, z->at, "'%s' has no array called '%s'", z->path, key);
    else if (key)
        nh_report(z->d, NH_D_MEMBER, z->at, "'%s' has %d arrays called '%s'", z->path, found, key);
    else
        nh_report(z->d, NH_D_MEMBER, z->at, "'%s' has %d arrays; name one: %s:name", z->path, found, z->path);
    nh_diag_allowed(z->d, "%s", list_names(z));
    return false;
}

/* The packed bytes of a member; the local header repeats what the directory says, only its length matters. */
static bool locate(const archive *z, const entry *e, nh_bytes *packed) {
    const uint8_t *p = z->file.data + e->local;
    if (e->local > z->central || z->central - e->local < LOCAL_SIZE || memcmp(p, "PK\3\4", 4) != 0)
        return damaged(z, "a member does not stand where the directory says");
    size_t head = LOCAL_SIZE + get16(p + 26) + get16(p + 28), room = z->central - e->local;
    if (head > room || e->packed > room - head) return damaged(z, "a member is cut off");
    *packed = (nh_bytes){p + head, e->packed};
    return true;
}

static void *zlib_alloc(void *arena, unsigned n, unsigned size) { return nh_arena_array(arena, n, size); }

static void zlib_free(void *arena, void *p) {
    (void)arena;
    (void)p;
}

struct nh_zip_stream {
    archive z;
    entry e;
    nh_bytes packed;
    z_stream inflater; /* of a deflated member */
    size_t done;       /* bytes that were pulled */
    uint32_t crc;      /* of them */
    bool is_broken;    /* diagnosed */
};

/* No deflate stream grows by more than 1032, so that a larger claim is a lie. */
static bool begin(nh_zip_stream *s) {
    const entry *e = &s->e;
    if (e->method == STORED) return e->size == e->packed || damaged(&s->z, "a stored member has two sizes");
    if (e->method != DEFLATED) return damaged(&s->z, "a member is neither stored nor deflated");
    if (e->size / 1032 > s->packed.size) return damaged(&s->z, "a member claims an impossible size");
    s->inflater = (z_stream){.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = s->z.a};
    s->inflater.next_in = s->packed.data;
    s->inflater.avail_in = (unsigned)s->packed.size;
    return inflateInit2(&s->inflater, -MAX_WBITS) == Z_OK || damaged(&s->z, "a member cannot be inflated");
}

static bool locate_member(nh_zip_stream *s) {
    const archive *z = &s->z;
    const entry *e = &s->e;
    if (e->flags & ENCRYPTED) return damaged(z, "a member is encrypted");
    if (e->size > NH_ZIP_MAX_MEMBER) {
        nh_report(z->d, NH_D_LIMIT, z->at, "an array in '%s' is too large", z->path);
        nh_diag_found(z->d, "%zu bytes", e->size);
        nh_diag_allowed(z->d, "at most %zu bytes", NH_ZIP_MAX_MEMBER);
        return false;
    }
    return locate(z, e, &s->packed) && begin(s);
}

nh_zip_stream *nh_zip_open(nh_arena *a, nh_diag *d, nh_loc at, const char *path, nh_bytes file, const char *key) {
    nh_zip_stream *s = NH_NEW(a, nh_zip_stream);
    s->z = (archive){.a = a, .d = d, .at = at, .path = path, .file = file};
    return open_archive(&s->z) && find(&s->z, key, &s->e) && locate_member(s) ? s : NULL;
}

size_t nh_zip_size(const nh_zip_stream *s) { return s->e.size; }

bool nh_zip_pull(nh_zip_stream *s, void *to, size_t n) {
    if (s->is_broken) return false;
    if (s->e.method == STORED) {
        memcpy(to, s->packed.data + s->done, n);
    } else {
        s->inflater.next_out = to;
        s->inflater.avail_out = (unsigned)n;
        int got = n ? inflate(&s->inflater, Z_SYNC_FLUSH) : Z_OK;
        s->is_broken = s->inflater.avail_out > 0 || (got != Z_OK && got != Z_STREAM_END);
        if (s->is_broken) return damaged(&s->z, "a member cannot be inflated to the size it claims");
    }
    s->done += n;
    s->crc = (uint32_t)crc32_z(s->crc, to, n);
    return true;
}

/* A stream that goes on behind its size, or does not use all its bytes, is not what the directory describes. */
static bool ends_here(nh_zip_stream *s) {
    uint8_t more;
    if (s->e.method == STORED) return true;
    s->inflater.next_out = &more;
    s->inflater.avail_out = 1;
    bool ok =
        inflate(&s->inflater, Z_FINISH) == Z_STREAM_END && s->inflater.avail_out == 1 && s->inflater.avail_in == 0;
    return ok || damaged(&s->z, "a member cannot be inflated to the size it claims");
}

bool nh_zip_close(nh_zip_stream *s, bool is_wanted) {
    enum { PIECE = 1 << 16 };
    bool ok = is_wanted;
    void *rest = ok && s->done < s->e.size ? nh_arena_alloc(s->z.a, PIECE) : NULL;
    while (ok && s->done < s->e.size) {
        size_t left = s->e.size - s->done;
        ok = nh_zip_pull(s, rest, left < PIECE ? left : PIECE);
    }
    ok = ok && ends_here(s) && (s->crc == s->e.crc || damaged(&s->z, "a checksum does not match"));
    if (s->e.method == DEFLATED) inflateEnd(&s->inflater);
    return ok;
}

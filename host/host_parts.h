/* The driver's parts. Private to host/, and for who has an image already. */
#ifndef NH_HOST_PARTS_H
#define NH_HOST_PARTS_H

#include "serial_frames.h"
#include "neurohls_host.h"
#include "sample.h"

enum { NH_HOST_FLIT, NH_HOST_TICK, NH_HOST_INIT, NH_HOST_SYNC };

struct nh_host {
    nh_arena *arena; /* its own, or the caller's */
    nh_diag *diag;
    const char *error;
    bool owns_arena;
    const nh_image *image;
    nh_fabric_widths w;
    nh_host_transport line;
    nh_host_form form;
    int loaded; /* context, or -1 */
    bool quiet; /* nothing was sent since the last SYNC was answered */
    nh_host_watch *watch;
    void *watch_self;
    nh_sample *sample; /* of nh_host_run, or NULL */
    /* link.c: out */
    uint8_t out[4096];
    size_t n_out;
    unsigned number; /* of the next frame */
    int credits;
    bool restarting, restarted; /* restarted: FF came, credits have not yet */
    bool again;                 /* the restart was sent twice */
    /* in */
    nh_frame_decoder decoder;
    uint8_t part[NH_FRAME_WORD];
    size_t n_part;
    /* marks that are to come, in order */
    uint8_t *mark;
    size_t n_mark, next_mark, cap_mark;
    int64_t tick; /* of the last mark; -1 before the first after INIT */
    uint16_t *reply;
    size_t n_reply, cap_reply;
};

/* The image is checked and lives as long; everything lives in a. */
nh_host *nh_host_new(nh_arena *a, const nh_image *m, nh_host_transport t, nh_host_form form);
/* The first error of the handle; false. */
bool nh_host_fail(nh_host *h, nh_code code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* link.c: words */
void nh_host_set_bits(uint8_t *word, int at, uint64_t v, int bits);
uint64_t nh_host_get_bits(const uint8_t *word, int at, int bits);
bool nh_host_put_word(nh_host *h, const uint8_t *word);
bool nh_host_put_op(nh_host *h, int op);
/* Until all marks have come. */
bool nh_host_wait(nh_host *h);
bool nh_host_begin_line(nh_host *h);
/* host.c: a word that came. */
bool nh_host_take_word(nh_host *h, const uint8_t *word);

#endif

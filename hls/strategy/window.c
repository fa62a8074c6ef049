#include "window.h"

struct nh_window_run {
    const nh_conv *v;
    int64_t rows, frame;
    int64_t row_words, window; /* words of a row; steps of a window */
    int64_t word, issued;      /* cycles of the last word that was taken, of the last step that was issued */
    int64_t *complete, *freed; /* [absolute row]: cycle of its last word; from the next one its place is free */
    int64_t n_complete, n_freed;
};

static int64_t max(int64_t a, int64_t b) { return a > b ? a : b; }
static int64_t min(int64_t a, int64_t b) { return a < b ? a : b; }

/* Row y, which may be in the padding, as a row of the frame or its end. */
static int64_t clamp(const nh_conv *v, int64_t y) { return max(0, min(y, v->h_in)); }

static int64_t span(const nh_conv *v) { return (v->kh - 1) * v->dilation_h + 1; }

static int64_t windows_of_row(const nh_conv *v) { return v->w_out * (v->c_out / v->out_lanes); }

nh_window_run *nh_window_run_new(nh_arena *a, const nh_conv *v, int64_t rows, int64_t frames) {
    nh_window_run *w = NH_NEW(a, nh_window_run);
    *w = (nh_window_run){.v = v, .rows = rows, .word = -1, .issued = -1};
    w->row_words = v->w_in * (v->c_in / v->in_lanes);
    w->window = v->cycles / (v->h_out * windows_of_row(v));
    w->complete = nh_arena_array(a, (size_t)(frames * v->h_in), sizeof *w->complete);
    w->freed = nh_arena_array(a, (size_t)(frames * v->h_in), sizeof *w->freed);
    return w;
}

/* A row of the frame is taken, word by word; there is room for it once the row that stood in its place is freed. */
static void take_row(nh_window_run *w, const int64_t *in) {
    int64_t row = w->n_complete, y = row - w->frame * w->v->h_in;
    int64_t room = row >= w->rows ? w->freed[row - w->rows] + 1 : 0;
    if (!in) {
        w->word = max(w->word + 1, room) + w->row_words - 1;
    } else {
        for (int64_t i = y * w->row_words; i < (y + 1) * w->row_words; i++)
            w->word = max(max(w->word + 1, room), in[i]);
    }
    w->complete[w->n_complete++] = w->word;
}

/* The first step of output row oy: after that of the row before it, when the last row that its windows see is complete,
 * and when no row is owed. */
static int64_t row_begins(nh_window_run *w, int64_t oy, const int64_t *in) {
    const nh_conv *v = w->v;
    int64_t top = oy * v->stride_h - v->pad_h, begin = w->issued + 1;
    if (clamp(v, top) < v->h_in) {
        int64_t needed = w->frame * v->h_in + max(clamp(v, top + span(v)), 1) - 1;
        while (w->n_complete <= needed) take_row(w, in);
        begin = max(begin, w->complete[needed] + 1);
    }
    return w->n_freed > 0 ? max(begin, w->freed[w->n_freed - 1] + 1) : begin;
}

static void free_rows(nh_window_run *w, int64_t end, const int64_t *in) {
    for (; w->n_freed < end; w->n_freed++) {
        while (w->n_complete <= w->n_freed) take_row(w, in);
        w->freed[w->n_freed] = max(w->issued, w->complete[w->n_freed] + 1);
    }
}

int64_t nh_window_frame(nh_window_run *w, const int64_t *in, int64_t *last) {
    const nh_conv *v = w->v;
    int64_t per = windows_of_row(v);
    for (int64_t oy = 0; oy < v->h_out; oy++) {
        int64_t begin = row_begins(w, oy, in);
        for (int64_t i = 0; last && i < per; i++) last[oy * per + i] = begin + (i + 1) * w->window - 1;
        w->issued = begin + per * w->window - 1;
        int64_t next = oy + 1 < v->h_out ? clamp(v, (oy + 1) * v->stride_h - v->pad_h) : v->h_in;
        free_rows(w, w->frame * v->h_in + next, in);
    }
    w->frame++;
    return w->issued;
}

static int64_t interval(const nh_conv *v, int64_t rows) {
    enum { FRAMES = 6 };
    nh_arena *a = nh_arena_new();
    nh_window_run *w = nh_window_run_new(a, v, rows, FRAMES);
    int64_t before = 0, end = 0;
    for (int f = 0; f < FRAMES; f++) {
        before = end;
        end = nh_window_frame(w, NULL, NULL);
    }
    nh_arena_free(a);
    return end - before;
}

int64_t nh_window_rows(const nh_conv *v) {
    int64_t wanted = max(v->cycles, v->h_in * v->w_in * (v->c_in / v->in_lanes));
    int64_t lo = min(span(v), v->h_in), hi = 2 * v->h_in;
    while (lo < hi) {
        int64_t middle = (lo + hi) / 2;
        if (interval(v, middle) <= wanted)
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo;
}

nh_times nh_window_times(nh_schedule *s, int unit, int step) {
    const nh_unit *u = &s->g->unit[unit];
    const nh_conv *v = &u->conv;
    nh_times in = nh_schedule_input(s, u, 0, step);
    nh_times out = nh_times_new(s->a, v->h_out * v->w_out * v->c_out / v->out_lanes);
    if (step == 0) s->window[unit] = nh_window_run_new(s->a, v, v->rows, NH_SCHEDULE_STEPS);
    nh_window_frame(s->window[unit], in.at, out.at);
    return out;
}

/* How long a tick takes, from its sweep until all flits before the next one are taken. A core sends and takes events
 * when its own sweep is done, the host sends at once, each its flits in order, at most one per cycle; a flit leaves
 * when every core that it goes to has room in its queue, or the routers on the way have; an engine takes one event
 * after the other, and looks for the first word of one while the words of the one before leave. Not in it: that a flit
 * which waits in a router keeps those of other senders from passing, and the width of links. */
#include <stdlib.h>

#include "machine_parts.h"

enum { HOP_CYCLES = 2, ROUTER_FLITS = 2 };

void nh_machine_wait(nh_machine *k, int64_t cycles) { k->time.idle += cycles; }

void nh_machine_begin_flit(nh_machine *k, int sender) {
    nh_machine_time *t = &k->time;
    t->flit = nh_arena_grow(k->arena, t->flit, &t->cap_flit, t->n_flit + 1, sizeof *t->flit);
    t->flit[t->n_flit++] = (nh_machine_flit){sender, (int)t->idle + 1, (int64_t)t->n_arrival, 0};
    t->idle = 0;
}

void nh_machine_arrive(nh_machine *k, int core, int64_t look, int64_t words) {
    nh_machine_time *t = &k->time;
    t->arrival = nh_arena_grow(k->arena, t->arrival, &t->cap_arrival, t->n_arrival + 1, sizeof *t->arrival);
    t->arrival[t->n_arrival++] = (nh_machine_arrival){core, look, words};
    t->flit[t->n_flit - 1].n++;
}

void nh_machine_end_sender(nh_machine *k, int sender) {
    if (k->time.idle == 0) return;
    k->time.idle--;
    nh_machine_begin_flit(k, sender); /* that goes nowhere */
}

typedef struct {
    const nh_machine *k;
    int64_t *next, *ready; /* [senders] flit that is next, and when it can leave; n_flit: none */
    int64_t *left;         /* [senders] when the last one left: of two that can leave the other is first */
    int64_t *looks,
        *free; /* [cores and the host] when the engine can look at the next event; when all its words have left */
    int64_t *begun, *count; /* [cores and the host][depth] when those before were begun; how many came */
    int64_t depth;          /* most that wait for a core: in its queue and on the longest way to it */
    int64_t end;
} clockwork;

/* Tile of a core; of the host: (0, 0), and a hop more. */
static int tile_x(const nh_machine *k, int i) { return i < k->n_core ? (int)k->core[i].image->x : 0; }
static int tile_y(const nh_machine *k, int i) { return i < k->n_core ? (int)k->core[i].image->y : 0; }

static int64_t hops(const nh_machine *k, int from, int to) {
    return abs(tile_x(k, from) - tile_x(k, to)) + abs(tile_y(k, from) - tile_y(k, to)) +
           (from == k->n_core || to == k->n_core);
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

/* When all queues have room for the flit. */
static int64_t room(const clockwork *c, const nh_machine_flit *f, int64_t at) {
    for (int i = 0; i < f->n; i++) {
        int to = c->k->time.arrival[f->first + i].core;
        /* Where the way forks nothing passes a flit that waits for one of its cores. */
        int64_t wait = c->k->f->queue + (f->n > 1 ? 0 : ROUTER_FLITS * (1 + hops(c->k, f->sender, to)));
        if (c->count[to] >= wait) at = later(at, c->begun[to * c->depth + (c->count[to] - wait) % c->depth]);
    }
    return at;
}

static void leave(clockwork *c, const nh_machine_flit *f, int64_t at) {
    const nh_machine *k = c->k;
    for (int i = 0; i < f->n; i++) {
        const nh_machine_arrival *v = &k->time.arrival[f->first + i];
        int64_t begin = later(at + HOP_CYCLES * hops(k, f->sender, v->core), c->looks[v->core]),
                found = begin + v->look;
        c->begun[v->core * c->depth + c->count[v->core]++ % c->depth] = begin;
        int64_t words = later(found, c->free[v->core]);
        c->looks[v->core] = words; /* an event that is found waits for the words before it */
        c->free[v->core] = words + v->words;
        c->end = later(c->end, c->free[v->core]);
    }
    c->end = later(c->end, at);
}

static bool is_before(const clockwork *c, int s, int best) {
    return c->ready[s] != c->ready[best] ? c->ready[s] < c->ready[best] : c->left[s] < c->left[best];
}

/* The sender whose flit can leave first, or -1. */
static int first_of(const clockwork *c, int n) {
    int best = -1;
    for (int s = 0; s < n; s++)
        if (c->next[s] < (int64_t)c->k->time.n_flit && (best < 0 || is_before(c, s, best))) best = s;
    return best;
}

static void to_next(clockwork *c, int sender, int64_t from, int64_t after) {
    const nh_machine_time *t = &c->k->time;
    bool more = from < (int64_t)t->n_flit && t->flit[from].sender == sender;
    c->next[sender] = more ? from : (int64_t)t->n_flit;
    if (more) c->ready[sender] = after + t->flit[from].gap;
}

static int64_t swept(const nh_machine *k, int i) {
    return i < k->n_core && k->core[i].swept ? k->core[i].image->words : 0;
}

int64_t nh_machine_settle(const nh_machine *k) {
    nh_arena *a = nh_arena_new();
    int n = k->n_core + 1;
    size_t ends = (size_t)n;
    int64_t depth = k->f->queue + ROUTER_FLITS * (1 + k->f->mesh_x + k->f->mesh_y);
    clockwork c = {.k = k, .depth = depth};
    int64_t **row[] = {&c.next, &c.ready, &c.left, &c.looks, &c.free, &c.count};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) *row[i] = nh_arena_array(a, ends, sizeof(int64_t));
    c.begun = nh_arena_array(a, ends * (size_t)depth, sizeof(int64_t));
    for (int s = 0; s < n; s++) {
        c.next[s] = (int64_t)k->time.n_flit;
        c.looks[s] = c.free[s] = swept(k, s);
        c.end = later(c.end, c.free[s]);
    }
    for (int64_t i = (int64_t)k->time.n_flit - 1; i >= 0; i--)
        to_next(&c, k->time.flit[i].sender, i, swept(k, k->time.flit[i].sender));
    for (int s; (s = first_of(&c, n)) >= 0;) {
        const nh_machine_flit *f = &k->time.flit[c.next[s]];
        int64_t at = room(&c, f, c.ready[s]);
        if (at > c.ready[s]) {
            c.ready[s] = at; /* others may come before it */
            continue;
        }
        leave(&c, f, at);
        c.left[s] = at;
        to_next(&c, s, c.next[s] + 1, at);
    }
    nh_arena_free(a);
    return c.end;
}

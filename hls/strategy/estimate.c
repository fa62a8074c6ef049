/* Resources by counting. A LUT-based multiplier of a x b bits is b rows of a bits: six-input LUTs make a partial
 * product and add it at once, with four inputs the product bit is a LUT of its own (counted on iCE40: 2.3 to 2.9 a*b
 * with signs and tree). Adders and registers are a LUT or flip-flop a bit; memories of more than a quarter of a block
 * go to block RAM. */
#include "plan.h"
#include "family.h"
#include "unit.h"
#include "intmath.h"

bool nh_mem_in_block(int64_t words, int64_t word_bits, int64_t bram_bits) {
    return words * word_bits > (bram_bits ? bram_bits : 16384) / 4;
}

/* Block RAMs of a memory: the best of the block's shapes, from its widest port to one bit. iCE40 4 kbit blocks are 16
 * wide, the others' 18 kbit blocks 36. */
static int64_t block_rams(const nh_target *t, int64_t depth, int64_t width) {
    int64_t bits = t->bram_bits ? t->bram_bits : 18432, port = bits <= 4096 ? 16 : 36, best = INT64_MAX;
    for (; port >= 1; port /= 2) {
        int64_t blocks = nh_ceil_div(width, port) * nh_ceil_div(depth, bits / port);
        best = blocks < best ? blocks : best;
    }
    return best;
}

static int64_t lut_bits(const nh_target *t, int64_t depth, int64_t width) {
    int64_t per_lut = (int64_t)1 << (t->lut_inputs > 0 ? t->lut_inputs : 4);
    return nh_ceil_div(depth * width, per_lut);
}

void nh_add_rom(nh_resources *r, const nh_target *t, int64_t depth, int64_t width) {
    if (nh_mem_in_block(depth, width, t->bram_bits))
        r->brams += block_rams(t, depth, width);
    else
        r->luts += lut_bits(t, depth, width);
}

/* A device without RAM in its LUTs keeps even small ones in blocks. */
void nh_add_ram(nh_resources *r, const nh_target *t, int64_t depth, int64_t width) {
    const nh_family *family = nh_family_find(t->family);
    if (depth == 1)
        r->ffs += width; /* a register */
    else if (family && !family->memory.has_lut_ram)
        r->brams += block_rams(t, depth, width);
    else
        nh_add_rom(r, t, depth, width);
}

void nh_add_datapath(nh_resources *r, const nh_dp *p, const nh_target *t, int64_t copies) {
    nh_dp_cost c = nh_dp_cost_of(p, t->lut_inputs);
    r->luts += copies * c.lut_estimate;
    r->ffs += copies * c.register_bits;
    for (int k = 0; k < p->n_table; k++) {
        nh_resources one = {0};
        nh_add_rom(&one, t, p->table[k].depth, p->table[k].fmt.width_bits);
        r->brams += copies * one.brams;
        r->luts += copies * one.luts;
    }
    if (t->use_dsp) r->dsps += copies * c.muls;
    r->multipliers += copies * c.muls;
}

/* A binary input adds or does not: an AND per bit of the weight instead of a multiplier. */
void nh_add_products(nh_resources *r, const nh_target *t, int64_t lanes, nh_format x, nh_format w) {
    r->multipliers += lanes;
    if (x.width_bits == 1 && !x.is_signed)
        r->luts += lanes * w.width_bits / 2;
    else if (t->use_dsp)
        r->dsps += lanes;
    else
        r->luts += lanes * x.width_bits * w.width_bits * (t->lut_inputs >= 6 ? 2 : 5) / 2;
}

/* A gear holds about the wider word twice (its buffer and the skid of the narrow side). */
static void add_gear(nh_resources *r, const nh_stream *s) {
    if (s->src_beat == s->dst_beat) return;
    int64_t wide = s->src_beat > s->dst_beat ? s->src_beat : s->dst_beat, narrow = s->src_beat + s->dst_beat - wide;
    r->ffs += (wide + 2 * narrow) * s->fmt.width_bits + 10;
    r->luts += (wide + 2 * narrow) * s->fmt.width_bits + 20;
}

void nh_estimate(nh_design *g) {
    g->estimate = (nh_resources){0};
    for (int k = 0; k < g->n_unit; k++) {
        nh_unit *u = &g->unit[k];
        u->estimate = nh_unit_get(u->kind)->estimate(g, u);
        int64_t skid = g->stream[u->out[0]].src_beat * g->stream[u->out[0]].fmt.width_bits;
        u->estimate.ffs += 2 * skid;
        u->estimate.luts += 2 * skid;
        g->estimate.multipliers += u->estimate.multipliers;
        g->estimate.luts += u->estimate.luts;
        g->estimate.ffs += u->estimate.ffs;
        g->estimate.brams += u->estimate.brams;
        g->estimate.dsps += u->estimate.dsps;
    }
    for (int s = 0; s < g->n_stream; s++) add_gear(&g->estimate, &g->stream[s]);
}

/* Units of a neuron on a core: what scales with the accumulator. Expected by hand. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "edit.h"
#include "neurons.h"

static const nh_neuron_reg *reg_of(const nh_neuron_program *p, const char *name) {
    for (int r = 0; r < p->n_reg; r++)
        if (p->reg[r].name && strcmp(p->reg[r].name, name) == 0) return &p->reg[r];
    cr_assert_fail("no register %s", name);
    return NULL;
}

static void check(const char *text, const char *scales, const char *does_not) {
    nh_arena *a = nh_arena_new();
    nh_diag *d = nh_diag_new(a);
    const nh_neuron_program *given = nh_neuron_assemble(a, d, "m", text, strlen(text), NULL, 0);
    cr_assert_not_null(given, "%s", d->count ? d->item[0].message : "");
    nh_neuron_program *p = nh_program_copy(a, given);
    nh_program_accumulator_units(a, p);
    char word[32];
    int n;
    for (const char *s = scales; sscanf(s, "%31s%n", word, &n) == 1; s += n)
        cr_expect(reg_of(p, word)->measure == NH_MEASURE_VOLT, "%s scales", word);
    for (const char *s = does_not; sscanf(s, "%31s%n", word, &n) == 1; s += n)
        cr_expect(reg_of(p, word)->measure != NH_MEASURE_VOLT, "%s does not", word);
    nh_arena_free(a);
}

/* The current is an accumulator's sum, whatever the file measures it in; the factor that makes a voltage of it has no
 * unit. */
Test(units, a_spike_before_the_integration_leaves_no_factor_in_one_over_volts) {
    check("model m\ninput a\nstate i\nstate v volt\nparam alpha, beta\nparam gain volt, theta volt\nparam bias\noutput "
          "s spike\n"
          "ADD b, a, bias\nGT s, v, theta\nMUL t, s, theta\nSUB v, v, t\nLEAK i, alpha\nADD i, i, b\nLEAK v, beta\nMUL "
          "y, i, gain\nADD v, v, y\n",
          "a bias b i v theta t y", "s alpha beta gain");
}

/* Only one choice for the threshold, which is met first as a factor, leaves one for both gains. */
Test(units, a_choice_that_leaves_none_for_later_factors_is_taken_back) {
    check("model m\ninput a\nstate i\nstate v volt\nparam alpha, beta\nparam gain_syn\nparam gain volt, theta "
          "volt\nparam bias\noutput s spike\n"
          "ADD b, a, bias\nGT s, v, theta\nMUL t, s, theta\nSUB v, v, t\nLEAK i, alpha\nMUL x, b, gain_syn\nADD i, i, "
          "x\nLEAK v, beta\nMUL y, i, gain\n"
          "ADD v, v, y\n",
          "a bias b x i v theta t y", "s alpha beta gain gain_syn");
}

Test(units, a_factor_has_no_unit_and_what_is_compared_with_the_sum_has_its) {
    check("model m\ninput a\nstate v volt\nparam gain volt\nparam theta volt\noutput s spike\nMUL x, a, gain\nADD v, "
          "v, x\nGE s, v, theta\nRESET v, s, 0\n",
          "a x v theta", "s gain");
}

/* A number other than 0 has no unit: half of the sum is measured as the sum is. */
Test(units, a_number_is_a_factor_without_unit) {
    check("model m\ninput a\nstate v\nparam theta\noutput s spike\nMUL x, a, 0.5\nMUL y, x, -2\nADD v, v, y\nGE s, v, "
          "theta\nRESET v, s, 0\n",
          "a x y v theta", "s");
}

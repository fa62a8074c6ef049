/* Against numpy: tests/fixtures/spikes/make_spikes.py writes the data and what they must become. */
#include <criterion/criterion.h>
#include <string.h>

#include "file.h"
#include "sample_data.h"
#include "npy.h"

#define FIXTURES NH_SOURCE_DIR "/tests/fixtures/spikes/"
#define GOLDEN NH_SOURCE_DIR "/../shared/golden/nir/nmnist/"

static nh_arena *a;
static nh_diag *d;
static nh_options o;
static nh_sample_data f;

static const nh_shape image = {3, {2, 3, 4}}, camera = {3, {2, 34, 34}}, six = {1, {6}};

static void setup(void) {
    a = nh_arena_new();
    d = nh_diag_new(a);
    o = (nh_options){0};
}

static void teardown(void) { nh_arena_free(a); }

TestSuite(sample_data, .init = setup, .fini = teardown);

typedef struct {
    double scale;
    int64_t samples, steps;
    bool is_one_step;
} asked;

static bool read_frames(const char *name, nh_shape shape, asked q) {
    nh_data_ref *ref = NH_NEW(a, nh_data_ref);
    ref->path = *name == '/' ? name : nh_arena_printf(a, FIXTURES "%s", name);
    nh_sample_request r = {.opt = &o,
                           .ref = ref,
                           .scale = q.scale != 0 ? q.scale : 1,
                           .samples = q.samples,
                           .shape = shape,
                           .steps = q.steps,
                           .is_one_step = q.is_one_step,
                           .network = "net"};
    return nh_sample_data_read(a, d, &r, &f);
}

static const char *why(void) { return d->count ? d->item[d->count - 1].message : ""; }

static nh_npy array(const char *name) {
    nh_npy x;
    cr_assert(nh_npy_read(a, d, &(nh_data_ref){.path = nh_arena_printf(a, FIXTURES "%s", name)}, &x), "%s", why());
    return x;
}

static void expect_frames(int64_t n, int64_t steps, int64_t size, const double *x) {
    cr_assert(f.n == n && f.steps == steps && f.size == size, "%lld %lld %lld", (long long)f.n, (long long)f.steps,
              (long long)f.size);
    for (int64_t i = 0; i < n * steps * size; i++)
        cr_assert_eq(f.x[i], x[i], "[%lld]: %g, not %g", (long long)i, f.x[i], x[i]);
}

static void expect_refused(bool ok, nh_code code) {
    cr_assert_not(ok);
    cr_assert(d->n_error == 1 && d->item[d->count - 1].code == code, "%zu errors, %s", d->n_error, why());
}

Test(sample_data, arrays_with_steps_are_taken_as_they_are) {
    nh_npy x = array("dense_n5_t7.npy");
    cr_assert(read_frames("dense_n5_t7.npy", image, (asked){0}));
    expect_frames(5, 7, 24, x.value);
    cr_assert_str_eq(why(), nh_arena_printf(a, "'%s': 5 samples, 7 steps each", FIXTURES "dense_n5_t7.npy"));
    cr_assert(read_frames("dense_flat_n5_t7.npy", image, (asked){0}));
    expect_frames(5, 7, 24, x.value);
    cr_assert(read_frames("dense_n5_t7.npy", image, (asked){.samples = 2}));
    expect_frames(2, 7, 24, x.value);
    o.spiking.encoding = NH_ENCODE_EVENTS;
    cr_assert(read_frames("dense_t7.npy", image, (asked){0}));
    expect_frames(1, 7, 24, x.value);
}

Test(sample_data, fewer_steps_are_an_error_unless_they_repeat_and_more_are_cut_with_a_note) {
    nh_npy x = array("dense_n5_t7.npy");
    cr_assert(read_frames("dense_n5_t7.npy", image, (asked){.steps = 3}));
    cr_assert_not_null(strstr(why(), "the first 3"));
    for (int s = 0; s < 5; s++) cr_assert_eq(memcmp(f.x + s * 3 * 24, x.value + s * 7 * 24, 3 * 24 * sizeof *f.x), 0);
    o.spiking.repeat_input = true;
    cr_assert(read_frames("dense_n5_t7.npy", image, (asked){.steps = 16}));
    for (int s = 0; s < 5; s++)
        for (int t = 0; t < 16; t++)
            cr_assert_eq(memcmp(f.x + (s * 16 + t) * 24, x.value + (s * 7 + t % 7) * 24, 24 * sizeof *f.x), 0);
    o.spiking.repeat_input = false;
    expect_refused(read_frames("dense_n5_t7.npy", image, (asked){.steps = 8}), NH_D_STEPS);
}

Test(sample_data, values_without_steps_are_a_constant_current) {
    nh_npy x = array("dense_n5.npy");
    o.spiking.encoding = NH_ENCODE_CONSTANT;
    cr_assert(read_frames("dense_n5.npy", image, (asked){.steps = 3, .scale = 0.5}));
    cr_assert(f.n == 5 && f.steps == 3 && f.size == 24);
    for (int i = 0; i < 5 * 3 * 24; i++) cr_assert_eq(f.x[i], x.value[i / 72 * 24 + i % 24] / 2);
    expect_refused(read_frames("dense_n5.npy", image, (asked){0}), NH_D_STEPS);
}

Test(sample_data, an_input_whose_first_dimension_is_one_is_not_taken_for_one_step) {
    nh_shape grey = {3, {1, 7, 24}};
    cr_assert(read_frames("dense_t7.npy", (nh_shape){2, {3, 4}}, (asked){0})); /* [7, 2, 3, 4]: 7 samples of 2 steps */
    cr_assert(f.n == 7 && f.steps == 2 && f.size == 12);
    cr_assert(read_frames("dense_t7.npy", image, (asked){0})); /* one of 7 */
    cr_assert(f.n == 1 && f.steps == 7 && f.size == 24);
    o.spiking.encoding = NH_ENCODE_CONSTANT;
    cr_assert(read_frames("dense_flat_n5_t7.npy", (nh_shape){2, {7, 24}}, (asked){.steps = 2}));
    cr_assert(f.n == 5 && f.steps == 2 && f.size == 168);
    expect_refused(read_frames("dense_flat_n5_t7.npy", grey, (asked){.steps = 2}), NH_D_SHAPE);
}

Test(sample_data, samples_of_one_step_may_have_any_dimensions_of_that_many_elements) {
    nh_npy x = array("dense_n5_t7.npy"), flat = array("dense_n5.npy");
    cr_assert(read_frames("dense_n5_t7.npy", (nh_shape){2, {7, 24}}, (asked){.is_one_step = true}));
    expect_frames(5, 1, 168, x.value);
    cr_assert_eq(d->count, 0, "%s", why());
    cr_assert(
        read_frames("dense_n5.npy", (nh_shape){1, {24}}, (asked){.is_one_step = true, .samples = 3, .scale = 0.5}));
    cr_assert(f.n == 3 && f.steps == 1 && f.size == 24 && f.have == 5);
    for (int i = 0; i < 3 * 24; i++) cr_assert_eq(f.x[i], flat.value[i] / 2);
    expect_refused(read_frames("dense_n5.npy", (nh_shape){1, {24}}, (asked){.is_one_step = true, .samples = 6}),
                   NH_D_SHAPE);
}

Test(sample_data, samples_of_one_step_are_neither_of_another_size_nor_recorded) {
    o.spiking.encoding = NH_ENCODE_EVENTS; /* has no effect on them: a list of events is none */
    expect_refused(read_frames("events_3.npy", image, (asked){.is_one_step = true}), NH_D_SHAPE);
    cr_assert_str_eq(d->item[0].allowed, "samples x 2x3x4");
    d = nh_diag_new(a);
    expect_refused(read_frames("rec/", image, (asked){.is_one_step = true}), NH_D_SOURCE);
    cr_assert_str_eq(why(), "recordings need a network with time steps; 'net' has none");
}

Test(sample_data, rate_spikes_are_those_of_numpy) {
    nh_npy want = array("rate_spikes.npy");
    o.spiking.encoding = NH_ENCODE_RATE;
    o.spiking.seed = 12345;
    cr_assert(read_frames("rate_values.npy", six, (asked){.steps = 9, .scale = 1.0 / 16}));
    expect_frames(3, 9, 6, want.value);
    expect_refused(read_frames("rate_values.npy", six, (asked){.steps = 9, .scale = 1.0 / 15}), NH_D_UNIT);
}

Test(sample_data, rates_are_met_on_average) {
    const double p[4] = {0, 0.25, 0.8, 1};
    double *spike = nh_arena_array(a, 400000, sizeof *spike), sum[4] = {0};
    nh_encode_rate(p, 1, 100000, 4, 7, spike);
    for (int i = 0; i < 400000; i++) sum[i % 4] += spike[i];
    for (int i = 0; i < 4; i++) sum[i] /= 100000;
    cr_assert(sum[0] == 0 && sum[3] == 1);
    cr_assert_float_eq(sum[1], 0.25, 0.007, "5 sigma"); /* sqrt(.25*.75/1e5) = 0.00137 */
    cr_assert_float_eq(sum[2], 0.8, 0.007);
}

Test(sample_data, latency_spikes_are_those_of_numpy) {
    nh_npy want = array("latency_spikes.npy");
    o.spiking.encoding = NH_ENCODE_LATENCY;
    cr_assert(read_frames("rate_values.npy", six, (asked){.steps = 9, .scale = 1.0 / 16}));
    expect_frames(3, 9, 6, want.value);
}

Test(sample_data, lists_of_events_are_counted_as_by_numpy) {
    nh_npy one = array("binned_3.npy"), valued = array("binned_4.npy");
    o.spiking.encoding = NH_ENCODE_EVENTS;
    cr_assert(read_frames("events_3.npy", image, (asked){0}), "%s", why());
    expect_frames(3, 8, 24, one.value);
    cr_assert(read_frames("events_4.npy", image, (asked){0}));
    expect_frames(3, 8, 24, valued.value);
    o.spiking.max_count = 1;
    cr_assert(read_frames("events_3.npy", image, (asked){.scale = 3}));
    for (int i = 0; i < 3 * 8 * 24; i++) cr_assert_eq(f.x[i], one.value[i] > 0 ? 3 : 0);
    o.spiking.max_count = 0;
    cr_assert(read_frames("events_3.npy", image, (asked){.samples = 2, .steps = 5}));
    cr_assert(f.n == 2 && f.steps == 5 && d->n_warning == 1 && d->item[d->count - 1].code == NH_D_LATE);
    for (int s = 0; s < 2; s++) cr_assert_eq(memcmp(f.x + s * 5 * 24, one.value + s * 8 * 24, 5 * 24 * sizeof *f.x), 0);
    cr_assert(read_frames("events_3.npy", image, (asked){.steps = 20}));
    cr_assert_eq(f.steps, 20);
}

Test(sample_data, events_out_of_range_are_refused) {
    static const char *const name[] = {"events_address_bad.npy", "events_step_bad.npy", "events_negative_bad.npy",
                                       "events_none_bad.npy"};
    for (int i = 0; i < 4; i++) {
        setup();
        o.spiking.encoding = NH_ENCODE_EVENTS;
        expect_refused(read_frames(name[i], image, (asked){0}), NH_D_EVENT);
    }
}

static const char *const order[] = {"2", "10", "60001"};

Test(sample_data, recordings_of_a_folder_stand_by_number_and_are_counted_as_by_numpy) {
    nh_npy want = array("rec_binned.npz");
    o.spiking.encoding = NH_ENCODE_EVENTS;
    cr_assert(read_frames("rec/", camera, (asked){0}), "%s", why());
    expect_frames(3, 12, 2312, want.value);
    for (int i = 0; i < 3; i++) cr_assert_str_eq(f.name[i], order[i]);
    cr_assert(read_frames("rec/10.bs2", camera, (asked){.steps = 12}));
    expect_frames(1, 12, 2312, want.value + 12 * 2312);
    cr_assert(read_frames("rec/labels.txt", camera, (asked){.samples = 1, .steps = 12}));
    expect_frames(1, 12, 2312, want.value + 2 * 12 * 2312);
    o.spiking.dt = 0.002;
    cr_assert(read_frames("rec/2.bs2", camera, (asked){0}));
    cr_assert_eq(f.steps, 6);
    o.spiking.dt = 0.001;
    o.spiking.bin = 0.002; /* decides where both are given */
    cr_assert(read_frames("rec/2.bs2", camera, (asked){0}));
    cr_assert_eq(f.steps, 6);
    for (int i = 0; i < 6 * 2312; i++)
        cr_assert_eq(f.x[i],
                     want.value[i / 2312 * 2 * 2312 + i % 2312] + want.value[(i / 2312 * 2 + 1) * 2312 + i % 2312]);
}

Test(sample_data, recordings_that_cannot_be_are_refused) {
    o.spiking.encoding = NH_ENCODE_EVENTS;
    expect_refused(read_frames("outside_bad.bs2", camera, (asked){0}), NH_D_EVENT);
    cr_assert_str_eq(d->item[0].found, "34");
    setup();
    o.spiking.encoding = NH_ENCODE_EVENTS;
    expect_refused(read_frames("cut_bad.bs2", camera, (asked){0}), NH_D_EVENT);
    setup();
    o.spiking.encoding = NH_ENCODE_EVENTS;
    expect_refused(read_frames("rec/", image, (asked){.samples = 4}), NH_D_SHAPE);
    setup();
    o.spiking.encoding = NH_ENCODE_EVENTS;
    expect_refused(read_frames("rec/", six, (asked){0}), NH_D_SOURCE);
    setup();
    expect_refused(read_frames("rec/", camera, (asked){0}), NH_D_SOURCE);
    setup();
    o.spiking.encoding = NH_ENCODE_EVENTS;
    expect_refused(read_frames("labels_plain.txt", camera, (asked){0}), NH_O_READ);
}

Test(sample_data, sizes_are_bounded_before_memory_is_asked_for) {
    o.spiking.repeat_input = true;
    expect_refused(read_frames("dense_n5_t7.npy", image, (asked){.steps = 1 << 24}), NH_D_LIMIT);
    cr_assert(nh_arena_used(a) < 1 << 20);
}

static const int64_t *labels(const char *name, int64_t n, const char *const *sample) {
    return nh_labels_read(a, d, &(nh_data_ref){.path = nh_arena_printf(a, FIXTURES "%s", name)}, n, 3,
                          sample); /* of 3 samples */
}

Test(sample_data, labels_of_a_text_go_by_line_or_by_the_name_of_the_recording) {
    const int64_t *y = labels("labels_plain.txt", 3, NULL);
    cr_assert(y && y[0] == 4 && y[1] == 0 && y[2] == 9);
    y = labels("labels_plain.txt", 2, order);
    cr_assert(y && y[0] == 4 && y[1] == 0);
    y = labels("rec/labels.txt", 3, order);
    cr_assert(y && y[0] == 1 && y[1] == 3 && y[2] == 7);
    y = labels("rec/labels.txt", 3, NULL);
    cr_assert(y && y[0] == 7 && y[1] == 3 && y[2] == 1);
    cr_assert_eq(d->count, 0);
}

Test(sample_data, labels_that_are_none_are_refused) {
    static const char *const bad[] = {"labels_word_bad.txt", "labels_three_bad.txt", "labels_mixed_bad.txt"},
                             *const other[] = {"2", "11"};
    for (int i = 0; i < 3; i++) {
        setup();
        cr_assert_null(labels(bad[i], 3, NULL));
        cr_assert(d->n_error == 1 && d->item[0].code == NH_D_LIST, "%s", bad[i]);
    }
    setup();
    cr_assert_null(labels("rec/labels.txt", 2, other));
    cr_assert_str_eq(d->item[0].message,
                     nh_arena_printf(a, "'%s' has no label for the recording '11'", FIXTURES "rec/labels.txt"));
    setup();
    nh_data_ref plain = {.path = FIXTURES "labels_plain.txt"}; /* 3 lines */
    static const int64_t count[][2] = {{4, 4}, {2, 2}, {2, 4}};
    for (int i = 0; i < 3; i++) {
        setup();
        cr_assert_null(nh_labels_read(a, d, &plain, count[i][0], count[i][1], NULL), "%d", i);
        cr_assert_eq(d->item[0].code, NH_D_SHAPE);
    }
}

Test(sample_data, a_reference_has_all_samples_and_steps) {
    nh_npy x = array("dense_n5_t7.npy");
    nh_data_ref ref = {.path = FIXTURES "dense_n5_t7.npy"}, one = {.path = FIXTURES "dense_t7.npy"};
    const double *y = nh_reference_read(a, d, &ref, 5, 7, 24);
    cr_assert(y && memcmp(y, x.value, 5 * 7 * 24 * sizeof *y) == 0);
    y = nh_reference_read(a, d, &ref, 2, 3, 24);
    cr_assert(y && memcmp(y, x.value, 72 * sizeof *y) == 0 && memcmp(y + 72, x.value + 7 * 24, 72 * sizeof *y) == 0);
    y = nh_reference_read(a, d, &one, 1, 7, 24);
    cr_assert(y && memcmp(y, x.value, 7 * 24 * sizeof *y) == 0);
    cr_assert_null(nh_reference_read(a, d, &ref, 5, 8, 24));
    cr_assert_eq(d->n_error, 1);
}

/* Sums of count x index, [steps][2][34][34], by numpy; with the same counts numpy's convolution and IF neurons give
 * if_1 of cnn_sinabs_gold.npz without a difference. */
Test(sample_data, recordings_of_n_mnist_are_counted_as_the_golden_network_saw_them) {
    static const struct {
        int sample;
        double events, sum;
    } row[] = {{0, 3330, 1086181796}, {1, 4840, 1565658941}, {49, 3863, 1443411685}};
    const char *list = GOLDEN "labels.txt";
    if (!nh_file_exists(list)) {
        cr_log_warn("skipped: %s is not here", list);
        return;
    }
    o.spiking.encoding = NH_ENCODE_EVENTS;
    cr_assert(read_frames(list, camera, (asked){.steps = 310}), "%s", why());
    cr_assert(f.n == 50 && f.steps == 310, "%lld %lld", (long long)f.n, (long long)f.steps);
    cr_assert_str_eq(why(), "244 of 183168 events come after the last of 310 steps and are not used", "%s", why());
    cr_assert_str_eq(f.name[49], "60050");
    for (int k = 0; k < 3; k++) {
        double events = 0, sum = 0;
        const double *x = f.x + row[k].sample * 310 * 2312;
        for (int i = 0; i < 310 * 2312; i++) events += x[i], sum += x[i] * i;
        cr_assert(events == row[k].events && sum == row[k].sum, "sample %d: %.0f %.0f", row[k].sample, events, sum);
    }
    const int64_t *label = nh_labels_read(a, d, &(nh_data_ref){.path = list}, 50, 50, f.name);
    cr_assert(label && label[0] == 7 && label[1] == 2 && label[49] == 4);
}

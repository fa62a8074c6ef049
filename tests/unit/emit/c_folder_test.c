/* The c/ folder: types, header, example, provenance, size of big tables. */
#include "../../prop/emit/c_kernels.h"

Test(c_folder, types_are_the_smallest_that_hold_a_format) {
    static const struct {
        bool is_signed;
        int width;
        const char *type;
    } want[] = {
        {true, 1, "int8_t"},     {true, 8, "int8_t"},     {true, 9, "int16_t"},   {true, 16, "int16_t"},
        {true, 17, "int32_t"},   {true, 32, "int32_t"},   {true, 33, "int64_t"},  {true, 64, "int64_t"},
        {false, 1, "uint8_t"},   {false, 8, "uint8_t"},   {false, 9, "uint16_t"}, {false, 32, "uint32_t"},
        {false, 33, "uint64_t"}, {false, 64, "uint64_t"},
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++)
        cr_assert_str_eq(nh_c_type(nh_format_make(want[i].is_signed, want[i].width, 3, NH_ROUND_TRN, NH_OVERFLOW_WRAP)),
                         want[i].type);
}

static char *slurp(const kernels *k, const char *name) {
    nh_bytes b;
    cr_assert(nh_file_read(k->arena, k->diag, NH_NOWHERE, nh_path_join(k->arena, k->dir, name), (size_t)1 << 28, &b));
    return nh_arena_strn(k->arena, (const char *)b.data, b.size);
}

/* y = 2 x - 3, one element, as a datapath. */
static kernels *affine(nh_format in, nh_format out, double in_scale, double out_scale) {
    kernels *k = kernels_new();
    kernels_stream(k, 1, in);
    nh_dp *p = nh_dp_new(k->arena, "d");
    nh_val x = nh_dp_input(p, nh_dp_in_port(p, "x", 1, in), 0, nh_range_of(in));
    nh_val y = nh_dp_sub(p, nh_dp_scale(p, x, 1), nh_dp_const(p, 3, 0));
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, out), 0, nh_dp_cast(p, y, out));
    nh_dp_finish(p);
    kernels_unit(k, NH_UNIT_DATAPATH, 1, out)->dp = p;
    k->graph.tensor[0].q.scale = in_scale;
    k->graph.tensor[1].q.scale = out_scale;
    return k;
}

static int compile(const kernels *k, const char *command) {
    char line[512];
    snprintf(line, sizeof line, "cd %s && %s", k->dir, command);
    return system(line);
}

Test(c_folder, says_whose_it_is_and_what_it_was_made_from) {
    nh_format f = nh_format_make(true, 8, 4, NH_ROUND_RND, NH_OVERFLOW_SAT);
    kernels *k = affine(f, f, 1, 0.25);
    kernels_emit(k);
    static const char *const file[] = {"model.h", "model.c", "example.c", "Makefile"};
    for (int i = 0; i < 4; i++) {
        const char *text = slurp(k, file[i]);
        cr_assert(strstr(text, "config sha256 c, model sha256 m") && strstr(text, "no condition of neurohls"), "%s",
                  file[i]);
        cr_assert_null(strstr(text, k->dir), "%s names the machine", file[i]);
    }
    const char *h = slurp(k, "model.h");
    cr_assert(strstr(h, "fixed<8,4,RND,SAT>") && strstr(h, "raw * 2^-4") && strstr(h, "* 0.25"));
    kernels_free(k);
}

Test(c_folder, the_runtime_header_is_copied_byte_for_byte) {
    nh_format f = nh_format_make(true, 8, 4, NH_ROUND_RND, NH_OVERFLOW_SAT);
    kernels *k = affine(f, f, 1, 1);
    kernels_emit(k);
    nh_bytes a, b;
    cr_assert(nh_file_read(k->arena, k->diag, NH_NOWHERE, NH_SOURCE_DIR "/sim/runtime/nh_fx.h", 1 << 20, &a));
    cr_assert(nh_file_read(k->arena, k->diag, NH_NOWHERE, nh_path_join(k->arena, k->dir, "nh_fx.h"), 1 << 20, &b));
    cr_assert(a.size == b.size && memcmp(a.data, b.data, a.size) == 0);
    kernels_free(k);
}

Test(c_folder, the_example_builds_with_its_makefile_and_prints) {
    if (!have_compiler("cc") || !have_compiler("make")) cr_skip_test("skipped: no C compiler");
    nh_format f = nh_format_make(true, 8, 4, NH_ROUND_RND, NH_OVERFLOW_SAT);
    kernels *k = affine(f, f, 1, 1);
    kernels_emit(k);
    cr_assert_eq(compile(k, "make -s CFLAGS='" STRICT " -O2' >make.log 2>&1 && ./example >out"), 0);
    cr_assert_str_eq(slurp(k, "out"), "all inputs 0: -3\nall inputs 0.5: -2\nall inputs -0.5: -4\n");
    kernels_free(k);
}

/* quantize() of the generated C against nh_fx_from_double, for formats and reals of all sizes. */
Test(c_folder, quantize_is_the_compilers_own_conversion) {
    if (!have_compiler("cc")) cr_skip_test("skipped: no C compiler");
    random_source rng = {9};
    for (int trial = 0; trial < 6; trial++) {
        nh_format f = random_format(&rng, trial < 3 ? 16 : 64);
        kernels *k = affine(f, nh_format_make(true, 8, 4, NH_ROUND_TRN, NH_OVERFLOW_WRAP), trial % 2 ? 0.37 : 1, 1);
        kernels_emit(k);
        FILE *main_c = fopen(nh_path_join(k->arena, k->dir, "main.c"), "w");
        cr_assert(main_c);
        fprintf(main_c, "#include \"model.h\"\nint main(void) {\n");
        for (int i = 0; i < 400; i++) {
            double v = ((double)(int64_t)random_next(&rng)) * 0x1p-63;
            v = i < 8 ? (i - 4) * 0.5
                      : v * (double)((uint64_t)1 << random_below(&rng, 40)) * (i % 7 == 0 ? 0x1p-60 : 1);
            if (i >= 8 && i % 3 == 0) v = (double)(int64_t)(v * 4) * 0.5 * (trial % 2 ? 0.37 : 1);
            nh_i128 want = nh_fx_from_double(v / (trial % 2 ? 0.37 : 1), f, NULL);
            fprintf(main_c, "    if ((unsigned long long)net_quantize(%a) != %lluULL) return 1;\n", v,
                    (unsigned long long)want);
        }
        fprintf(main_c, "    return net_quantize(0.0 / 0.0) != 0;\n}\n");
        fclose(main_c);
        cr_assert_eq(
            compile(
                k,
                "cc -std=c11 -w -O1 -fsanitize=undefined -fno-sanitize-recover=all main.c model.c -o main && ./main"),
            0, "trial %d", trial);
        kernels_free(k);
    }
}

/* 8 bytes of text at most per weight: what 4096 x 4096 weights cost is measured by scripts/bench. */
Test(c_folder, weights_are_written_once_and_in_the_smallest_type) {
    kernels *k = kernels_new();
    nh_format f = nh_format_make(true, 8, 8, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    kernels_stream(k, 1024, f);
    nh_unit *u = kernels_unit(k, NH_UNIT_MAC, 1024, f);
    u->mac = (nh_mac){.n_in = 1024, .n_out = 1024, .x = f, .weight = f, .exact = true};
    int64_t *w = nh_arena_array(k->arena, 1024 * 1024, sizeof *w);
    for (int i = 0; i < 1024 * 1024; i++) w[i] = i % 256 - 128;
    u->mac.w = w;
    u->mac.acc = nh_format_make(true, 27, 27, NH_ROUND_TRN, NH_OVERFLOW_WRAP);
    nh_dp *p = nh_dp_new(k->arena, "p");
    nh_val x = nh_dp_input(p, nh_dp_in_port(p, "x", 1, u->mac.acc), 0, nh_range_of(u->mac.acc));
    nh_dp_output(p, nh_dp_out_port(p, "y", 1, f), 0, nh_dp_cast(p, x, f));
    nh_dp_finish(p);
    u->mac.post.dp = p;
    kernels_emit(k);
    const char *c = slurp(k, "model.c");
    cr_assert(strstr(c, "static const int8_t net_u0_w[1048576]"));
    cr_assert_lt(strlen(c), (size_t)1024 * 1024 * 6);
    kernels_free(k);
}

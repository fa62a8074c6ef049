/* The tables of options and commands. */
#include <stddef.h>
#include <string.h>

#include "cli.h"

#define FLAG(field) offsetof(nh_flags, field)
const nh_option nh_options_table[] = {
    {"until", 0, NH_ARG_STEP, "STEP", FLAG(until), "stop after this step: c, map, rtl, sim, synth, pnr or report"},
    {"from", 0, NH_ARG_STEP, "STEP", FLAG(from), "run this step and all after it again"},
    {"jobs", 'j', NH_ARG_COUNT, "N", FLAG(jobs), "run up to N jobs at a time (default: the number of processors)"},
    {"force", 'f', NH_ARG_NONE, NULL, FLAG(force), "run every step again; init: overwrite the file"},
    {"output", 'o', NH_ARG_DIR, "DIR", FLAG(out),
     "write here (default: build/<project>; init: <model>.yaml, - is stdout; asm: FILE.image; run: outputs of every "
     "step as a NumPy array)"},
    {"dump-after", 0, NH_ARG_WORD, "PASS", FLAG(dump_after), "print the network after a pass and stop"},
    {"trace", 0, NH_ARG_NONE, NULL, FLAG(trace), "compare every layer's stream in simulation"},
    {"waves", 0, NH_ARG_NONE, NULL, FLAG(waves), "write a waveform of the first samples"},
    {"schema", 0, NH_ARG_NONE, NULL, FLAG(schema), "print the JSON Schema of configurations, for editors"},
    {"inputs", 0, NH_ARG_FILE, "X", FLAG(inputs),
     "a NumPy array of integers: samples x steps x inputs, or samples x inputs for all steps"},
    {"labels", 0, NH_ARG_FILE, "Y", FLAG(labels), "a NumPy array of integers, the class of each sample"},
    {"samples", 0, NH_ARG_WORD, "N", FLAG(samples), "run the first N samples only"},
    {"reference", 0, NH_ARG_FILE, "R", FLAG(reference),
     "a NumPy array of outputs of another program: samples x outputs (x steps before them), or a class per sample"},
    {"spikes", 0, NH_ARG_FILE, "LOG", FLAG(spikes),
     "write every spike: sample, step, core, neuron, layer, value (CSV)"},
    {"raster", 0, NH_ARG_FILE, "SVG", FLAG(raster),
     "draw the spikes of the first sample, a row per neuron, a column per step"},
    {"fabric", 0, NH_ARG_FILE, "IMAGE", FLAG(fabric),
     "an image of the fabric that is meant: refuse an image for another"},
    {"limit", 0, NH_ARG_WORD, "N", FLAG(limit),
     "of weights and axons print the first N lines of each core only; asm does not read that back"},
    {"json", 0, NH_ARG_NONE, NULL, FLAG(json), "print results and diagnostics as JSON"},
    {"quiet", 'q', NH_ARG_NONE, NULL, FLAG(quiet), "print errors only"},
    {"verbose", 'v', NH_ARG_NONE, NULL, FLAG(verbose), "print decisions too"},
    {"help", 'h', NH_ARG_NONE, NULL, FLAG(help), "print this help"},
    {"version", 'V', NH_ARG_NONE, NULL, FLAG(version), "print the version"},
    {"man", 0, NH_ARG_NONE, NULL, FLAG(man), "print the manual page (neurohls --man | man -l -)"},
};
const int nh_n_options = sizeof nh_options_table / sizeof *nh_options_table;

static const char general_options[] = "json quiet verbose help version man";

const nh_command nh_commands[] = {
    {"init", "MODEL", 1, 1, "output force", "write a commented configuration for a model, every layer listed",
     "Reads a trained network and writes <model>.yaml in the current directory with every key, its default and what it "
     "means. An existing file is kept unless --force is given.",
     nh_cmd_init},
    {"check", "[CONFIG]", 0, 1, "schema dump-after",
     "check a configuration and its model, print the plan; needs no external tool",
     "Parses, quantizes and plans: layers, number formats, strategies, reuse factors, multipliers, cycles and "
     "estimates. All errors come at once. With --schema prints the JSON Schema of configurations.",
     nh_cmd_check},
    {"build", "CONFIG", 1, 1, "until from jobs force output dump-after trace waves",
     "run the whole flow: C kernels, map, RTL, co-simulation, synthesis, place and route, report",
     "Steps are c, map (of networks on a fabric), rtl, sim, synth, pnr and report. A step whose inputs did not change "
     "is not run again. A step whose tool is missing is skipped and says so, unless it was asked for by --until or a "
     "requirement depends on it.",
     nh_cmd_build},
    {"sim", "CONFIG", 1, 1, "from jobs force output trace waves",
     "build and run the co-simulation of C kernels and RTL",
     "Runs the steps c, map, rtl and sim: every sample of simulate: inputs through both, compared bit for bit.",
     nh_cmd_sim},
    {"synth", "CONFIG", 1, 1, "from jobs force output",
     "count cells with Yosys, place and route where there is a device",
     "Runs the steps rtl, synth and, for targets with a device, pnr.", nh_cmd_synth},
    {"map", "CONFIG", 1, 1, "output", "map a network onto a fabric of neuron cores, write its program image",
     "Layers of strategy: event become populations of neurons on the cores of fabric:. Prints what was tried, the "
     "utilisation of every layer, and, where the network does not fit, the certificate: resource, needed, available, "
     "the smallest change that fits. Writes the image, its assembly, the map (text, JSON) and a picture of the mesh, "
     "runs the simulation's inputs through the C model of the fabric and through its RTL; it is what build does for "
     "such a network before the report, synthesis, place and route.",
     nh_cmd_map},
    {"report", "CONFIG", 1, 1, "output", "print the report of the last build",
     "Prints what the last build of this configuration wrote; with --json the whole report.json.", nh_cmd_report},
    {"asm", "FILE", 1, 1, "output", "assemble a program image of the fabric from text",
     "FILE is assembly: what disasm prints, or written by hand (docs/assembly.md). Every number is checked against the "
     "fabric that the file describes; all errors come at once, with line and column. The image goes to the file of "
     "--output, else to FILE without .s and with .image.",
     nh_cmd_asm},
    {"disasm", "IMAGE", 1, 1, "limit", "print a program image as assembly",
     "Prints the fabric, its neuron models as programs, and for every context and core the tables: ACC (what an event "
     "adds), weights, FIRE (which program sweeps which neurons), parameters, SEND (where spikes go). Comments say "
     "which layers a core has, and how many of each instruction. asm reads it back to the identical image.",
     nh_cmd_disasm},
    {"run", "IMAGE", 1, 1, "inputs labels samples output reference spikes raster fabric",
     "run a program image on the C model of the fabric",
     "The model is bit-exact with the hardware; cycles are an estimate. Without --inputs runs one sample without "
     "events. Prints spikes of every layer, output sums and classes of the first samples, accuracy where labels are "
     "given, agreement with --reference and the first sample that differs, a raster of the first sample where it is "
     "small, and what every core did.",
     nh_cmd_run},
    {"doctor", "", 0, 0, "", "say which external tools are found, and what each missing one costs",
     "Lists every external tool with its path and version, or what it would give and how to install it.",
     nh_cmd_doctor},
    {"explain", "CODE", 1, 1, "", "say what a diagnostic means, with an example",
     "CODE is what stands in brackets in a message, e.g. C106. Without a known code lists all of them.",
     nh_cmd_explain},
    {"completions", "SHELL", 1, 1, "", "print completions for bash, zsh or fish",
     "For bash: neurohls completions bash > /etc/bash_completion.d/neurohls", nh_cmd_completions},
};
const int nh_n_commands = sizeof nh_commands / sizeof *nh_commands;

const nh_command *nh_command_find(const char *name) {
    for (int i = 0; i < nh_n_commands; i++)
        if (strcmp(nh_commands[i].name, name) == 0) return &nh_commands[i];
    return NULL;
}

static bool lists_word(const char *words, const char *word) {
    size_t n = strlen(word);
    for (const char *at = strstr(words, word); at; at = strstr(at + 1, word))
        if ((at == words || at[-1] == ' ') && (!at[n] || at[n] == ' ')) return true;
    return false;
}

bool nh_command_takes(const nh_command *c, const nh_option *o) {
    return lists_word(general_options, o->name) || (c && lists_word(c->options, o->name));
}

"""See scripts/formal.sh. formal.py [template ...]: proofs and covers; --smt: also k-induction by z3 and cvc5, from the invariants that are
written alone; --mutants: also one mutant per template, which must fail."""
import os
import re
import subprocess
import sys
import tempfile
import time

import templates

# template: [(parameters, steps of k-induction (--smt), cycles within which the cover must be reached)]. Small sizes: the properties do not
# depend on them, the solver's time does. Steps None: the written invariants alone do not suffice for k-induction. Below 0: no proof is found
# in time, the properties hold for that many cycles after power-up.
MAC = dict(X_W=2, W_W=2, ACC_W=6, WEIGHT_FILE="zero.mem", BIAS_FILE="zero.mem")
CORE = dict(X_W=1, W_W=2, ACC_W=3, BIAS_FILE="zero.mem")
TASKS = {
    "nh_skid": [(dict(WIDTH=4), 2, 12)],
    "nh_fifo": [(dict(WIDTH=2, DEPTH=4, LEVEL_W=3), 3, 12), (dict(WIDTH=2, DEPTH=5, LEVEL_W=3), 3, 12),
                (dict(WIDTH=2, DEPTH=2, LEVEL_W=2), 3, 12)],
    "nh_rr_arbiter": [(dict(N=1), 2, 4), (dict(N=3), 2, 12), (dict(N=5), 2, 16)],
    "nh_router": [(dict(X=1, Y=1, X_MAX=2, Y_MAX=2, DATA_W=1), 2, 8), (dict(X=0, Y=0, X_MAX=1, Y_MAX=1, XB=1, YB=1, DATA_W=1), 2, 8),
                  (dict(X=0, Y=1, X_MAX=1, Y_MAX=2, XB=1, DATA_W=1), 2, 8),
                  (dict(X=0, Y=0, X_MAX=1, Y_MAX=1, XB=1, YB=1, DATA_W=1, QUEUE=3), -12, 8)], # queues are nh_fifo then, which is proved by itself
    "nh_fabric_host": [(dict(SETTLE=2), 3, 20)],
    "nh_frame_rx": [(dict(WIDTH=13), 3, 14), (dict(WIDTH=5), 3, 10)],
    "nh_frame_tx": [(dict(WIDTH=13), 3, 14), (dict(WIDTH=7), 3, 10)],
    "nh_host_bytes": [(dict(HOST_W=9, DEPTH=2), 3, 20), (dict(HOST_W=3, DEPTH=1), 3, 16)],
    "nh_uart_rx": [(dict(DIV=4), 3, 46), (dict(DIV=5), 3, 56)],
    "nh_uart_tx": [(dict(DIV=4), 3, 44), (dict(DIV=5), 3, 54)],
    "nh_pipe": [(dict(DEPTH=1), 3, 12), (dict(DEPTH=4), 3, 16)],
    "nh_beat_rom": [(dict(WIDTH=4, WORD_W=2, DEPTH=3, BLOCK=0, FILE="zero.mem"), 3, 12)],
    "nh_axis_in": [(dict(BEAT=2, ELEM_W=3, AXI_ELEM_W=8, BEATS=3), 3, 12), (dict(BEATS=1), 3, 12)],
    "nh_axis_out": [(dict(BEAT=2, ELEM_W=3, AXI_ELEM_W=8, BEATS=3), 3, 12), (dict(BEATS=1), 3, 12)],
    "nh_pins_in": [(dict(PIN_W=2, WIDTH=5), 3, 16), (dict(PIN_W=4, WIDTH=3), 3, 12)],
    "nh_pins_out": [(dict(PIN_W=2, WIDTH=5), 3, 16), (dict(PIN_W=4, WIDTH=3), 3, 12)],
    "nh_fork": [(dict(WIDTH=2, N=1), 2, 12), (dict(WIDTH=2, N=3), 2, 12)],
    "nh_join": [(dict(N=1), 2, 3), (dict(N=3), 2, 3)],
    "nh_step_count": [(dict(BEATS=3, STEPS=4), 3, 16), (dict(BEATS=1, STEPS=3), 3, 12), (dict(BEATS=2, STEPS=1), 3, 12)],
    "nh_neuron_state": [(dict(STATE_W=2, DATA_W=1, WORDS=3, STEPS=5, RESET_PERIOD=3, RESET_PHASE=1, BLOCK=0), 3, 24),
                        (dict(STATE_W=2, DATA_W=1, WORDS=2, STEPS=3, RESET_PERIOD=0, RESET_PHASE=0, BLOCK=0), 3, 20),
                        (dict(STATE_W=2, DATA_W=1, WORDS=1, STEPS=4, RESET_PERIOD=0, RESET_PHASE=0, BLOCK=0), 3, 20)],
    "nh_conv_walk": [(dict(WORDS=4, J=2, SUBS=2, H_IN=3, W_IN=4, H_OUT=2, W_OUT=3, KH=3, KW=2, STRIDE_H=2, STRIDE_W=1, PAD_H=1, PAD_W=1,
                           DILATION_H=1, DILATION_W=2, ROWS=4), 3, 12),
                     (dict(WORDS=3, J=1, SUBS=1, H_IN=5, W_IN=1, H_OUT=3, W_OUT=1, KH=2, KW=1, STRIDE_H=2, ROWS=3), 3, 12)],
    "nh_window": [(dict(WORD_W=1, H_IN=3, W_IN=1, H_OUT=2, W_OUT=1, KH=2, KW=1, ROWS=3, BLOCK=0), -20, 24),
                  (dict(WORD_W=1, H_IN=2, W_IN=1, H_OUT=3, W_OUT=1, KH=2, KW=1, PAD_H=1, ROWS=2, BLOCK=0), -20, 24),
                  (dict(WORD_W=1, H_IN=4, W_IN=1, H_OUT=2, W_OUT=1, KH=1, KW=1, STRIDE_H=2, ROWS=1, BLOCK=0), -20, 24)],
    "nh_conv_mac": [(dict(C_IN=2, IN_LANES=2, C_OUT=2, H_IN=1, W_IN=3, H_OUT=1, W_OUT=2, KH=1, KW=2, ROWS=2, **MAC), -16, 30),
                    (dict(C_IN=2, IN_LANES=1, OUT_LANES=1, C_OUT=2, GROUPS=2, DEPTHWISE=1, H_IN=2, W_IN=1, H_OUT=1, W_OUT=1, KH=2, KW=1,
                          ROWS=4, **MAC), -16, 30),
                    (dict(C_IN=1, C_OUT=1, H_IN=1, W_IN=1, H_OUT=1, W_OUT=1, KH=1, KW=1, ROWS=2, **MAC), -16, 20)],
    "nh_pool_max": [(dict(X_W=1, H_IN=2, W_IN=1, H_OUT=1, W_OUT=1, KH=2, KW=1, STRIDE_H=2, STRIDE_W=1, ROWS=4, BLOCK=0), -16, 24)],
    "nh_step_delay": [(dict(ELEM_W=1, LANES=1, WORDS=1, STEPS=3, MOST=1, LEAST=1, UNIFORM=1, BLOCK=0), -16, 14),
                      (dict(ELEM_W=1, LANES=2, WORDS=2, STEPS=2, MOST=3, LEAST=0, UNIFORM=0, BLOCK=0, FILE="delays.mem"), -16, 14)],
    "nh_core_acc": [(dict(WORDS=2, AXONS=2, SYNAPSES=2, WEIGHT_W=2, ACC_W=3), None, 14),
                    (dict(WORDS=2, AXONS=2, SYNAPSES=2, WEIGHT_W=2, ACC_W=3, SPARSE=1), None, 14)],
    "nh_core_conv": [(dict(CONVS=2, SA=3, WA=2, CY=1, CX=2, CC=1), -10, 14)],
    "nh_core_sweep": [(dict(WORDS=4, GROUPS=4, PARAMS=2, STATE_W=1, PARAM_W=1, DP_LATENCY=3), 8, 20),
                      (dict(WORDS=4, GROUPS=2, PARAMS=2, STATE_W=1, PARAM_W=1, DP_LATENCY=0), 5, 20)],
    "nh_core_send": [(dict(WORDS=2, ROUTES=2, ADDR_W=2, DATA_W=16), 3, 20),
                     (dict(LANES=4, WORDS=2, ROUTES=2, DELAYS=2, ADDR_W=2, DATA_W=16), 3, 20)],
    "nh_neuron_core": [(dict(NEURONS=2, AXONS=2, SYNAPSES=2, ROUTES=2, GROUPS=2, PARAMS=2, QUEUE=2, WEIGHT_W=2, ACC_W=3, STATE_W=1,
                             PARAM_W=1, ADDR_W=1, DP_LATENCY=1), None, 40)],
    "nh_gear": [(dict(ELEM_W=1, N=5, S_BEAT=1, M_BEAT=2), 3, 24), (dict(ELEM_W=1, N=5, S_BEAT=4, M_BEAT=2), 3, 24),
                (dict(ELEM_W=1, N=5, S_BEAT=5, M_BEAT=3), 3, 24), (dict(ELEM_W=1, N=5, S_BEAT=2, M_BEAT=3), 3, 24),
                (dict(ELEM_W=1, N=7, S_BEAT=3, M_BEAT=2), 3, 24), (dict(ELEM_W=1, N=4, S_BEAT=2, M_BEAT=3), 3, 24)],
    "nh_mac_core": [(dict(GROUPS=1, **CORE), 3, 20), (dict(GROUPS=3, IN_LANES=2, OUT_LANES=2, **CORE), 3, 24),
                    (dict(GROUPS=2, IN_LANES=1, OUT_LANES=2, OWN_X=1, EXACT=0, OVERFLOW=1, **CORE), 3, 24)],
    "nh_dense_mac": [(dict(N_IN=2, N_OUT=2, IN_LANES=1, OUT_LANES=1, REUSE=4, **MAC), 3, 30),
                     (dict(N_IN=3, N_OUT=2, IN_LANES=2, OUT_LANES=1, REUSE=6, **MAC), 3, 40),
                     (dict(N_IN=2, N_OUT=3, IN_LANES=2, OUT_LANES=1, REUSE=3, **MAC), 3, 30),
                     (dict(N_IN=3, N_OUT=1, IN_LANES=1, OUT_LANES=1, REUSE=5, **MAC), 3, 30),
                     (dict(N_IN=1, N_OUT=1, IN_LANES=1, OUT_LANES=1, REUSE=1, **MAC), 3, 20)],
}
FIRST = 2  # cycles of a counterexample that has seen only registers before the reset
COMBINATIONAL = ["nh_join"]  # ABC's engines want registers
INDUCTION = ["nh_frame_rx", "nh_frame_tx", "nh_uart_rx", "nh_uart_tx"]  # checksums and long counts: not within ABC's reach
BASE = {"nh_router": 3}  # cycles of the base case beyond the steps of induction, where the usual 6 take too long; 0 would do


def with_defaults(name, parameters):
    """The template's text with other default values: yosys 0.23 crashes on `hierarchy -chparam`."""
    with open(templates.path(name)) as f:
        text = f.read()
    for key, value in parameters.items():
        value = f'"{value}"' if isinstance(value, str) else str(value)
        text, count = re.subn(rf"(parameter (?:integer )?{key} = )[^,\s]+", lambda m: m.group(1) + value, text, count=1)
        assert count == 1, f"{name} has no parameter {key}"
    return text


COVER = """module \\$cover (input A, input EN);
    \\$assert _TECHMAP_REPLACE_ (.A(!A), .EN(EN)); // what proves this one wrong reaches the cover
endmodule
"""
GATES = "setundef -undriven -anyseq; opt -fast; techmap; opt -fast; dffunmap; abc -g AND -fast; opt_clean; write_aiger -zinit -B"


def model(name, parameters, folder):
    """Write the models of one parameter set: proof.aig, cover.aig, model.smt2."""
    with open(os.path.join(folder, "zero.mem"), "w") as f:
        f.write("0\n" * 64)
    with open(os.path.join(folder, "delays.mem"), "w") as f:  # two lanes of 2 bits
        f.write("6\n8\n")
    with open(os.path.join(folder, "cover.v"), "w") as f:
        f.write(COVER)
    with open(os.path.join(folder, name + ".v"), "w") as f:
        f.write(with_defaults(name, parameters))
    others = [s for s in templates.sources() if os.path.basename(s) != name + ".v"]
    include = " ".join(f"-I{d}" for d in templates.FOLDERS)
    # The instances inside keep their own proofs: only the top reads FORMAL.
    script = (f"read_verilog -defer {' '.join(others)}; read_verilog -formal -DFORMAL {include} {name}.v; hierarchy -check -top {name}; "
              "prep -flatten; memory_map; opt -fast; async2sync; design -save all; dffunmap; write_smt2 -wires model.smt2; "
              f"design -load all; delete */t:$cover; delete -output; {GATES} proof.aig; "
              f"design -load all; delete */t:$assert; techmap -map cover.v; delete -output; {GATES} cover.aig")
    code, text = templates.run(["yosys", "-q", "-p", script], cwd=folder)
    if code:
        sys.exit(f"{name}: {text}")


def abc(folder, file, engine):
    """(cycle of the counterexample or None, proved, output) of ABC on a model."""
    _, text = templates.run(["timeout", "240", "yosys-abc", "-c", f"read_aiger {file}; fold; strash; scorr; {engine}"], cwd=folder)
    found = re.search(r"was asserted in frame (\d+)", text)
    return int(found[1]) if found else None, "Property proved" in text, text


def smtbmc(folder, *options, seconds=240):
    """yosys-smtbmc with both solvers at once; the first to finish decides. (passed, output)"""
    jobs = {}
    for solver in ("z3", "cvc5"):
        out = open(os.path.join(folder, solver + ".log"), "w+")
        jobs[solver] = (subprocess.Popen(["yosys-smtbmc", "-s", solver, "--unroll", *options, "model.smt2"], cwd=folder, stdout=out,
                                         stderr=subprocess.STDOUT, start_new_session=True), out)
    return first(jobs, seconds)


def first(jobs, seconds):
    deadline = time.monotonic() + seconds
    try:
        while time.monotonic() < deadline:
            for process, out in jobs.values():
                if process.poll() is not None:
                    out.seek(0)
                    text = out.read()
                    if "Status: PASSED" in text or "Status: FAILED" in text or "Status: passed" in text:
                        return process.returncode == 0, text
            time.sleep(0.02)
        return False, f"no solver finished in {seconds} s"
    finally:
        for process, out in jobs.values():
            if process.poll() is None:
                os.killpg(process.pid, 15)
            process.wait()
            out.close()


def which(text):
    """The lines of a solver that say what failed."""
    said = [line for line in text.splitlines() if "Assert failed" in line or "seconds" in line]
    return "; ".join(said[:3] or text.splitlines()[-3:])


def proof(folder, bound):
    """None when the assertions hold in all cycles (property-directed reachability), or in those up to the bound; else what failed."""
    cycle, proved, text = abc(folder, "proof.aig", f"bmc3 -F {bound}" if bound else "pdr")
    if proved or (bound and f"No output asserted in {bound} frames" in text):
        return None
    if cycle is None:
        return "undecided: " + "; ".join(text.splitlines()[-2:])
    named = smtbmc(folder, "-t", str(cycle + 1), seconds=20)[1]  # ABC does not name the assertion
    return f"an assertion fails in cycle {cycle}: {which(named)}"


def cover(folder, cycles):
    """None when the cover is reached, and not before the reset, where any register may hold anything."""
    cycle, _, _ = abc(folder, "cover.aig", f"bmc3 -F {cycles + 2}")
    if cycle is None:
        return f"the cover is not reached within {cycles} cycles"
    return "the cover is reached before the reset: it shows nothing" if cycle in range(FIRST) else None


def reached(folder, cycles):
    """cover() by the solvers."""
    passed, text = smtbmc(folder, "-c", "-t", str(cycles))
    return None if passed else f"the cover is not reached within {cycles} cycles: {which(text)}"


def induction(folder, name, depth):
    """None when the assertions hold by the written invariants alone."""
    for what, options in ("base case", ["-t", str(depth + BASE.get(name, 6))]), ("induction", ["-i", "-t", str(depth)]):
        passed, text = smtbmc(folder, *options)
        if not passed:
            return f"{what}: {which(text)}"
    return None


def prove(name, smt=False):
    """None when every parameter set is proved and covered, else what failed."""
    for parameters, depth, cycles in TASKS[name]:
        with tempfile.TemporaryDirectory() as folder:
            model(name, parameters, folder)
            if name in COMBINATIONAL:
                failure = induction(folder, name, depth) or reached(folder, cycles)
            else:
                bound = -depth if depth is not None and depth < 0 else 0
                failure = None if name in INDUCTION else proof(folder, bound)
                if name in INDUCTION or (smt and depth is not None and not bound):
                    failure = failure or induction(folder, name, depth)
                failure = failure or cover(folder, cycles)
            if failure:
                return f"{name} { {k: v for k, v in parameters.items() if not isinstance(v, str)} } {failure}"
    return None


def how(name):
    bounded = [-depth for _, depth, _ in TASKS[name] if depth is not None and depth < 0]
    if not bounded:
        return "proved"
    return f"held for {min(bounded)} cycles" if len(bounded) == len(TASKS[name]) else f"proved ({len(bounded)} held for {min(bounded)} cycles)"


def main():
    names = [a for a in sys.argv[1:] if not a.startswith("-")] or list(TASKS)
    failed = 0
    for name in names:
        failure = prove(name, "--smt" in sys.argv)
        print(f"FAIL {failure}" if failure else f"{name}: {how(name)} and covered, {len(TASKS[name])} parameter sets", flush=True)
        failed += failure is not None
    if "--mutants" in sys.argv:
        import mutants
        failed += mutants.survivors([m for m in mutants.read() if m.catcher == "formal" and m.template in names], one_each=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

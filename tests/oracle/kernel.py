"""The C kernels of a build, compiled and run: reals in, raw integers out."""
import pathlib
import subprocess

import numpy as np

RUNNER = """
#include <stdio.h>
#include <stdlib.h>
#include "model.h"
int main(void)
{{
    static double real[{n_in}];
    static {name}_in_t x[{n_in}];
    static {name}_out_t y[{n_out}];
    while (fread(real, sizeof real, 1, stdin) == 1) {{
        for (int i = 0; i < {n_in}; i++) x[i] = {name}_quantize(real[i]);
        {name}_batch(x, y, 1);
        for (int i = 0; i < {n_out}; i++) {{
            long long v = (long long)y[i];
            fwrite(&v, sizeof v, 1, stdout);
        }}
    }}
    return 0;
}}
"""


def outputs(folder, name, reals, n_out, cc="cc"):
    """[samples, n_out] raw integers that the kernels in folder/c give for reals [samples, ...]."""
    c = pathlib.Path(folder) / "c"
    flat = np.ascontiguousarray(np.asarray(reals, np.float64).reshape(len(reals), -1))
    (c.parent / "runner.c").write_text(RUNNER.format(name=name, n_in=flat.shape[1], n_out=n_out))
    program = c.parent / "runner"
    subprocess.run([cc, "-std=c11", "-O0", "-w", "-I", str(c), "-o", str(program), str(c.parent / "runner.c"), str(c / "model.c"), "-lm"], check=True)
    done = subprocess.run([str(program)], input=flat.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.int64).reshape(len(flat), n_out)

"""The C kernels of a build, compiled and run: reals in, raw integers out."""
import pathlib
import re
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


def pixel_channels(header, which):
    """(elements of the input or output, channels that stand side by side), as model.h says."""
    found = re.search(rf"\* {which} *: .* = (\d+) elements of [^;]*;[^;\n]*(?:;\n \*  *pixel by pixel, the (\d+) channels)?", header)
    return int(found[1]), int(found[2] or 1)


def outputs(folder, name, reals, work=None, cc="cc"):
    """[samples, outputs] raw integers that the kernels in folder/c give for reals [samples, ...], both in the tensors' order.
    The program is made in the folder `work`, else in `folder`."""
    c, work = pathlib.Path(folder) / "c", pathlib.Path(work or folder)
    (n_x, c_x), (n_y, c_y) = (pixel_channels((c / "model.h").read_text(), which) for which in ("input", "output"))
    flat = np.asarray(reals, np.float64).reshape(-1, c_x, n_x // c_x).swapaxes(1, 2)
    flat = np.ascontiguousarray(flat).reshape(len(reals), -1)
    (work / "runner.c").write_text(RUNNER.format(name=name, n_in=flat.shape[1], n_out=flat.shape[1] // n_x * n_y))
    program = work / "runner"
    subprocess.run([cc, "-std=c11", "-O0", "-w", "-I", str(c), "-o", str(program), str(work / "runner.c"), str(c / "model.c"), "-lm"], check=True)
    done = subprocess.run([str(program)], input=flat.tobytes(), capture_output=True, check=True)
    return np.frombuffer(done.stdout, np.int64).reshape(-1, n_y // c_y, c_y).swapaxes(1, 2).reshape(len(flat), -1)

"""mesh_bench.py [PACKETS [SEED]]: a 4x4 mesh of nh_router in Verilator, see mesh_tb.cpp."""
import os
import subprocess
import sys
import tempfile

import templates

here = os.path.dirname(os.path.abspath(__file__))
names = ("nh_router", "nh_rr_arbiter", "nh_skid", "nh_fifo")
with tempfile.TemporaryDirectory() as folder:
    build = subprocess.run(["verilator", "--cc", "--exe", "--build", "-O3", "-Wno-fatal", "-Wno-lint", "--Mdir", folder, "--top-module", "mesh_tb",
                            "-CFLAGS", "-O2", os.path.join(here, "mesh_tb.v"), *map(templates.path, names), os.path.join(here, "mesh_tb.cpp")],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if build.returncode:
        sys.exit(build.stdout[-3000:])
    sys.exit(subprocess.run([os.path.join(folder, "Vmesh_tb"), *sys.argv[1:]]).returncode)

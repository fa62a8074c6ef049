"""Meshes of nh_router in Verilator under random traffic and stalls, see mesh_tb.cpp. mesh_bench.py [PACKETS [SEED]]"""
import os
import sys
import tempfile

import templates

HERE = os.path.dirname(os.path.abspath(__file__))
MESHES = [(4, 4, 2), (3, 2, 3)]  # columns, rows, QUEUE; the fields of a flit are 2 bits wide: 3 x 2 meets rectangles that leave the mesh


def simulate(columns, rows, queue, arguments):
    with tempfile.TemporaryDirectory() as folder:
        code, text = templates.run(["verilator", "--cc", "--exe", "--build", "-O3", "-Wno-fatal", "-Wno-lint", "--Mdir", folder, "--top-module",
                                    "mesh_tb", *templates.library(), f"-GX={columns}", f"-GY={rows}", f"-GQUEUE={queue}",
                                    "-CFLAGS", f"-O1 -DMESH_X={columns} -DMESH_Y={rows}",
                                    os.path.join(HERE, "mesh_tb.v"), os.path.join(HERE, "mesh_tb.cpp")])
        if code:
            sys.exit(f"FAIL verilator: {text[-3000:]}")
        code, text = templates.run([os.path.join(folder, "Vmesh_tb"), *arguments])
        print(text, end="", flush=True)
        if code:
            sys.exit(f"FAIL mesh {columns} x {rows}: exit status {code}")


def main():
    for mesh in MESHES:
        simulate(*mesh, sys.argv[1:])


if __name__ == "__main__":
    main()

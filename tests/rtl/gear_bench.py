"""nh_gear against Python: words under stalls, latency, and a frame every max(words in, words out) cycles, for every small ratio.
Usage: gear_bench.py [largest N] [largest beat] [seed]"""
import random
import sys

import bench

FRAMES = 8
ELEM_W = 4


def case(n, s_beat, m_beat, rng):
    s, m = [], []
    for _ in range(FRAMES):
        x = [rng.getrandbits(ELEM_W) for _ in range(n)]
        junk = x + [rng.getrandbits(ELEM_W) for _ in range(s_beat)]
        zeros = x + [0] * m_beat
        s += [bench.pack(junk[k:k + s_beat], ELEM_W) for k in range(0, n, s_beat)]
        m += [bench.pack(zeros[k:k + m_beat], ELEM_W) for k in range(0, n, m_beat)]
    p = dict(ELEM_W=ELEM_W, N=n, S_BEAT=s_beat, M_BEAT=m_beat)
    return bench.Bench(bench.instance("nh_gear", p) + bench.STREAM, s_beat * ELEM_W, m_beat * ELEM_W, s, m, patience=300)


def check(n, s_beat, m_beat, rng, modes):
    s_words, m_words = -(-n // s_beat), -(-n // m_beat)
    with case(n, s_beat, m_beat, rng) as b:
        s, m = b.cycles()
        needed = -(-min(n, m_beat) // s_beat)
        assert m[0] - s[needed - 1] == 2, f"first word {m[0] - s[needed - 1]} cycles after it was complete"
        ends = m[m_words - 1::m_words]
        # The first frame may leave early; from then on the rate is that of the slower side.
        period = (ends[-1] - ends[1]) / (FRAMES - 2)
        assert period <= max(s_words, m_words), f"a frame every {period} cycles, not {max(s_words, m_words)}"
        b.stalls(rng.randint(1, 10 ** 6), modes)


def main():
    top_n = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    top_beat = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 3)
    sets = [(n, s, m) for n in range(1, top_n + 1) for s in range(1, top_beat + 1) for m in range(1, top_beat + 1)]
    sets += [(64, 7, 5), (31, 4, 6), (31, 6, 4), (16, 16, 3), (16, 3, 16), (20, 1, 20), (20, 20, 1)]
    for n, s, m in sets:
        try:
            check(n, s, m, rng, [rng.choice(bench.MODES[1:])] if n > 4 else [(1, 1), (2, 2)])
        except AssertionError as e:
            sys.exit(f"FAIL nh_gear N={n} S_BEAT={s} M_BEAT={m}\n{e}")
    print(f"nh_gear: {len(sets)} ratios, words under stalls, latency and rate: as stated")


if __name__ == "__main__":
    main()

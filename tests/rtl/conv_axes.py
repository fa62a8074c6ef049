"""Convolutions of the neuron core for core_bench.py: random ones, what their events do tap by tap (docs/fabric.md, conv), their words in the
memory, with every derived field found by search."""


def signed_field(value, bits):
    return (value & ((1 << bits) - 1), bits)


def random_axis(rng, bits, pixels):
    """An output region of at most `pixels` pixels, anywhere."""
    n = min(pixels, rng.randint(1, min(1 << bits, 6)))
    first = rng.choice([0, 0, rng.randrange(1 << bits)])
    return dict(taps=rng.choice([1, 2, 3, 3, 5, rng.randint(1, 7)]), stride=rng.choice([0, 0, 1, 1, 2, 3]), dilation=rng.choice([1, 1, 1, 2, 3, 4, 8, rng.randint(1, 15)]),
                pad=rng.choice([0, 1, 1, 2, rng.randint(-16, 15)]), first=first, n=n)


def random_conv(p, words, rng):
    features = rng.randint(1, max(1, min(3, words)))
    y = random_axis(rng, p["CY"], words // features)
    x = random_axis(rng, p["CX"], words // features // y["n"])
    while y["taps"] * x["taps"] * features > p["SYNAPSES"]:
        longer = y if y["taps"] >= x["taps"] else x
        longer["taps"] -= 1
        if y["taps"] * x["taps"] == 1:
            features = 1
    block = y["taps"] * x["taps"] * features
    synapse = rng.choice([0, rng.randint(0, p["SYNAPSES"] - block)])
    channel_words = rng.choice([block, block, 0, rng.randint(0, block)])
    fit = (p["SYNAPSES"] - synapse - block) // channel_words + 1 if channel_words else 1 << p["CC"]
    return dict(synapse=synapse, acc=rng.randint(0, words - y["n"] * x["n"] * features), features=features, channel_words=channel_words,
                channels=rng.choice([min(fit, 1 << p["CC"]), rng.randint(0, min(fit, 1 << p["CC"]))]), y=y, x=x, valid=int(rng.random() < 0.85))


def meets(axis, at):
    """[(tap, output pixel of the region)]"""
    found = []
    for tap in range(axis["taps"]):
        out = at + axis["pad"] - tap * axis["dilation"]
        step = 1 << axis["stride"]
        if out >= 0 and out % step == 0 and axis["first"] <= out // step < axis["first"] + axis["n"]:
            found.append((tap, out // step - axis["first"]))
    return found


def words(v, y, x, c):
    """Every (synapse word, accumulator word) of an event."""
    for ky, oy in meets(v["y"], y):
        for kx, ox in meets(v["x"], x):
            for f in range(v["features"]):
                yield (v["synapse"] + c * v["channel_words"] + (ky * v["x"]["taps"] + kx) * v["features"] + f,
                       v["acc"] + (oy * v["x"]["n"] + ox) * v["features"] + f)


def random_place(v, p, rng):
    """(y, x, c), mostly one that meets something."""
    places = [range(1 << p["CY"]), range(1 << p["CX"])]
    if v and rng.random() < 0.8:
        places = [[at for at in all_ if meets(v[axis], at)] or all_ for axis, all_ in zip("yx", places)]
    channels = v["channels"] if v and v["channels"] and rng.random() < 0.9 else 1 << p["CC"]
    return rng.choice(places[0]), rng.choice(places[1]), rng.randrange(channels)


def looks(v, y, x):
    """Taps looked at until both axes have their first."""
    return 1 + max(meets(v[axis], at)[0][0] for axis, at in (("y", y), ("x", x)))


def dense_places(v, p):
    """[(y, x, words)] of events that have at least as many words as the most looks of any."""
    found = [(y, x, len(list(words(v, y, x, 0)))) for y in range(1 << p["CY"]) for x in range(1 << p["CX"])]
    found = [e for e in found if e[2]]
    most = max([looks(v, *e[:2]) for e in found], default=0)
    return [e for e in found if e[2] >= most]


def axis_fields(axis, bits):
    """multiple, skip, back: by trying which taps can meet one another."""
    step = 1 << axis["stride"]
    skip = next(n for n in range(4) if (axis["dilation"] << n) % step == 0)
    multiple = max(n for n in range(4) if step % (1 << n) == 0 and axis["dilation"] % (1 << n) == 0)
    return [(axis["taps"], 4), (multiple, 2), (skip, 2), ((axis["dilation"] << skip) // step, 4),
            signed_field(axis["pad"] - axis["first"] * step, bits + 5), (axis["n"], bits + 1)]


def fields(v, p, sa, wa):
    """[(value, bits)] of its word."""
    y, x, f = v["y"], v["x"], v["features"]
    ay, ax = axis_fields(y, p["CY"]), axis_fields(x, p["CX"])
    return [(v["synapse"], sa), (v["acc"], wa), (f, wa + 1), signed_field(v["channel_words"], sa), (v["channels"], p["CC"] + 1),
            signed_field(x["taps"] * f, sa), signed_field(x["n"] * f, wa), signed_field(ay[3][0] * x["n"] * f, wa),
            signed_field(ax[3][0] * f, wa), *ay, *ax, (v["valid"], 1)]

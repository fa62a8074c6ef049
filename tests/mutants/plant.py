"""Plants a fault in a source text: finds the one place of a piece of code, however the formatter broke its lines."""
import re


def pattern(code):
    """A regular expression that matches the code with any white space between its tokens."""
    return re.compile(r"\s*".join(re.escape(token) for token in re.findall(r"\w+|[^\w\s]", code)))


def replace_once(text, old, new):
    """(text with `old` replaced by `new`, None), or (None, why not): `old` must stand in the text exactly once."""
    places = list(pattern(old).finditer(text))
    if len(places) != 1:
        return None, f"its code stands {len(places)} times there"
    return text[:places[0].start()] + new + text[places[0].end():], None

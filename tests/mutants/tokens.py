"""Where a one-token fault can be planted in a C file: sites(text) gives every place and what would stand there instead."""
import re
from collections import namedtuple

# Replace text[begin:end] by `new`; `line` counts from 1.
Site = namedtuple("Site", "kind begin end new line")

TOKEN = re.compile(r"""
    (?P<comment>/\*.*?\*/|//[^\n]*)
  | (?P<text>"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')
  | (?P<directive>^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
  | (?P<number>(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[uUlLfF]*)
  | (?P<name>[A-Za-z_]\w*)
  | (?P<op><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]])
""", re.X | re.S | re.M)

ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "%": "*"}
BITWISE = {"&": "|", "|": "&", "^": "|", "<<": ">>", ">>": "<<"}
COMPARE = {"<": ["<=", ">"], "<=": ["<"], ">": [">=", "<"], ">=": [">"], "==": ["!="], "!=": ["=="]}
ASSIGN = {"+=": "-=", "-=": "+=", "*=": "+=", "/=": "*=", "|=": "&=", "&=": "|=", "<<=": ">>=", ">>=": "<<="}
STEP = {"++": "--", "--": "++"}
WORDS = {"true": "false", "false": "true", "break": "continue", "continue": "break"}
SWAP = [("min", "max"), ("MIN", "MAX"), ("least", "most"), ("low", "high"), ("lo", "hi"), ("first", "last")]
KEYWORDS = set("auto break case char const continue default do double else enum extern float for goto if inline int long register "
               "return short signed sizeof static struct switch typedef union unsigned void volatile while _Bool bool".split())


class Token(namedtuple("Token", "kind text begin end line")):
    def operand(self):
        """Can an operand end here? Then a sign or a star that follows is binary."""
        return self.kind in ("number", "text") or (self.kind == "name" and self.text not in KEYWORDS) or self.text in (")", "]")


def tokens(text):
    found, line, at = [], 1, 0
    for m in TOKEN.finditer(text):
        line += text.count("\n", at, m.start())
        at = m.start()
        if m.lastgroup not in ("comment", "directive"):
            found.append(Token(m.lastgroup, m.group(), m.start(), m.end(), line))
    return found


def matching(t, i, open_, close):
    depth = 0
    for k in range(i, len(t)):
        depth += (t[k].text == open_) - (t[k].text == close)
        if depth == 0:
            return k
    return None


def functions(text):
    """(first line, last line, name) of every function that the file defines."""
    t, found, i = tokens(text), [], 0
    while i < len(t):
        if t[i].text == "{":  # of a table or a type
            i = matching(t, i, "{", "}") or len(t)
        elif t[i].text == "(" and i > 0 and t[i - 1].kind == "name":
            close = matching(t, i, "(", ")")
            if close and close + 1 < len(t) and t[close + 1].text == "{":
                end = matching(t, close + 1, "{", "}")
                found.append((t[i - 1].line, t[end].line if end else t[-1].line, t[i - 1].text))
                i = end or len(t)
            else:
                i = close or len(t)
        i += 1
    return found


def number_sites(t):
    digits = re.match(r"0[xX][0-9a-fA-F]+|\d+(?=[uUlL]*$)", t.text)
    if not digits:
        return
    value = int(digits.group(), 0) if not re.match(r"0\d", digits.group()) else int(digits.group(), 8)
    suffix = t.text[digits.end():]
    yield Site("constant", t.begin, t.end, f"{value + 1}{suffix}", t.line)
    if value > 0:
        yield Site("constant", t.begin, t.end, f"{value - 1}{suffix}", t.line)


def operator_sites(text, t, i):
    tok = t[i]
    binary = i > 0 and t[i - 1].operand() and text[tok.begin - 1] in " \n" and text[tok.end] in " \n"

    def site(kind, new):
        return Site(kind, tok.begin, tok.end, new, tok.line)
    if tok.text in COMPARE and binary:
        for new in COMPARE[tok.text]:
            yield site("compare", new)
    elif tok.text in ARITHMETIC and binary:
        yield site("arithmetic", ARITHMETIC[tok.text])
    elif tok.text in BITWISE and binary:
        yield site("bitwise", BITWISE[tok.text])
    elif tok.text in ("&&", "||"):
        yield site("logical", "||" if tok.text == "&&" else "&&")
    elif tok.text in ("!", "~"):
        yield site("logical" if tok.text == "!" else "bitwise", "")
    elif tok.text == "-" and not binary and not t[i - 1].operand():
        yield site("arithmetic", "")
    elif tok.text in ASSIGN:
        yield site("assign", ASSIGN[tok.text])
    elif tok.text in STEP:
        yield site("step", STEP[tok.text])


def name_sites(t, i):
    tok = t[i]
    if tok.text in WORDS:
        yield Site("word", tok.begin, tok.end, WORDS[tok.text], tok.line)
    for a, b in SWAP:
        parts = tok.text.split("_")
        for x, y in ((a, b), (b, a)):
            if x in parts:
                yield Site("min/max", tok.begin, tok.end, "_".join(y if p == x else p for p in parts), tok.line)
    if tok.text in ("fmin", "fmax"):
        yield Site("min/max", tok.begin, tok.end, "fmax" if tok.text == "fmin" else "fmin", tok.line)
    if tok.text in ("if", "while") and t[i + 1].text == "(":
        end = matching(t, i + 1, "(", ")")
        begin = t[i + 1].end
        if end:
            for new in ("!(%s)", "1 || (%s)") if tok.text == "if" else ("0 && (%s)",):
                yield Site("condition", begin, t[end].begin, new, tok.line)
    if tok.text == "return" and t[i + 1].text not in (";", "true", "false", "0", "("):
        end = next((k for k in range(i, len(t)) if t[k].text == ";"), None)
        if end:
            yield Site("return", t[i + 1].begin, t[end].begin, "0", tok.line)


def index_site(t, i):
    """[i] becomes [i + 1] where it is an expression."""
    if t[i].text == "[" and t[i - 1].operand() and t[i + 1].kind == "name" and t[i + 2].text == "]" and t[i - 2].kind != "name":
        return Site("index", t[i + 1].begin, t[i + 1].end, t[i + 1].text + " + 1", t[i].line)
    return None


def statement_site(t, i):
    """A call or an assignment that is a whole statement is left out."""
    if t[i - 1].text not in (";", "{", "}", ")", "else") or t[i].kind != "name" or t[i].text in KEYWORDS:
        return None
    if t[i - 1].text == ")" and t[i - 1].line == t[i].line and t[i + 1].kind == "name":
        return None
    if t[i + 1].text not in ("(", "=", ".", "->", "[", "+=", "-=", "|=", "&="):
        return None
    depth = 0
    for k in range(i, len(t)):
        depth += (t[k].text in "([{") - (t[k].text in ")]}")
        if depth < 0:
            return None
        if depth == 0 and t[k].text == ";":
            return Site("statement", t[i].begin, t[k].begin, "", t[i].line)
    return None


def sites(text):
    t = tokens(text)
    found, depth = [], 0
    for i in range(1, len(t) - 2):
        depth += (t[i].text == "{") - (t[i].text == "}")
        if t[i].kind == "number":
            found += number_sites(t[i])
        elif t[i].kind == "op":
            found += operator_sites(text, t, i)
            found.append(index_site(t, i))
        elif t[i].kind == "name":
            found += name_sites(t, i)
            if depth > 0:
                found.append(statement_site(t, i))
    return [s for s in found if s]


def planted(text, site):
    """The file with the fault in it."""
    new = site.new
    if "%s" in new:
        new = new % text[site.begin:site.end]
    return text[:site.begin] + new + text[site.end:]

# SPDX-License-Identifier: Apache-2.0
"""Faults for tools/mutate-cuda: each barrier, wait, comparison, condition, index term and step of device code, broken one at a
time. It knows C++ as far as clang-format lays it out: a binary operator stands between blanks, and nothing else does."""
import re

import mutation

DEVICE = re.compile(r"\b__(?:global|device)__\b|\bstatic constexpr\b")
TOKEN = re.compile(r"[A-Za-z_]\w*|\d[\w.]*|->|\+\+|--|<<=|>>=|<<|>>|[<>=!+\-*/%&|^]=|&&|\|\||\S")
BARRIER = re.compile(r"\b(?:__sync\w+|gd_copy_commit|gd_copy_wait<\d>)\([^;]*\);")
LEVEL = {operator: level for level, operators in enumerate(
    ("= += -= *= /= ^= |= &=", "? :", "||", "&&", "|", "^", "&", "== !=", "< > <= >=", "<< >>", "+ -", "* / %"))
    for operator in operators.split()}
COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
ARITHMETIC = {"+": "-", "-": "+", "%": "/", "/": "*", "<<": ">>", ">>": "<<"}
OTHERS = {name: other for pair in ("H W", "P Q", "R S", "C K", "M N", "m n", "m0 n0", "row column", "rows columns", "h w", "p q",
                                   "image pixel", "images pixels", "group_C group_K", "tiles_m tiles_n", "begin end")
          for one, two in (pair.split(),) for name, other in ((one, two), (two, one))}
AXES = {"x": "y", "y": "x", "z": "y"}


class Code:
    """The tokens of some device code, and where operands end."""

    def __init__(self, code, begin, end):
        found = list(TOKEN.finditer(code, begin, end))
        self.text = [token[0] for token in found]
        self.start, self.end = [token.start() for token in found], [token.end() for token in found]
        self.binary = [token[0] in LEVEL and code[token.start() - 1].isspace() and code[token.end()].isspace() for token in found]

    def operand(self, i, step):
        """The farthest token of the operand to the left (step -1) or right (1) of operator i; and what stopped it."""
        deeper, out = (")]}", "([{") if step < 0 else ("([{", ")]}")
        depth, level = 0, LEVEL.get(self.text[i], 0)
        while 0 <= i + step < len(self.text):
            i += step
            text = self.text[i]
            if depth == 0 and (text in out or text in ",;{}" or text == "return" or self.binary[i] and LEVEL[text] <= level):
                return i - step, text
            depth += (text in deeper) - (text in out)
        return i, ""

    def matching(self, i):
        """The bracket that closes bracket i."""
        depth = 0
        for j in range(i, len(self.text)):
            depth += (self.text[j] in "([{") - (self.text[j] in ")]}")
            if depth == 0:
                return j
        raise ValueError("brackets do not match")


def regions(code):
    """Bodies of device functions, and constants of structs that they use."""
    end = 0
    for found in DEVICE.finditer(code):
        at, depth = found.end(), 0
        while depth or code[at] not in ";{":
            depth += (code[at] in "([") - (code[at] in ")]")
            at += 1
        if found.start() < end or (code[at] == ";") == found[0].startswith("__"):
            continue
        if code[at] == ";":
            yield found.end(), at + 1
            continue
        begin = at
        while True:
            depth += (code[at] == "{") - (code[at] == "}")
            at += 1
            if depth == 0:
                break
        end = at
        yield begin, end


def of_operators(code):
    for i, text in enumerate(code.text):
        if not code.binary[i]:
            continue
        if text in COMPARISONS:
            yield "compare", code.start[i], code.end[i], COMPARISONS[text]
        if text in ARITHMETIC:
            yield "index", code.start[i], code.end[i], ARITHMETIC[text]
        if text == "?":
            first, _ = code.operand(i, -1)
            yield "guard", code.start[first], code.end[i - 1], "true"
        if text in ("&&", "||", "+", "-", "*", "/", "%"):
            kind = "guard" if text in ("&&", "||") else "index"
            last, _ = code.operand(i, 1)
            first, before = code.operand(i, -1)
            yield kind, code.start[i], code.end[last], ""
            if text in ("&&", "||", "+", "*") and LEVEL.get(before, -1) < LEVEL[text]:
                yield kind, code.start[first], code.start[i + 1], ""


def of_statements(code):
    for i, text in enumerate(code.text[:-1]):
        if text in ("if", "while") and code.text[i + 1] == "(":
            yield "guard", code.start[i + 2], code.end[code.matching(i + 1) - 1], "true" if text == "if" else "false"
        if text == "for":
            yield from of_loop(code, i + 1, code.matching(i + 1))
        if text == "[" and i > 0 and re.fullmatch(r"\w+|[\])]", code.text[i - 1]) and not declares(code, i):
            last = code.matching(i) - 1
            yield "index", code.end[last], code.end[last], " + 1"
        if text == "." and code.text[i - 1] in ("threadIdx", "blockIdx", "blockDim", "gridDim"):
            yield "axis", code.start[i + 1], code.end[i + 1], AXES[code.text[i + 1]]
        elif text in OTHERS and code.text[i + 1] != "(" and OTHERS[text] in code.text:
            yield "other", code.start[i], code.end[i], OTHERS[text]


def declares(code, i):
    """Bracket i belongs to a declaration: another word comes before the name."""
    return i > 1 and code.text[i - 1] != "]" and re.fullmatch(r"[A-Za-z_]\w*|[>*&]", code.text[i - 2]) and \
        code.text[i - 2] not in ("return", "else") and not code.binary[i - 2]


def of_loop(code, opening, closing):
    """Where a loop begins and how it goes on."""
    semicolons = [i for i in range(opening, closing) if code.text[i] == ";"]
    for i in range(opening, semicolons[0]):
        if code.text[i] == "=":
            last, _ = code.operand(i, 1)
            yield "step", code.end[last], code.end[last], " + 1"
    for i in range(semicolons[1], closing):
        if code.text[i] in ("++", "--"):
            yield "step", code.start[i], code.end[i], " += 2" if code.text[i] == "++" else " -= 2"
        if code.text[i] in ("+=", "/=", "^="):
            last, _ = code.operand(i, 1)
            yield "step", code.end[last], code.end[last], " + 1"


def read_on(text, sm):
    """Of each line, whether a compiler for CPUs reads it on path `sm`."""
    branches = []  # of each #if around: this branch is read, one was
    for line in text.split("\n"):
        word = re.match(r"\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b([^/]*)", line)
        if word and word[1] == "endif":
            branches.pop()
        elif word:
            was = branches.pop()[1] if word[1] in ("elif", "else") else False
            now = not was and holds(word[1], word[2], sm)
            branches.append((now, was or now))
        yield all(now for now, _ in branches)


def holds(word, condition, sm):
    if word in ("else", "ifndef"):  # of guards of headers
        return True
    condition = re.sub(r"defined\((\w+)\)", lambda name: str(int(name[1] == "GD_SM_PATH")), condition)
    condition = re.sub(r"\b[A-Za-z_]\w*", "0", condition.replace("GD_SM", str(sm)))
    return bool(eval(condition.replace("&&", " and ").replace("||", " or ").replace("!", " not "), {}))  # pylint: disable=eval-used


def faults(path):
    """Every fault of a file, each with the paths on which it is there."""
    text = mutation.source(path)
    code, seen = mutation.code_of(text), set()
    read = {sm: list(read_on(text, sm)) for sm in (70, 75, 80)}
    for found in BARRIER.finditer(code):
        yield mutation.Fault(path, *found.span(), "", "barrier"), read_where(text, read, found.start())
    for begin, end in regions(code):
        tokens = Code(code, begin, end)
        for kind, first, last, new in (*of_operators(tokens), *of_statements(tokens)):
            line = code[code.rfind("\n", 0, first) + 1:code.find("\n", first)]
            if (first, last, new) in seen or "static_assert" in line or "GD_SHARED(" in line:
                continue
            seen.add((first, last, new))
            yield mutation.Fault(path, first, last, new, kind), read_where(text, read, first)


def read_where(text, read, at):
    return [sm for sm in read if read[sm][text.count("\n", 0, at)]]

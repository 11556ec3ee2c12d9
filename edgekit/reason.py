"""Why a library failed: the last real error in what it prints, and what helps against it.

TensorFlow, Keras, OpenVINO, LiteRT and NNCF wrap the one sentence that matters in announcements,
tracebacks, dumps of configs and graphs, and advice of their own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

LONGEST = 300  # characters of a reason

DUMP = re.compile(r"\{.{100,}\}?")  # braces that hold a config, not a hint
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
FRAME = re.compile(r'(?P<indent>\s*)File "[^"]*", line \d+')
# MLIR: "place: error: loc(…): message", one for each op.
MLIR_ERROR = re.compile(r":\d+(?::\d+)?: error: (.+)|^error: (.+)", re.MULTILINE)
OPENVINO = re.compile(r"Check '.*' failed at |Exception from \S+:\d+|FrontEnd API failed with")

# What announces an error: the rest of the line, or what follows, is the error itself.
OPENER = re.compile(
    r"Exception encountered(?: when calling .*?(?:\(\)\.|\(type \w+\)\.))?:?"
    r"|(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Failure|Interrupt|Exit|Iteration):"
    r"|.*Example error message for object .*?:$"
)
# What is no error: the line, and for the second kind all that follows up to the next opener.
NOTHING = re.compile(
    r"in user code:"
    r"|Traceback \(most recent call last\):"
    r"|During handling of the above exception.*|The above exception was the direct cause.*"
    r"|<class '.*'> could not be deserialized properly\..*"
    r"|Error when deserializing class .*"
    r"|config=\{.*"
    r"|Graph execution error:|<stack traces unavailable>|\d+ root error\(s\) found\."
    r"|Detected at node .*|Stack trace for op definition.*|Original stack trace for .*"
    r"|\[\[.*node.*\]\].*"
    r"|(?:INFO|WARNING|DEBUG)[:\s].*"
    r"|failed while converting: .*"
    r"|FrontEnd API failed with .*|Model wasn't fully converted.*|While validating node .*"
    r"|To facilitate the conversion of unsupported operations.*"
    r"|Summary:|-- Conversion is failed for:.*"
    r"|[\^~\s|]+"
)
REST_IS_NOTHING = re.compile(
    r"(?:Call a|A)rguments received by .*|List of objects that could not be loaded.*"
)
# Parts of a line that say where in the library it was, or how to ask for more.
INNER = [
    (re.compile(r"^(?:Check '.*' failed at|Exception from) [^\s:]+:\d+:?\s*"), ""),
    (re.compile(r"^\(\d+\)\s+"), ""),
    (re.compile(r"^[A-Z]+(?:_[A-Z]+)*: (?=\S)"), ""),
    (re.compile(r"^\[\w+ Frontend\]:?\s*"), ""),
    (re.compile(r"^(?:\S+/)?\S+\.(?:cc|cpp|h|hpp|py):\d+(?::\d+)?:?\s+"), ""),
    (re.compile(r"^Could not translate MLIR to FlatBuffer\.\s*"), ""),
    (re.compile(r"\{\{function_node .*?\}\}\s*"), ""),
    (re.compile(r" for '\{\{node ([^}]*)\}\} = .*?' with input shapes:"), r" in '\1', inputs:"),
    (re.compile(r",? and with (?:computed input tensors|input tensors computed).*"), ""),
    (re.compile(r"\s*\[Op:\w+\].*"), ""),
    (re.compile(r",?\s*Full object config:.*"), ""),
    (re.compile(r"\s*See console for (?:more )?info\.?"), ""),
    (re.compile(r"(?<=[^\s;])Node number (?=\d)"), "; node number "),
    (re.compile(r"(?:/[^\s'\":]+)?/site-packages/"), ""),
]

MISMATCH = re.compile(
    r"[Dd]imensions?\b.*(?:must be equal|match|are \d+ and \d+)|[Ss]hapes?\b.*(?:match|compatible)"
    r"|[Cc]annot reshape|reshape.* requested shape|output size would be zero or negative"
    r"|incompatible.*shape|[Nn]egative dimension size"
)
NO_MEMORY = re.compile(r"\bOOM when allocating|\bbad_alloc|\b[Uu]nable to allocate \S+ .?iB")
LOST = re.compile(r"name '(\w+)' is not defined")
# A closure's variable comes back from a file as its config.
LOST_IN_CLOSURE = re.compile(r"'dict' object (?:has no attribute '\w+'|is not callable)")

# Keras says this whatever error the function of a Lambda raised.
HIDES = re.compile(r"could not automatically infer the shape of\s+the Lambda's output")


def reason(error: BaseException | str) -> str:
    """The last real error of an exception or a printed text, as one line of bounded length.

    Where a message says nothing or hides another, that of its cause counts.
    """
    if isinstance(error, str):
        return one_line(found(error)) or "no reason was given"
    seen = [error]
    while True:
        link = seen[-1]
        hides = link.__context__ is not None and HIDES.search(str(link))
        if not hides and (said := one_line(found(str(link)))):
            # A KeyError says only a key.
            return said if " " in said else f"{type(link).__name__}: {said}"
        shown = hides or not link.__suppress_context__
        cause = link.__cause__ or (link.__context__ if shown else None)
        if cause is None or cause in seen:
            return f"{type(link).__name__}, without a message"
        seen.append(cause)


def found(text: str) -> str:
    """The sentence that matters in a text; empty when it holds none."""
    text = ANSI.sub("", text)
    if errors := [a or b for a, b in MLIR_ERROR.findall(text)]:
        real = [line for each in errors if (line := cleaned(without_place(each)))]
        if real:
            return real[0]
    if OPENVINO.search(text):
        return of_openvino(text)
    blocks: list[list[str]] = [[]]
    skip = False
    for line in lines(text):
        rest = line
        while opener := OPENER.match(rest):
            blocks.append([])
            skip, rest = False, rest[opener.end() :].strip()
        skip = skip or REST_IS_NOTHING.fullmatch(rest) is not None
        if not skip and (real_line := cleaned(rest)):
            blocks[-1].append(real_line)
    told = [block for block in blocks if block]
    return told[-1][0] if told else ""


def lines(text: str) -> Iterator[str]:
    """The lines without frames of tracebacks, each with the source that it quotes."""
    frame: int | None = None
    for raw in text.splitlines():
        if match := FRAME.match(raw):
            frame = len(match["indent"])
            continue
        indent = len(raw) - len(raw.lstrip())
        quoted = frame is not None and indent > frame
        frame = frame if quoted else None
        line = raw.strip()
        if line and not quoted:
            yield from unescaped(line)


def unescaped(line: str) -> Iterator[str]:
    """A line; the several of a message that was printed as a literal, as KeyError's is."""
    head, quote, rest = line.partition(": ")
    if quote and "\\n" in rest and rest[:1] in "'\"":
        try:
            inner = ANSI.sub("", str(ast.literal_eval(rest)))
        except (ValueError, SyntaxError):
            inner = rest
        yield f"{head}:"
        yield from (part.strip() for part in inner.splitlines() if part.strip())
    else:
        yield line


def of_openvino(text: str) -> str:
    """OpenVINO's sentence, with the operation that it is about."""
    operation = ""
    for line in lines(text):
        if about := re.fullmatch(r"-- (\S+) with a message:", line):
            operation = f"{about[1]}: "
        elif rule := re.fullmatch(r"-- No conversion rule found for operations?: (.+)", line):
            return f"it has no conversion rule for the operation {rule[1]}"
        elif real := cleaned(line):
            return operation + real
    return ""


def without_place(line: str) -> str:
    """A line of MLIR without loc(…), whose parentheses nest."""
    if not line.startswith("loc("):
        return line
    depth = 0
    for k, letter in enumerate(line):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ")" and depth == 0:
            return line[k + 1 :].lstrip(": ")
    return ""


def cleaned(line: str) -> str:
    """A line without its inner parts; empty when it says nothing."""
    for pattern, instead in INNER:
        line = pattern.sub(instead, line)
    line = DUMP.sub("{…}", line).strip()
    return "" if NOTHING.fullmatch(line) or line.startswith(("•", "- ")) else line


def one_line(text: str) -> str:
    """Printable, without repeated blanks, bounded."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    shown = " ".join(shown.split()).rstrip(" ;:")
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def out_of_memory(error: BaseException | str) -> bool:
    """Whether a library failed since it got no memory."""
    return isinstance(error, MemoryError) or NO_MEMORY.search(str(error)) is not None


# Ops that TensorFlow has for GPUs only: convolutions and poolings of (N, C, H, W).
CHANNELS_FIRST = re.compile(r"only supports? (?:the )?(?:NHWC|NDHWC|channels_last)\b")


def advice(error: BaseException | str, sizes: bool = False) -> str:
    """What to do about a net that fails on its inputs, led by "; "; empty where nothing fits.

    `sizes`: whether the net leaves a size free.
    """
    why, text = reason(error), str(error)
    in_lambda = "Lambda" in text or "<lambda>" in text
    lost = LOST.search(why)
    if in_lambda and (lost or LOST_IN_CLOSURE.search(why)):
        what = f"the global `{lost[1]}`" if lost else "a variable of the code around it"
        return (
            f"; a Lambda uses {what}, which is not in the file: import it inside the function, "
            "use keras.ops, or make it a registered layer, then save again"
        )
    if CHANNELS_FIRST.search(why):
        return (
            "; on CPUs TensorFlow takes pictures with their channels last only: build the net with "
            "data_format='channels_last', give it the same weights, and save that"
        )
    if out_of_memory(error):
        size = "smaller --input-size, or " if sizes else ""
        return f"; give it more memory: {size}fewer other programs, or a larger machine"
    if lost:
        return f"; define or import `{lost[1]}` in the module of that layer"
    if sizes and MISMATCH.search(why):
        return (
            "; give another --input-size (nets that halve the image n times need a multiple of 2^n)"
        )
    return ""

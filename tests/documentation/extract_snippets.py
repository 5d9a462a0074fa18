"""Collects the examples of headers (@code … @endcode) and Markdown (```c, ```cpp) into one source file.

    extract_snippets.py c|cpp PREAMBLE OUT FILE...

Every example becomes a function of its own, after the preamble that declares what examples take for granted.
Whole programs (with a main) and, in C, functions stay outside. #line makes compilers name the document.
"""
import re
import sys


def snippets(path, language):
    """(first line's number, lines) of each example in the file."""
    inside, start, found = False, 0, []
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.rstrip("\n")
        if path.endswith(".md"):
            begins, ends = line == "```" + language, line == "```"
        else:
            line = re.sub(r"^\s*(///|\*) ?", "", line)
            begins, ends = line == "@code", line == "@endcode"
        if inside and ends:
            yield start, found
            inside = False
        elif inside:
            found.append(line)
        elif begins:
            inside, start, found = True, number + 1, []
    if inside:
        sys.exit(f"{path}:{start}: the example has no end")


def split_c(lines):
    """C knows no functions inside functions: (outside, inside), with blank lines to keep the numbers."""
    outside, inside, depth = [], [], 0
    for line in lines:
        starts = depth == 0 and (line.startswith("#") or re.match(r"static [^=;]*\) \{", line))
        is_out = bool(starts) or depth > 0
        if is_out:
            depth += line.count("{") - line.count("}")
        outside.append(line if is_out else "")
        inside.append("" if is_out else line)
    return outside, inside


def main():
    language, preamble, out, *files = sys.argv[1:]
    text, count = [f'#include "{preamble}"'], 0
    for path in files:
        found = list(snippets(path, language))
        for start, lines in found:
            count += 1
            where = f'#line {start} "{path}"'
            if any(re.match(r"int main\(", line) for line in lines):
                text += [f"#define main Program{count}", where, *lines, "#undef main"]
                continue
            outside = [line if line.startswith("#") else "" for line in lines]
            inside = ["" if line.startswith("#") else line for line in lines]
            head, tail = f"fovea::Status Snippet{count}() {{", "return {}; }"
            if language == "c":
                outside, inside = split_c(lines)
                head, tail = f"int Snippet{count}(void) {{", "return 0; }"
            text += [where, *outside, head, where, *inside, tail]
    with open(out, "w", encoding="utf-8") as file:
        file.write("\n".join(text) + "\n")
    if count == 0:
        sys.exit(f"no example in {' '.join(files)}")


main()

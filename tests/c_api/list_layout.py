"""Writes a C program that prints what callers of the C API have compiled in: the offset and size of every field
of every struct, and the number of every constant.

    list_layout.py OUT.c HEADER...
"""
import re
import sys


def main():
    out, *headers = sys.argv[1:]
    lines = []
    for header in headers:
        text = re.sub(r"/\*.*?\*/|^\s*#.*?$", "", open(header, encoding="utf-8").read(), flags=re.S | re.M)
        for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", text, re.S):
            lines.append(f'  Size("{name}", sizeof({name}));')
            for field in filter(str.strip, body.split(";")):
                # A function pointer, else the last word before an array's bounds.
                member = re.search(r"\(\*(\w+)\)", field) or re.search(r"(\w+)\s*(?:\[.*)?$", field.strip(), re.S)
                what = f"{name}, {member[1]}"
                lines.append(f'  Field("{name}.{member[1]}", offsetof({what}), sizeof((({name}*)0)->{member[1]}));')
        for body in re.findall(r"\benum \{(.*?)\}", text, re.S):
            lines += [f'  Constant("{name}", {name});' for name in re.findall(r"(FOVEA_\w+)\s*=", body)]
    with open(out, "w", encoding="utf-8") as file:
        file.write("#include <fovea/fovea.h>\n#include <stdio.h>\n\n"
                   'static void Size(const char* name, size_t size) { printf("%s: %zu\\n", name, size); }\n'
                   "static void Field(const char* name, size_t offset, size_t size) {\n"
                   '  printf("%s: %zu at %zu\\n", name, size, offset);\n}\n'
                   'static void Constant(const char* name, int value) { printf("%s = %d\\n", name, value); }\n\n'
                   "int main(void) {\n" + "\n".join(lines) + "\n  return 0;\n}\n")


main()

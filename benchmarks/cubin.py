# SPDX-License-Identifier: Apache-2.0
"""Reads a cubin without NVIDIA's tools: per kernel its registers, stack, shared memory, barriers and what instructions it has.

A cubin is an ELF file. `.text.K` is the code of kernel K, 16 bytes an instruction from Volta on; bits 0-11 are the opcode,
bits 73-75 the width of a memory access. `.nv.info` holds records {format, attribute, bytes} with symbol indices. Opcodes and
attributes were found by comparing with cuobjdump and nvdisasm (CUDA 12.3 to 13.2)."""
import collections
import struct

OPCODES = {0x980: "LD", 0x385: "ST", 0x985: "ST", 0x236: "HMMA", 0x23C: "HMMA", 0x23B: "LDSM", 0x83B: "LDSM", 0x381: "LDG",
           0x981: "LDG", 0x386: "STG", 0x986: "STG", 0x984: "LDS", 0x388: "STS", 0x988: "STS", 0x983: "LDL", 0x387: "STL",
           0x987: "STL", 0xB1D: "BAR", 0xFAE: "LDGSTS", 0x9A3: "RED", 0x9A6: "RED", 0x38E: "RED", 0x98E: "RED", 0x389: "SHFL",
           0x589: "SHFL", 0xF89: "SHFL"}
WIDTH = (1, 1, 2, 2, 4, 8, 16, 16)
FRAME_SIZE, REGCOUNT = 0x11, 0x2F  # EIATTR of .nv.info: (symbol, bytes of stack), (symbol, registers)

# `widths` counts memory instructions {(opcode, bytes): n}; `fed` those up to the last tensor-core instruction, which leaves out
# what follows the sums.
Kernel = collections.namedtuple("Kernel", "name registers stack shared instructions counts widths fed")


def sections(data):
    """(name, type, offset, size, info) of each."""
    table, = struct.unpack_from("<Q", data, 40)
    size, n, names = struct.unpack_from("<HHH", data, 58)
    raw = [struct.unpack_from("<IIQQQQIIQQ", data, table + i * size) for i in range(n)]
    start = raw[names][4]
    for entry in raw:
        at = start + entry[0]
        yield data[at:data.index(b"\0", at)].decode(), entry[1], entry[4], entry[5], entry[7]


def symbols(data, found):
    strings = next(s for s in found if s[0] == ".strtab")
    table = next(s for s in found if s[0] == ".symtab")
    for at in range(table[2], table[2] + table[3], 24):
        name, = struct.unpack_from("<I", data, at)
        at_name = strings[2] + name
        yield data[at_name:data.index(b"\0", at_name)].decode()


def attributes(data, found, names):
    """{attribute: {symbol: value}} of those that carry a symbol and a number."""
    values = collections.defaultdict(dict)
    for name, _, offset, size, _ in found:
        at = offset if name == ".nv.info" else None
        while at is not None and at < offset + size:
            form, attribute, length = struct.unpack_from("<BBH", data, at)
            at += 4
            if form != 4:  # 4: the length counts bytes that follow; else it is itself the value
                continue
            if length == 8:
                symbol, value = struct.unpack_from("<II", data, at)
                if symbol < len(names):
                    values[attribute][names[symbol]] = value
            at += length
    return values


def kernels(path):
    with open(path, "rb") as file:
        data = file.read()
    found = list(sections(data))
    names = list(symbols(data, found))
    known = attributes(data, found, names)
    shared = {name[len(".nv.shared."):]: size for name, _, _, size, _ in found if name.startswith(".nv.shared.")}
    for name, _, offset, size, info in found:
        if not name.startswith(".text."):
            continue
        kernel = name[len(".text."):]
        counts, widths, fed = collections.Counter(), collections.Counter(), collections.Counter()
        for at in range(offset, offset + size, 16):
            low, high = struct.unpack_from("<QQ", data, at)
            opcode = OPCODES.get(low & 0xFFF)
            if opcode:
                counts[opcode] += 1
                if opcode in ("LDG", "STG", "LDS", "STS", "LDGSTS"):
                    widths[opcode, 16 if opcode == "LDGSTS" else WIDTH[high >> 9 & 7]] += 1  # cp.async.cg takes no other
                if opcode == "HMMA":
                    fed = widths.copy()
        registers = known[REGCOUNT].get(kernel, info >> 24)
        yield Kernel(kernel, registers, known[FRAME_SIZE].get(kernel, 0), shared.get(kernel, 0), size // 16, counts, widths, fed)

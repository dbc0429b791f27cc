"""What an instruction of arm64 is, of those that order memory or change it in one step: by its bits, as in the Arm
Architecture Reference Manual, section C4.1 (loads and stores; barriers).
"""

RMW, FENCE, OTHER = "rmw", "fence", "other"
LSE, EXCLUSIVE = "LSE", "exclusive"

ARITHMETIC = ("add", "clr", "eor", "set", "smax", "smin", "umax", "umin")
DOMAINS = {15: "sy", 14: "st", 13: "ld", 11: "ish", 10: "ishst", 9: "ishld", 7: "nsh", 6: "nshst", 5: "nshld"}


def name(word):
    """`casal`, `ldaddl`, `ldaxr`, `stlr`, `dmb ish` and so on; None of an instruction that is none of them."""
    return barrier(word) or lse(word) or exclusive(word)


def barrier(word):
    """The name of a barrier."""
    if word & 0xFFFFF0FF == 0xD503305F:
        return "clrex"
    if word & 0xFFFFF0FF == 0xD50330DF:
        return "isb"
    for bits, what in ((0xD50330BF, "dmb"), (0xD503309F, "dsb")):
        if word & 0xFFFFF0FF == bits:
            return f"{what} {DOMAINS.get(word >> 8 & 15, 'reserved')}"
    return None


def lse(word):
    """The name of an instruction of ARMv8.1's LSE, or of `ldapr`, which lies among them."""
    size = {0: "b", 1: "h"}.get(word >> 30, "")
    if word & 0x3FFFFC00 == 0x38BFC000:
        return "ldapr" + size
    if word & 0x3F200C00 == 0x38200000:
        order = "a" * (word >> 23 & 1) + "l" * (word >> 22 & 1)
        number = word >> 12 & 15
        if number > 8:
            return None
        if number == 8:
            return "swp" + order + size
        # Whose result nobody wants.
        store = word & 31 == 31 and "a" not in order
        return ("st" if store else "ld") + ARITHMETIC[number] + order + size
    order = "a" * (word >> 22 & 1) + "l" * (word >> 15 & 1)
    if word & 0x3FA07C00 == 0x08A07C00:
        return "cas" + order + size
    if word & 0xBFA07C00 == 0x08207C00:
        return "casp" + order
    return None


def exclusive(word):
    """The name of a load or store exclusive, or of a load-acquire or store-release, which lie among them."""
    if word & 0x3F000000 != 0x08000000:
        return None
    size = {0: "b", 1: "h"}.get(word >> 30, "")
    load, pair, ordered = word >> 22 & 1, word >> 21 & 1, word >> 15 & 1
    if word >> 23 & 1:
        if pair or not ordered:
            return None
        return ("ldar" if load else "stlr") + size
    middle = {(1, 1): "a", (0, 1): "l"}.get((load, ordered), "")
    return ("ld" if load else "st") + middle + ("xp" if pair else "xr" + size)


def family(word):
    """LSE or EXCLUSIVE of what one of the two ways to change memory is made of; else None."""
    what = lse(word)
    if what:
        return None if what.startswith("ldapr") else LSE
    what = exclusive(word)
    return EXCLUSIVE if what and "x" in what else None


def kind(word):
    """RMW, FENCE or OTHER. A pair of load and store exclusive counts where it stores; of the barriers, full ones count."""
    if name(word) in ("dmb ish", "dmb sy", "dsb ish", "dsb sy"):
        return FENCE
    found = family(word)
    if found == LSE or found == EXCLUSIVE and exclusive(word).startswith("st"):
        return RMW
    return OTHER

"""Walk over packed trees (see packed_trees.py) in Thumb-1 instructions, which every Cortex-M runs.

The row is an array of float32, whose bits compare like integers where no threshold is below zero; where one is, negative ones are
mirrored into the work area first. Instructions that the assembler has no name for are given by their code.
"""

# ruff: noqa: F821 - instructions and registers

_N_CLASSES = const(2)  # 0 for a regression
_F = const(1)  # bits of the fields of a node: feature, threshold, reference
_T = const(8)
_R = const(19)
_C = const(1)  # bits of a class in an entry
_ALIGNMENT = const(0)
_SHORT_ENTRIES = const(True)
_POOLED = const(False)
_WIDE = const(False)
_MIRRORED = const(False)


@micropython.asm_thumb
def _walk(r0) -> object:
    # r0: items of the slot: row, an array of its type and length, work area, classes, the slot itself
    # The row's type, type code and length have to be those of the array; anything else gives the slot back.
    ldr(r1, [r0, 0])
    lsl(r2, r1, 30)  # a small int or an interned string is no pointer
    bne(OTHER)
    ldr(r2, [r0, 4])
    ldr(r4, [r1, 0])
    ldr(r5, [r2, 0])
    cmp(r4, r5)
    bne(OTHER)
    ldrb(r4, [r1, 4])
    ldrb(r5, [r2, 4])
    cmp(r4, r5)
    bne(OTHER)
    ldr(r4, [r1, 8])
    ldr(r5, [r2, 8])
    cmp(r4, r5)
    bne(OTHER)
    ldr(r1, [r1, 12])
    ldr(r2, [r0, 8])
    ldr(r2, [r2, 12])  # the work area
    mov(r6, 0xFF)
    lsl(r6, r6, 24)  # without their sign, from here on the bits are of no finite number
    if _MIRRORED:
        mov(r5, _N_CLASSES)
        add(r5, 1)
        lsl(r5, r5, 2)
        add(r7, r2, r5)
        push({r7})
        label(MIRROR)
        data(2, 0xC908)  # ldmia r1!, {r3}
        lsl(r5, r3, 1)
        cmp(r5, r6)
        bcs(ENDLESS)
        asr(r5, r3, 31)
        lsr(r5, r5, 1)
        eor(r3, r5)
        asr(r5, r3, 31)  # bits xor 0x7fffffff, plus 1, are the magnitude's negative
        sub(r3, r3, r5)
        data(2, 0xC708)  # stmia r7!, {r3}
        sub(r4, 1)
        bne(MIRROR)
        pop({r7})
        b(START)
        label(ENDLESS)
        pop({r7})
        b(OTHER)
    else:
        mov(r7, r1)
        lsr(r5, r4, 2)
        beq(REST)
        label(FOUR)
        data(2, 0xC908)
        lsl(r3, r3, 1)
        cmp(r3, r6)
        bcs(OTHER)
        data(2, 0xC908)
        lsl(r3, r3, 1)
        cmp(r3, r6)
        bcs(OTHER)
        data(2, 0xC908)
        lsl(r3, r3, 1)
        cmp(r3, r6)
        bcs(OTHER)
        data(2, 0xC908)
        lsl(r3, r3, 1)
        cmp(r3, r6)
        bcs(OTHER)
        sub(r5, 1)
        bne(FOUR)
        label(REST)
        lsl(r4, r4, 30)
        lsr(r4, r4, 30)
        beq(START)
        label(ONE)
        data(2, 0xC908)
        lsl(r3, r3, 1)
        cmp(r3, r6)
        bcs(OTHER)
        sub(r4, 1)
        bne(ONE)
        b(START)
    label(OTHER)
    ldr(r0, [r0, 16])
    b(END)

    # From here: r0 row, r1 next node, r2 votes, r3 tables, r4 node; r8 next root, r9 votes of a pure leaf or the sum, r10 pool
    label(START)
    push({r0})
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    push({r4, r5, r6})
    mov(r0, r7)
    ldr(r3, [r2, 0])
    add(r2, 4)
    mov(r4, 0)
    if _N_CLASSES:
        mov(r1, r2)
        mov(r5, _N_CLASSES)
        label(ZERO)
        data(2, 0xC110)  # stmia r1!, {r4}
        sub(r5, 1)
        bne(ZERO)
        ldr(r4, [r3, 0])
    mov(r9, r4)
    if _POOLED:
        ldr(r4, [r3, 16])
        add(r4, r4, r3)
        mov(r10, r4)
        mov(r7, r4)
    mov(r4, r3)
    add(r4, 20)
    b(TREE)

    label(RIGHT)
    lsl(r6, r4, _F + 3)
    bcs(RIGHT_LEAF)
    lsl(r6, r4, _F + 4)
    bcs(NODE)  # the left child is a leaf, the right one follows
    lsr(r6, r6, 32 - _R)
    if _WIDE:
        lsl(r6, r6, 3)
    else:
        lsl(r6, r6, 2)
    add(r1, r1, r6)
    label(NODE)
    if _WIDE:
        data(2, 0xC950)  # ldmia r1!, {r4, r6}
    else:
        data(2, 0xC910)  # ldmia r1!, {r4}
    lsr(r5, r4, 30 - _F)
    data(2, 0x5945)  # ldr r5, [r0, r5]
    if _POOLED:
        lsl(r6, r4, 32 - _T)
        lsr(r6, r6, 30 - _T)
        data(2, 0x59BE)  # ldr r6, [r7, r6]
    elif not _WIDE:
        lsl(r6, r4, 32 - _T)
    cmp(r5, r6)
    bgt(RIGHT)
    lsl(r6, r4, _F + 4)
    bcc(NODE)
    lsr(r6, r6, 32 - _R)
    lsl(r5, r4, _F + 3)
    bcc(LEAF)
    lsl(r6, r6, 2)
    ldr(r5, [r3, 4])
    add(r6, r6, r5)
    add(r6, r6, r3)
    ldrh(r6, [r6, 0])
    b(LEAF)
    label(RIGHT_LEAF)
    lsl(r6, r4, _F + 4)
    bcs(RIGHT_OF_TWO)
    lsr(r6, r6, 32 - _R)
    b(LEAF)
    label(RIGHT_OF_TWO)
    lsr(r6, r6, 32 - _R)
    lsl(r6, r6, 2)
    ldr(r5, [r3, 4])
    add(r6, r6, r5)
    add(r6, r6, r3)
    ldrh(r6, [r6, 2])

    label(LEAF)  # r6: its number
    if _N_CLASSES:
        cmp(r6, _N_CLASSES)
        bcs(MIXED)
        lsl(r6, r6, 2)
        data(2, 0x5995)  # ldr r5, [r2, r6]
        data(2, 0x444D)  # add r5, r9
        data(2, 0x5195)  # str r5, [r2, r6]
    else:
        lsl(r6, r6, 2)
        ldr(r5, [r3, 8])
        add(r6, r6, r5)
        add(r6, r6, r3)
        ldr(r6, [r6, 0])
        data(2, 0x44B1)  # add r9, r6
    label(GROWN)
    mov(r4, r8)
    label(TREE)
    data(2, 0xCC02)  # ldmia r4!, {r1}
    cmp(r1, 0)
    beq(DONE)
    mov(r8, r4)
    add(r1, r1, r3)
    b(NODE)

    if _N_CLASSES:
        label(MIXED)
        sub(r6, _N_CLASSES)
        ldr(r5, [r3, 12])
        add(r5, r5, r3)
        if _SHORT_ENTRIES:
            lsl(r6, r6, 1 + _ALIGNMENT)
        else:
            lsl(r6, r6, 2 + _ALIGNMENT)
        add(r6, r6, r5)
        label(ENTRY)
        if _SHORT_ENTRIES:
            ldrh(r4, [r6, 0])
            add(r6, 2)
            lsl(r5, r4, 17)
            lsr(r5, r5, 17 + _C)
            lsl(r5, r5, 1)
            ldr(r1, [r3, 8])
            add(r1, r1, r3)
            add(r5, r5, r1)
            ldrh(r5, [r5, 0])
        else:
            data(2, 0xCE10)  # ldmia r6!, {r4}
            lsl(r5, r4, 1)
            lsr(r5, r5, 1 + _C)
        lsl(r1, r4, 32 - _C)
        lsr(r1, r1, 30 - _C)
        data(2, 0x5857)  # ldr r7, [r2, r1]
        add(r7, r7, r5)
        data(2, 0x5057)  # str r7, [r2, r1]
        if _SHORT_ENTRIES:
            lsr(r4, r4, 15)
            beq(ENTRY)
        else:
            cmp(r4, 0)
            bge(ENTRY)
        if _POOLED:
            mov(r7, r10)
        b(GROWN)

    label(DONE)
    mov(r7, r9)
    pop({r4, r5, r6})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    pop({r0})
    if _N_CLASSES:
        ldr(r0, [r0, 12])
        add(r0, 8)
        data(2, 0xCA10)  # ldmia r2!, {r4}
        mov(r1, r0)
        mov(r5, _N_CLASSES)
        b(COUNT)
        label(NEXT)
        add(r1, 4)
        data(2, 0xCA40)  # ldmia r2!, {r6}
        cmp(r6, r4)
        ble(COUNT)
        mov(r4, r6)
        mov(r0, r1)
        label(COUNT)
        sub(r5, 1)
        bne(NEXT)
        ldr(r0, [r0, 0])
    else:
        lsl(r0, r7, 1)
        add(r0, 1)  # as a small int
    label(END)

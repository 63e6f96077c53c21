"""Ranks the prototypes by their distance on the grid (see backends/packed_neighbors.py) in Thumb-1 instructions.

Instructions that the assembler has no name for are given by their code.
"""

# ruff: noqa: F821 - instructions and registers

_NEAREST = const(14)  # words of the work area
_LISTED = const(16)
_MOST_LISTED = const(2)
_WIDE = const(False)
_PAIRED = const(False)


@micropython.asm_thumb
def _scan(r0, r1, r2):
    # r0: tables, r1: work area, r2: whether to list the numbers of all whose |p|^2 - 2 p.x is below the bound, or keep the k
    # nearest
    mov(r3, r8)
    mov(r4, r9)
    mov(r5, r10)
    mov(r6, r11)
    mov(r7, r12)
    push({r0, r2, r3, r4, r5, r6, r7})
    # r8 next four prototypes, r9 end of the row's numbers, r10 their begin, r11 work area, r12 next |p|^2, on the stack its end
    mov(r11, r1)
    ldr(r3, [r0, 0])
    add(r3, r3, r0)
    mov(r12, r3)
    ldr(r3, [r0, 4])
    add(r3, r3, r0)
    mov(r8, r3)
    push({r3})
    ldr(r4, [r1, 4])
    add(r1, 32)
    mov(r10, r1)
    lsl(r4, r4, 2)
    add(r4, r4, r1)
    mov(r9, r4)

    label(FOUR)
    mov(r4, 0)
    mov(r5, 0)
    if _PAIRED:
        mov(r7, 0xFF)
        lsl(r6, r7, 16)
        orr(r6, r7)
    else:
        mov(r6, 0)
        mov(r7, 0)
    mov(r0, r10)
    b(ENDED)
    label(NUMBER)
    data(2, 0xC806)  # ldmia r0!, {r1, r2}
    data(2, 0x4442)  # add r2, r8
    if _PAIRED:
        ldr(r2, [r2, 0])
        mov(r3, r2)
        and_(r3, r6)
        mul(r3, r1)
        add(r4, r4, r3)
        lsr(r2, r2, 8)
        and_(r2, r6)
        mul(r2, r1)
        add(r5, r5, r2)
    elif _WIDE:
        ldrh(r3, [r2, 0])
        mul(r3, r1)
        add(r4, r4, r3)
        ldrh(r3, [r2, 2])
        mul(r3, r1)
        add(r5, r5, r3)
        ldrh(r3, [r2, 4])
        mul(r3, r1)
        add(r6, r6, r3)
        ldrh(r3, [r2, 6])
        mul(r3, r1)
        add(r7, r7, r3)
    else:
        ldrb(r3, [r2, 0])
        mul(r3, r1)
        add(r4, r4, r3)
        ldrb(r3, [r2, 1])
        mul(r3, r1)
        add(r5, r5, r3)
        ldrb(r3, [r2, 2])
        mul(r3, r1)
        add(r6, r6, r3)
        ldrb(r3, [r2, 3])
        mul(r3, r1)
        add(r7, r7, r3)
    label(ENDED)
    data(2, 0x4548)  # cmp r0, r9
    bne(NUMBER)
    if _PAIRED:
        lsl(r1, r4, 16)
        asr(r1, r1, 16)
        lsl(r2, r5, 16)
        asr(r2, r2, 16)
        sub(r6, r4, r1)
        asr(r6, r6, 16)
        sub(r7, r5, r2)
        asr(r7, r7, 16)
        mov(r4, r1)
        mov(r5, r2)

    mov(r3, r11)
    mov(r0, r3)
    add(r0, 16)
    mov(r1, r0)
    data(2, 0xC0F0)  # stmia r0!, {r4, r5, r6, r7}
    mov(r2, r12)
    ldr(r4, [r3, 0])  # the bound
    mov(r5, 4)
    label(EACH)
    data(2, 0xC901)  # ldmia r1!, {r0}
    data(2, 0xCA40)  # ldmia r2!, {r6}
    lsl(r0, r0, 1)
    sub(r6, r6, r0)
    cmp(r6, r4)
    blt(NEAR)
    label(KEPT)
    sub(r5, 1)
    bne(EACH)
    mov(r12, r2)
    data(2, 0x9801)  # ldr r0, [sp, 4]
    ldr(r0, [r0, 8])
    data(2, 0x4480)  # add r8, r0
    data(2, 0x9800)  # ldr r0, [sp]
    cmp(r2, r0)
    bne(FOUR)
    b(DONE)

    label(NEAR)  # r6: how near, r2: the next |p|^2
    data(2, 0x9F01)  # ldr r7, [sp, 4]
    ldr(r0, [r7, 0])
    add(r0, r0, r7)
    sub(r0, r2, r0)
    lsr(r0, r0, 2)
    sub(r0, 1)  # the prototype's number
    data(2, 0x9F02)  # ldr r7, [sp, 8]
    cmp(r7, 0)
    bne(LIST)
    push({r1, r5})
    mov(r7, (_LISTED - 4) >> 8)  # the last but one; of the two words before the first the score is below any other
    lsl(r7, r7, 8)
    add(r7, (_LISTED - 4) & 255)
    lsl(r7, r7, 2)
    add(r7, r7, r3)
    mov(r4, r7)
    label(FARTHER)
    ldr(r1, [r7, 0])
    cmp(r1, r6)
    ble(PLACE)
    ldr(r5, [r7, 4])
    str(r1, [r7, 8])
    str(r5, [r7, 12])
    sub(r7, 8)
    b(FARTHER)
    label(PLACE)
    str(r6, [r7, 8])
    str(r0, [r7, 12])
    ldr(r4, [r4, 8])
    str(r4, [r3, 0])
    pop({r1, r5})
    b(KEPT)
    label(LIST)
    ldr(r6, [r3, 8])
    add(r7, r6, 1)
    str(r7, [r3, 8])
    mov(r7, _MOST_LISTED >> 8)
    lsl(r7, r7, 8)
    add(r7, _MOST_LISTED & 255)
    cmp(r6, r7)
    bcs(KEPT)
    mov(r7, _LISTED >> 8)
    lsl(r7, r7, 8)
    add(r7, _LISTED & 255)
    add(r7, r7, r6)
    lsl(r7, r7, 2)
    add(r7, r7, r3)
    str(r0, [r7, 0])
    b(KEPT)

    label(DONE)
    pop({r0})
    pop({r0, r2, r3, r4, r5, r6, r7})
    mov(r8, r3)
    mov(r9, r4)
    mov(r10, r5)
    mov(r11, r6)
    mov(r12, r7)
    mov(r0, 1)

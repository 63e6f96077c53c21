"""A network in whole numbers (see backends/packed_network.py) in Thumb-1 instructions, which every Cortex-M runs.

Instructions that the assembler has no name for are given by their code.
"""

# ruff: noqa: F821 - instructions and registers

_N_SCORES = const(1)
_N_LAYERS = const(1)
_N_HIDDEN = const(0)
_LOWS = const(False)  # whether every feature has its own least number
_BITS = const(7)  # of a row's numbers, beside their sign
_WIDE = const(False)  # weights of 16 bits
_SPARSE = const(False)
_TANH = const(False)
_FINE = const(8)  # bits between two places of its table


@micropython.asm_thumb
def _network(r0, r1, r2, r3) -> int:
    # r0 tables, r1 row, in whose place its whole numbers go, r2 work area, r3 how many features. Leaves the sums of the last
    # layer in the work area; gives the place of the largest.
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})

    # r0 places, r3 next whole number, r7 least numbers; r8 end of the places, r9 a mantissa's first bit, r10 sum, r11 start of
    # the row, r12 work area
    mov(r12, r2)
    mov(r11, r1)
    add(r7, r0, r3)
    mov(r8, r7)
    if _LOWS:
        add(r7, 1)
        lsr(r7, r7, 1)
        lsl(r7, r7, 1)
    else:
        mov(r7, 1)
        lsl(r7, r7, _BITS)
    mov(r3, 1)
    lsl(r3, r3, 30)
    mov(r9, r3)
    mov(r3, 0)
    mov(r10, r3)
    mov(r3, r1)
    label(UNIT)
    data(2, 0xC910)  # ldmia r1!, {r4}
    ldrb(r5, [r0, 0])
    add(r0, 1)
    lsl(r6, r4, 1)
    lsr(r6, r6, 24)
    sub(r5, r5, r6)
    bmi(FAR)
    lsl(r6, r4, 9)
    lsr(r6, r6, 2)
    data(2, 0x444E)  # add r6, r9
    lsr(r6, r5)
    add(r6, 1)
    lsr(r6, r6, 1)
    label(SIGN)
    asr(r4, r4, 31)
    eor(r6, r4)
    sub(r6, r6, r4)
    if _LOWS:
        ldrh(r4, [r7, 0])
        ldrh(r5, [r7, 2])
        add(r7, 4)
        lsl(r5, r5, 16)
        orr(r4, r5)
        sub(r6, r6, r4)
    else:
        add(r6, r6, r7)
    asr(r5, r6, _BITS + 1)
    beq(INSIDE)
    asr(r5, r5, 31)
    mov(r6, 1)
    lsl(r6, r6, _BITS + 1)
    sub(r6, 1)
    bic(r6, r5)  # the most, or of a negative number 0
    label(INSIDE)
    strh(r6, [r3, 0])
    add(r3, 2)
    data(2, 0x44B2)  # add r10, r6
    data(2, 0x4540)  # cmp r0, r8
    bne(UNIT)
    b(LAYERS)
    label(FAR)
    mov(r6, r9)
    b(SIGN)

    label(LAYERS)
    if _LOWS:
        mov(r0, r7)
    else:
        add(r0, 1)
        lsr(r0, r0, 1)
        lsl(r0, r0, 1)
    mov(r2, r0)
    if _TANH:
        mov(r3, 1)
        lsl(r3, r3, 16 - _FINE)
        add(r0, r0, r3)
        add(r0, 2)
    mov(r6, r12)
    mov(r3, _N_SCORES)
    lsl(r3, r3, 2)
    add(r3, r3, r6)
    mov(r5, _N_HIDDEN >> 8)
    lsl(r5, r5, 8)
    add(r5, _N_HIDDEN & 255)
    lsl(r5, r5, 1)
    add(r5, r5, r3)
    add(r5, r5, r3)
    mov(r1, _N_LAYERS)
    # on the stack: sum of what the layer gives, layers left, table of tanh, where the layer's numbers go, head of the sum, that
    # place and that of the next layer's added up, work area
    push({r0, r1, r2, r3, r4, r5, r6})

    # r0 tables, r1 numbers that come in, r2 sum, r7 their end; r8 header of the layer, r9 where the next number goes, r10 what
    # half of the weights' range takes off a sum, r11 start of the numbers, r12 sums left
    label(LAYER)
    mov(r8, r0)
    ldrh(r3, [r0, 0])
    lsl(r3, r3, 1)
    mov(r7, r11)
    add(r7, r7, r3)
    ldrh(r3, [r0, 2])
    mov(r12, r3)
    add(r0, 10)
    if not _SPARSE:
        mov(r3, r10)
        if _WIDE:
            lsl(r3, r3, 15)
        else:
            lsl(r3, r3, 7)
        mov(r10, r3)
    data(2, 0x9B03)  # ldr r3, [sp, 12]
    data(2, 0x9C01)  # ldr r4, [sp, 4]
    cmp(r4, 1)
    bne(HIDDEN)
    data(2, 0x9B06)  # ldr r3, [sp, 24]
    label(HIDDEN)
    mov(r9, r3)
    mov(r3, 0)
    data(2, 0x9300)  # str r3, [sp, 0]

    label(SUM)
    ldrh(r2, [r0, 0])
    ldrh(r3, [r0, 2])
    lsl(r3, r3, 16)
    orr(r2, r3)
    data(2, 0x9004)  # str r0, [sp, 16]
    add(r0, 8)
    mov(r1, r11)
    if _SPARSE:
        mov(r4, r0)
        mov(r3, r8)
        ldrh(r3, [r3, 0])
        add(r3, 15)
        lsr(r3, r3, 4)
        lsl(r3, r3, 1)
        add(r0, r0, r3)
        label(HALF)
        ldrh(r5, [r4, 0])
        add(r4, 2)
        mov(r6, r1)
        add(r6, 32)
        mov(r10, r6)
        label(BIT)
        lsr(r5, r5, 1)
        bcc(ZERO)
        if _WIDE:
            ldrh(r3, [r0, 0])
            add(r0, 2)
            mov(r6, 1)
            lsl(r6, r6, 15)
            sub(r3, r3, r6)
        else:
            ldrb(r3, [r0, 0])
            add(r0, 1)
            sub(r3, 128)
        ldrh(r6, [r1, 0])
        mul(r3, r6)
        add(r2, r2, r3)
        label(ZERO)
        add(r1, 2)
        cmp(r5, 0)
        bne(BIT)
        mov(r1, r10)
        cmp(r1, r7)
        bcc(HALF)
        if not _WIDE:
            add(r0, 1)
            lsr(r0, r0, 1)
            lsl(r0, r0, 1)
    else:
        mov(r3, r10)
        sub(r2, r2, r3)
        label(TERMS)
        if _WIDE:
            ldrh(r3, [r0, 0])
            ldrh(r4, [r1, 0])
            mul(r3, r4)
            add(r2, r2, r3)
            ldrh(r3, [r0, 2])
            ldrh(r4, [r1, 2])
            mul(r3, r4)
            add(r2, r2, r3)
            ldrh(r3, [r0, 4])
            ldrh(r4, [r1, 4])
            mul(r3, r4)
            add(r2, r2, r3)
            ldrh(r3, [r0, 6])
            add(r0, 8)
        else:
            ldrb(r3, [r0, 0])
            ldrh(r4, [r1, 0])
            mul(r3, r4)
            add(r2, r2, r3)
            ldrb(r3, [r0, 1])
            ldrh(r4, [r1, 2])
            mul(r3, r4)
            add(r2, r2, r3)
            ldrb(r3, [r0, 2])
            ldrh(r4, [r1, 4])
            mul(r3, r4)
            add(r2, r2, r3)
            ldrb(r3, [r0, 3])
            add(r0, 4)
        ldrh(r4, [r1, 6])
        mul(r3, r4)
        add(r2, r2, r3)
        add(r1, 8)
        cmp(r1, r7)
        bcc(TERMS)
    data(2, 0x9B01)  # ldr r3, [sp, 4]
    cmp(r3, 1)
    bne(ACTIVATE)
    mov(r3, r9)
    str(r2, [r3, 0])
    add(r3, 4)
    b(NEXT)

    label(ACTIVATE)
    mov(r6, r2)
    cmp(r2, 0)
    bge(POSITIVE)
    if _TANH:
        neg(r2, r2)
    else:
        mov(r2, 0)
    label(POSITIVE)
    data(2, 0x9D04)  # ldr r5, [sp, 16]
    ldrh(r3, [r5, 6])
    mov(r4, 1)
    lsl(r4, r3)
    lsr(r4, r4, 1)
    add(r2, r2, r4)
    asr(r2, r3)
    mov(r4, 1)
    lsl(r4, r4, 15)
    cmp(r2, r4)
    ble(SCALE)
    mov(r2, r4)
    label(SCALE)
    ldrh(r3, [r5, 4])
    mul(r2, r3)
    lsr(r4, r4, 2)  # a half of 2^14
    add(r2, r2, r4)
    lsr(r2, r2, 14)
    mov(r5, r8)
    ldrh(r3, [r5, 4])
    cmp(r2, r3)
    ble(STORE)
    mov(r2, r3)
    label(STORE)
    if _TANH:
        lsr(r3, r2, _FINE)
        lsl(r3, r3, 1)
        data(2, 0x9C02)  # ldr r4, [sp, 8]
        add(r3, r3, r4)
        ldrh(r4, [r3, 0])
        ldrh(r3, [r3, 2])
        sub(r3, r3, r4)
        lsl(r2, r2, 32 - _FINE)
        lsr(r2, r2, 32 - _FINE)
        mul(r3, r2)
        lsr(r3, r3, _FINE)
        add(r4, r4, r3)
        ldrh(r3, [r5, 8])
        mov(r2, 1)
        lsl(r2, r3)
        lsr(r2, r2, 1)
        add(r2, r2, r4)
        lsr(r2, r3)
        ldrh(r3, [r5, 6])
        cmp(r6, 0)
        bge(ABOVE)
        neg(r2, r2)
        label(ABOVE)
        add(r2, r2, r3)
    data(2, 0x9B00)  # ldr r3, [sp, 0]
    add(r3, r3, r2)
    data(2, 0x9300)  # str r3, [sp, 0]
    mov(r3, r9)
    strh(r2, [r3, 0])
    add(r3, 2)
    label(NEXT)
    mov(r9, r3)
    mov(r3, r12)
    sub(r3, 1)
    mov(r12, r3)
    beq(LAYER_DONE)
    b(SUM)
    label(LAYER_DONE)
    data(2, 0x9B01)  # ldr r3, [sp, 4]
    sub(r3, 1)
    data(2, 0x9301)  # str r3, [sp, 4]
    beq(ANSWER)
    data(2, 0x9B00)  # ldr r3, [sp, 0]
    mov(r10, r3)
    data(2, 0x9B03)  # ldr r3, [sp, 12]
    mov(r11, r3)
    data(2, 0x9C05)  # ldr r4, [sp, 20]
    sub(r4, r4, r3)
    data(2, 0x9403)  # str r4, [sp, 12]
    b(LAYER)

    label(ANSWER)
    data(2, 0x9906)  # ldr r1, [sp, 24]
    ldr(r3, [r1, 0])
    mov(r0, 0)
    if _N_SCORES == 1:
        cmp(r3, 0)
        ble(END)
        mov(r0, 1)
    else:
        mov(r2, 0)
        label(BEST)
        add(r2, 1)
        cmp(r2, _N_SCORES)
        beq(END)
        add(r1, 4)
        ldr(r4, [r1, 0])
        cmp(r4, r3)
        ble(BEST)
        mov(r3, r4)
        mov(r0, r2)
        b(BEST)
    label(END)
    data(2, 0xB007)  # add sp, 28
    pop({r4, r5, r6, r7})
    mov(r8, r4)
    mov(r9, r5)
    mov(r10, r6)
    mov(r11, r7)

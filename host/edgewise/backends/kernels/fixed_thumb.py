"""Linear scores in fixed point (see backends/packed_linear.py and fixed.py) in Thumb-1 instructions, which every Cortex-M runs.

Instructions that the assembler has no name for are given by their code.
"""

# ruff: noqa: F821 - instructions and registers

_N_SCORES = const(1)
_N_CLASSES = const(2)  # 0 for a regression
_SHIFT = const(2)  # bits of a score's low part: those of a unit's and of a coefficient's
_LOW_OF_ROW = const(1)
_LOW_OF_COEF = const(1)
_EACH_GROUP = const(False)
_PROBA = const(False)
_EXPONENT = const(158)  # of a float32 whose mantissa begins at the top of a score, less 1


@micropython.asm_thumb
def _walk(r0) -> object:
    # r0: items of the slot: row, an array of its type and length, work area, classes, the slot itself, scores as floats
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
    ldr(r3, [r1, 8])
    ldr(r5, [r2, 8])
    cmp(r3, r5)
    beq(START)
    label(OTHER)
    ldr(r0, [r0, 16])
    b(END)

    # r0 tables, r1 row, r2 units; r8 end of the units, r9 a mantissa's first bit, r10 the same with zeros up to whole groups,
    # r11 start of the units
    label(START)
    push({r0})
    mov(r4, r8)
    mov(r5, r9)
    mov(r6, r10)
    mov(r7, r11)
    push({r4, r5, r6, r7})
    ldr(r1, [r1, 12])
    ldr(r2, [r0, 8])
    ldr(r2, [r2, 12])  # the work area
    ldr(r0, [r2, 0])
    add(r2, 8)
    mov(r11, r2)
    lsl(r4, r3, 3)
    add(r4, r4, r2)
    mov(r8, r4)
    add(r3, 3)
    lsr(r3, r3, 2)
    lsl(r3, r3, 5)
    add(r3, r3, r2)
    mov(r10, r3)
    mov(r3, 1)
    lsl(r3, r3, 30)
    mov(r9, r3)
    label(UNIT)
    data(2, 0xC908)  # ldmia r1!, {r3}
    data(2, 0xC8E0)  # ldmia r0!, {r5, r6, r7}
    lsl(r4, r3, 1)
    lsr(r4, r4, 24)
    sub(r5, r5, r4)
    bmi(BEYOND)  # as an infinity or NaN is
    lsl(r4, r3, 9)
    lsr(r4, r4, 2)
    data(2, 0x444C)  # add r4, r9
    lsr(r4, r5)
    add(r4, 1)
    lsr(r4, r4, 1)
    asr(r3, r3, 31)
    eor(r4, r3)
    sub(r4, r4, r3)
    sub(r4, r4, r6)
    cmp(r4, r7)
    bcs(BEYOND)
    lsr(r7, r7, 1)
    sub(r4, r4, r7)
    mov(r6, 0)
    asr(r5, r4, _LOW_OF_ROW)
    adc(r5, r6)  # the last bit shifted out
    data(2, 0xC230)  # stmia r2!, {r4, r5}
    data(2, 0x4542)  # cmp r2, r8
    bne(UNIT)
    mov(r4, r10)
    mov(r8, r4)
    mov(r4, _N_SCORES)
    mov(r12, r4)
    mov(r1, r0)

    # r0 units, r1 coefficients, r2 low word of the sum, r3 sum of high parts, r4 to r7 a term;
    # r8 end of the units and start of the sums, r9 high word of the sum, r10 next sum, r11 start of the units, r12 scores left
    label(SCORE)
    mov(r0, r11)
    data(2, 0xC90C)  # ldmia r1!, {r2, r3}
    mov(r9, r3)
    if not _EACH_GROUP:
        mov(r3, 0)
    label(TERMS)
    if _EACH_GROUP:
        mov(r3, 0)
    data(2, 0xC830)  # ldmia r0!, {r4, r5}
    data(2, 0xC940)  # ldmia r1!, {r6}
    asr(r7, r6, _LOW_OF_COEF)
    mul(r6, r4)
    add(r2, r2, r6)
    mul(r7, r5)
    add(r3, r3, r7)
    data(2, 0xC830)
    data(2, 0xC940)
    asr(r7, r6, _LOW_OF_COEF)
    mul(r6, r4)
    add(r2, r2, r6)
    mul(r7, r5)
    add(r3, r3, r7)
    data(2, 0xC830)
    data(2, 0xC940)
    asr(r7, r6, _LOW_OF_COEF)
    mul(r6, r4)
    add(r2, r2, r6)
    mul(r7, r5)
    add(r3, r3, r7)
    data(2, 0xC830)
    data(2, 0xC940)
    asr(r7, r6, _LOW_OF_COEF)
    mul(r6, r4)
    add(r2, r2, r6)
    mul(r7, r5)
    add(r3, r3, r7)
    if not _EACH_GROUP:
        data(2, 0x4540)  # cmp r0, r8
        bne(TERMS)
    lsl(r4, r3, _SHIFT)
    sub(r2, r2, r4)
    asr(r4, r2, _SHIFT)
    data(2, 0x4499)  # add r9, r3
    data(2, 0x44A1)  # add r9, r4
    lsl(r2, r2, 32 - _SHIFT)
    lsr(r2, r2, 32 - _SHIFT)
    if _EACH_GROUP:
        data(2, 0x4540)
        bne(TERMS)
    mov(r3, r9)
    mov(r4, r10)
    data(2, 0xC40C)  # stmia r4!, {r2, r3}
    mov(r10, r4)
    mov(r4, r12)
    sub(r4, 1)
    mov(r12, r4)
    bne(SCORE)
    mov(r6, r8)
    mov(r7, r10)
    b(RESTORE)
    label(BEYOND)
    mov(r6, 0)
    label(RESTORE)
    pop({r2, r3, r4, r5})
    mov(r8, r2)
    mov(r9, r3)
    mov(r10, r4)
    mov(r11, r5)
    pop({r0})
    cmp(r6, 0)
    bne(SUMMED)
    ldr(r0, [r0, 16])
    b(END)

    # r0 slot, r6 sums, r7 their end
    label(SUMMED)
    if _PROBA:
        ldr(r1, [r0, 8])
        ldr(r1, [r1, 12])
        ldr(r1, [r1, 4])
        cmp(r1, 0)  # floats are not asked for
        beq(DECIDE)
    if _PROBA or not _N_CLASSES:
        push({r0, r6})
        ldr(r1, [r0, 20])
        ldr(r1, [r1, 12])
        label(FLOAT)
        data(2, 0xCE0C)  # ldmia r6!, {r2, r3}
        lsl(r2, r2, 32 - _SHIFT)
        mov(r5, _EXPONENT)
        asr(r4, r3, 31)
        beq(POSITIVE)
        mov(r0, 0)
        neg(r2, r2)
        sbc(r0, r3)
        mov(r3, r0)
        label(POSITIVE)
        mov(r0, r3)
        orr(r0, r2)
        beq(FOUND)
        label(EIGHT)
        lsr(r0, r3, 24)
        bne(ONE)
        lsl(r3, r3, 8)
        lsr(r0, r2, 24)
        orr(r3, r0)
        lsl(r2, r2, 8)
        sub(r5, 8)
        b(EIGHT)
        label(SHIFTED)
        add(r2, r2, r2)
        adc(r3, r3)
        sub(r5, 1)
        label(ONE)
        cmp(r3, 0)
        bge(SHIFTED)
        lsr(r0, r3, 8)
        bcc(ROUNDED)  # the last bit shifted out
        lsl(r3, r3, 25)
        orr(r3, r2)
        bne(UP)
        lsr(r3, r0, 1)  # a half: to the even one
        bcc(ROUNDED)
        label(UP)
        add(r0, 1)
        label(ROUNDED)
        lsl(r5, r5, 23)
        add(r2, r0, r5)  # the mantissa's first bit adds to the exponent
        lsl(r4, r4, 31)
        orr(r2, r4)
        label(FOUND)
        data(2, 0xC104)  # stmia r1!, {r2}
        cmp(r6, r7)
        bne(FLOAT)
        pop({r0, r6})
    label(DECIDE)
    ldr(r0, [r0, 12])
    if _N_CLASSES:
        add(r0, 8)
        data(2, 0xCE0C)
        if _N_SCORES == 1:
            cmp(r3, 0)
            blt(CHOSEN)
            orr(r3, r2)
            beq(CHOSEN)
            add(r0, 4)
            label(CHOSEN)
        else:
            mov(r1, r0)
            label(NEXT)
            add(r1, 4)
            data(2, 0xCE30)  # ldmia r6!, {r4, r5}
            cmp(r5, r3)
            blt(COUNT)
            bgt(BETTER)
            cmp(r4, r2)
            ble(COUNT)
            label(BETTER)
            mov(r2, r4)
            mov(r3, r5)
            mov(r0, r1)
            label(COUNT)
            cmp(r6, r7)
            bne(NEXT)
        ldr(r0, [r0, 0])
    label(END)

"""Whole sums of a kernel machine (see backends/packed_machine.py) in Thumb-1 instructions.

Instructions that the assembler has no name for are given by their code.
"""

# ruff: noqa: F821 - instructions and registers

_WIDE = const(False)
_PAIRED = const(False)
_SUMS = const(13)  # words of the work area
_N_SCORES = const(1)
_N_GROUPS = const(1)
_INTERCEPTS = const(28)  # bytes of the tables
_DUALS = const(40)
_EXPONENTIALS = const(44)
_GROUPS = const(48)
_LIMIT = const(1)
_DROP = const(0)
_MULTIPLIER = const(1)
_SHIFT_E = const(1)
_DOWN = const(0)


@micropython.asm_thumb
def _sum(r0, r1, r2):
    # r0: tables, r1: work area with a row on the grid
    mov(r3, r8)
    mov(r4, r9)
    mov(r5, r10)
    mov(r6, r11)
    mov(r7, r12)
    push({r3, r4, r5, r6, r7})
    # r8 next four vectors, r9 end of the row's numbers, r10 their begin, r11 work area, r12 next |v|^2. On the stack: 0 tables,
    # 1 next coefficient, 2 the group's scores, 3 its fours that are left, 4 groups that are left, 5 limit, 6 multiplier,
    # 7 the exponentials, 8 how many scores
    mov(r11, r1)
    ldr(r3, [r0, 0])
    add(r3, r3, r0)
    mov(r12, r3)
    ldr(r3, [r0, 4])
    add(r3, r3, r0)
    mov(r8, r3)
    ldr(r4, [r1, 4])
    add(r1, 32)
    mov(r10, r1)
    lsl(r4, r4, 2)
    add(r4, r4, r1)
    mov(r9, r4)
    mov(r2, _INTERCEPTS >> 16)
    lsl(r2, r2, 8)
    add(r2, _INTERCEPTS >> 8 & 255)
    lsl(r2, r2, 8)
    add(r2, _INTERCEPTS & 255)
    add(r2, r2, r0)
    mov(r3, _SUMS >> 8)
    lsl(r3, r3, 8)
    add(r3, _SUMS & 255)
    lsl(r3, r3, 2)
    data(2, 0x445B)  # add r3, r11
    mov(r4, _N_SCORES >> 8)
    lsl(r4, r4, 8)
    add(r4, _N_SCORES & 255)
    label(INTERCEPT)
    data(2, 0xCA20)  # ldmia r2!, {r5}
    data(2, 0xC320)  # stmia r3!, {r5}
    sub(r4, 1)
    bne(INTERCEPT)
    mov(r1, _DUALS >> 16)
    lsl(r1, r1, 8)
    add(r1, _DUALS >> 8 & 255)
    lsl(r1, r1, 8)
    add(r1, _DUALS & 255)
    add(r1, r1, r0)
    mov(r2, _GROUPS >> 16)
    lsl(r2, r2, 8)
    add(r2, _GROUPS >> 8 & 255)
    lsl(r2, r2, 8)
    add(r2, _GROUPS & 255)
    add(r2, r2, r0)
    mov(r4, _N_GROUPS >> 8)
    lsl(r4, r4, 8)
    add(r4, _N_GROUPS & 255)
    mov(r5, _LIMIT >> 24)
    lsl(r5, r5, 8)
    add(r5, _LIMIT >> 16 & 255)
    lsl(r5, r5, 8)
    add(r5, _LIMIT >> 8 & 255)
    lsl(r5, r5, 8)
    add(r5, _LIMIT & 255)
    mov(r6, _MULTIPLIER >> 24)
    lsl(r6, r6, 8)
    add(r6, _MULTIPLIER >> 16 & 255)
    lsl(r6, r6, 8)
    add(r6, _MULTIPLIER >> 8 & 255)
    lsl(r6, r6, 8)
    add(r6, _MULTIPLIER & 255)
    mov(r7, _EXPONENTIALS >> 16)
    lsl(r7, r7, 8)
    add(r7, _EXPONENTIALS >> 8 & 255)
    lsl(r7, r7, 8)
    add(r7, _EXPONENTIALS & 255)
    add(r7, r7, r0)
    push({r0})
    push({r0, r1, r2, r3, r4, r5, r6, r7})

    label(GROUP)
    data(2, 0x9A02)  # ldr r2, [sp, 8]
    ldrh(r3, [r2, 0])
    ldrh(r4, [r2, 2])
    add(r2, 4)
    data(2, 0x9202)  # str r2, [sp, 8]
    data(2, 0x9303)  # str r3, [sp, 12]
    data(2, 0x9408)  # str r4, [sp, 32]
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
    mov(r1, r11)
    add(r1, 16)
    mov(r0, r1)
    data(2, 0xC0F0)  # stmia r0!, {r4, r5, r6, r7}

    label(EACH)
    data(2, 0xC901)  # ldmia r1!, {r0}
    mov(r2, r12)
    data(2, 0xCA40)  # ldmia r2!, {r6}
    mov(r12, r2)
    lsl(r0, r0, 1)
    sub(r6, r6, r0)
    mov(r3, r11)
    ldr(r0, [r3, 12])
    add(r6, r6, r0)  # the squared distance
    data(2, 0x9B08)  # ldr r3, [sp, 32]
    data(2, 0x9D05)  # ldr r5, [sp, 20]
    cmp(r6, r5)
    data(2, 0x9D01)  # ldr r5, [sp, 4]
    bge(FAR)
    if _DROP:
        lsr(r6, r6, _DROP)
    data(2, 0x9A06)  # ldr r2, [sp, 24]
    mul(r6, r2)
    lsr(r6, r6, _SHIFT_E)
    lsr(r2, r6, 10)
    mov(r0, 63)
    and_(r2, r0)
    lsl(r2, r2, 1)
    data(2, 0x9807)  # ldr r0, [sp, 28]
    add(r2, r2, r0)
    ldrh(r7, [r2, 0])
    ldrh(r2, [r2, 2])
    sub(r2, r7, r2)
    lsl(r0, r6, 22)
    lsr(r0, r0, 22)
    mul(r2, r0)
    lsr(r2, r2, 10)
    sub(r7, r7, r2)
    lsr(r6, r6, 16)
    if _DOWN:
        add(r6, _DOWN)
    data(2, 0x9C02)  # ldr r4, [sp, 8]
    data(2, 0x468E)  # mov lr, r1
    label(SCORE)
    ldrh(r1, [r4, 0])
    add(r4, 2)
    data(2, 0x4459)  # add r1, r11
    mov(r2, 0)
    data(2, 0x5EAA)  # ldrsh r2, [r5, r2]
    add(r5, 2)
    mul(r2, r7)
    asr(r2, r6)
    ldr(r0, [r1, 0])
    add(r0, r0, r2)
    str(r0, [r1, 0])
    sub(r3, 1)
    bne(SCORE)
    data(2, 0x4671)  # mov r1, lr
    label(FAR)
    lsl(r3, r3, 1)
    add(r5, r5, r3)
    data(2, 0x9501)  # str r5, [sp, 4]
    data(2, 0x4551)  # cmp r1, r10
    bne(EACH)
    data(2, 0x9800)  # ldr r0, [sp]
    ldr(r0, [r0, 8])
    data(2, 0x4480)  # add r8, r0
    data(2, 0x9B03)  # ldr r3, [sp, 12]
    sub(r3, 1)
    data(2, 0x9303)  # str r3, [sp, 12]
    cmp(r3, 0)
    beq(NEXT)
    b(FOUR)
    label(NEXT)
    data(2, 0x9A02)  # ldr r2, [sp, 8]
    data(2, 0x9C08)  # ldr r4, [sp, 32]
    lsl(r4, r4, 1)
    add(r2, r2, r4)
    data(2, 0x9202)  # str r2, [sp, 8]
    data(2, 0x9B04)  # ldr r3, [sp, 16]
    sub(r3, 1)
    data(2, 0x9304)  # str r3, [sp, 16]
    cmp(r3, 0)
    beq(DONE)
    b(GROUP)

    label(DONE)
    pop({r0, r1, r2, r3, r4, r5, r6, r7})
    pop({r0})
    pop({r3, r4, r5, r6, r7})
    mov(r8, r3)
    mov(r9, r4)
    mov(r10, r5)
    mov(r11, r6)
    mov(r12, r7)
    mov(r0, 1)

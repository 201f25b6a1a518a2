/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The toy architecture: made up, to test core/ without a real one and beside a real one. Not installed.
 *
 * 16 registers of 32 bits, one of 64 bytes, a PC, and control registers. Instructions are 4 bytes, little-endian:
 *     31..24 opcode   23..20 d   19..16 a   15..0 imm (signed), of which 15..12 is b
 * There are two variants, toy-a and toy-b: some opcodes mean different things to them (toy_meaning in translate.c).
 *
 * Memory: 32-bit addresses, little-endian, natural alignment. With PTBR 0 virtual is physical; else PTBR is the
 * physical address of 4096 words, one per 4 KiB page of the first 16 MiB: frame << 12 | block << 4 | global << 3 | X << 2 |
 * W << 1 | R. A block is of 64 KiB; all its words are the same. ASID tells address spaces apart.
 *
 * Exceptions: EPC := PC of the instruction, CAUSE and FADDR are set, PIE := IE, IE := 0, PC := VBR. Interrupt lines
 * are the bits of PENDING.
 */
#ifndef TARGETS_TOY_CPU_H
#define TARGETS_TOY_CPU_H

#include "core/exec/cpu.h"

#define TYPE_TOY_CPU "toy-cpu"
#define TYPE_TOY_A "toy-a"
#define TYPE_TOY_B "toy-b"

typedef enum ToyOp {
    TOY_UNDEF,
    TOY_ADD, TOY_SUB, TOY_AND, TOY_XOR, TOY_MUL,                /* d := a op b */
    TOY_ADDI, TOY_XORI,                                         /* d := a op imm */
    TOY_LUI,                                                    /* d := imm << 16 */
    TOY_LD, TOY_ST, TOY_LDB, TOY_STB,                           /* d, [a + imm] */
    TOY_BEQ, TOY_BNE, TOY_BLT,                                  /* if d ? a: PC += 4 * imm */
    TOY_JAL,                                                    /* d := PC + 4, PC += 4 * imm */
    TOY_JR,                                                     /* PC := a + imm */
    TOY_VLD, TOY_VST,                                           /* vector, [a + imm]: words that d has bits of, others 0 */
    TOY_AMOADD, TOY_SWAP,                                       /* d := [a], [a] += b or := b, at once */
    TOY_MFC, TOY_MTC,                                           /* d := control imm; control imm := a */
    TOY_SYS, TOY_RTI, TOY_WFI, TOY_FENCE,
    TOY_FLUSH,                                  /* TLBs of all CPUs: imm 0: address a, 1: all, 2: a of all ASIDs */
    TOY_NUM_OPS
} ToyOp;

enum {
    TOY_VBR, TOY_EPC, TOY_CAUSE, TOY_FADDR, TOY_IE, TOY_PIE, TOY_PTBR, TOY_ASID, TOY_CPUID, TOY_PENDING,
    TOY_SCRATCH, TOY_NUM_CTL
};

enum {
    TOY_CAUSE_UNDEF = 1, TOY_CAUSE_LOAD, TOY_CAUSE_STORE, TOY_CAUSE_FETCH, TOY_CAUSE_SYS, TOY_CAUSE_ALIGN,
    TOY_CAUSE_BUS, TOY_CAUSE_IRQ,
};

enum { TOY_REG_PC = 16, TOY_NUM_REGS };

typedef struct ToyCPU {
    CPUState parent;
    uint32_t r[16];
    uint8_t vector[64];
    uint64_t pc;
    uint32_t ctl[TOY_NUM_CTL];
    uint32_t pending_cause, pending_addr;       /* the recorded exception */
    uint32_t reset_pc;
    bool start_powered_off;
} ToyCPU;

typedef struct ToyCPUClass {
    CPUClass parent;
    const uint8_t *meaning;                     /* opcode -> ToyOp */
} ToyCPUClass;

DECLARE_OBJECT(ToyCPU, TOY_CPU, TYPE_TOY_CPU)
DECLARE_CLASS(ToyCPUClass, TOY_CPU, TYPE_TOY_CPU)

extern const TypeInfo toy_cpu_type, toy_a_type, toy_b_type, toy_machine_type, toy_io_type;
extern const TcgTarget toy_tcg_target;
extern const uint8_t toy_meaning[2][256];

void toy_translate(CPUState *cs, TcgGen *g, const TranslateInput *in, TranslateResult *ret);
void toy_describe(CPUState *cs, const uint8_t *bytes, unsigned len, GString *out, unsigned *ret_len);
void toy_raise(ToyCPU *cpu, unsigned cause, uint32_t addr);

#define TYPE_TOY_IO "toy-io"
/* Registers of the toy board's one device. */
enum {
    TOY_IO_PUTC = 0x00,                         /* write: a character */
    TOY_IO_EXIT = 0x04,                         /* write: the machine ends with this status */
    TOY_IO_TIMER = 0x08,                        /* write: line 0 of CPU 0 rises after so many microseconds */
    TOY_IO_ACK = 0x0c,                          /* write: line 0 of CPU 0 falls */
    TOY_IO_IPI = 0x10,                          /* write: line 1 of that CPU rises */
    TOY_IO_IPI_ACK = 0x14,                      /* write: line 1 of that CPU falls */
    TOY_IO_DMA_SRC = 0x18, TOY_IO_DMA_DST = 0x1c,
    TOY_IO_DMA_GO = 0x20,                       /* write: copies so many bytes */
    TOY_IO_COUNT = 0x24,                        /* reads one more each time */
    TOY_IO_PROG = 0x100,                        /* 64 words that may be executed */
};
enum { TOY_IO_BASE = 0x10000000, TOY_IO_SIZE = 0x1000 };

#endif

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Typedefs of every shared struct, and the three address types. Nothing else. */
#ifndef CORE_FORWARD_H
#define CORE_FORWARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A guest virtual address, a guest physical (bus) address, an offset into a RAM block. */
typedef uint64_t vaddr;
typedef uint64_t hwaddr;
typedef uint64_t ram_addr;

/* core */
typedef struct ChimeraModule ChimeraModule;
typedef struct FloatOps FloatOps;
typedef struct FloatStatus FloatStatus;
typedef struct IsaInfo IsaInfo;
typedef struct ModuleLoader ModuleLoader;
typedef struct Stats Stats;

/* core/qom */
typedef struct Device Device;
typedef struct DeviceClass DeviceClass;
typedef struct IrqLine IrqLine;
typedef struct Machine Machine;
typedef struct MachineClass MachineClass;
typedef struct Object Object;
typedef struct ObjectClass ObjectClass;
typedef struct Property Property;
typedef struct TypeInfo TypeInfo;
typedef struct TypeRegistry TypeRegistry;
typedef struct VMStateField VMStateField;

/* core/tcg */
typedef struct TcgBackend TcgBackend;
typedef struct TcgCode TcgCode;
typedef struct TcgCodeBuf TcgCodeBuf;
typedef struct TcgCosts TcgCosts;
typedef struct TcgFn TcgFn;
typedef struct TcgGen TcgGen;
typedef struct TcgHelper TcgHelper;
typedef struct TcgLayout TcgLayout;
typedef struct TcgReg TcgReg;
typedef struct TcgTarget TcgTarget;

/* core/exec */
typedef struct AddressSpace AddressSpace;
typedef struct Clock Clock;
typedef struct CPUClass CPUClass;
typedef struct CPUState CPUState;
typedef struct Cluster Cluster;
typedef struct FlatView FlatView;
typedef struct MemoryRegion MemoryRegion;
typedef struct RamBlock RamBlock;
typedef struct RegBank RegBank;
typedef struct RegDef RegDef;
typedef struct Timer Timer;
typedef struct TranslationBlock TranslationBlock;

/* core/io */
typedef struct BlockBackend BlockBackend;
typedef struct CharBackend CharBackend;
typedef struct Chardev Chardev;
typedef struct NetBackend NetBackend;

/* targets */
typedef struct CPUArchState CPUArchState;
typedef struct DisasContext DisasContext;

#endif

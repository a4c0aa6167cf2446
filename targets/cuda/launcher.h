// SPDX-License-Identifier: Apache-2.0
// One C interface to a library of CUDA kernels. It is the same whether the library was built by
// nvcc for a GPU (launcher_gpu.cu) or by a host compiler for the simulation
// (simulation/launcher.cpp), so that the caller cannot tell, except by asking ww_device.
//
// Every function returns 0 on success; otherwise ww_last_error says in one sentence what was wrong.
// Device addresses travel as integers, so that a caller from another language needs no pointers.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
#define WW_API extern "C" __attribute__((visibility("default")))
#else
#define WW_API
#endif

// Writes the device's name and its driver as two zero-terminated texts.
WW_API int ww_device(char *name, int name_bytes, char *driver, int driver_bytes);

// Allocates device memory in which every byte is 0xff: NaN as float, -1 as int.
WW_API int ww_alloc(uint64_t bytes, uint64_t *address);
WW_API int ww_free(uint64_t address);
WW_API int ww_write(uint64_t address, const void *data, uint64_t bytes);
WW_API int ww_read(void *data, uint64_t address, uint64_t bytes);

// Runs a kernel and waits for its end. `signature` has one letter for each argument (p pointer,
// i int, u unsigned, f float) and must be the kernel's own; `args` has eight bytes for each, the
// value in the first bytes.
WW_API int ww_launch(const char *name, uint32_t groups, uint32_t group, const char *signature,
                     uint64_t *args);

// Order in which the simulation runs groups and threads: "forward", "reverse" or "random:SEED".
WW_API int ww_order(const char *order);

WW_API const char *ww_last_error(void);

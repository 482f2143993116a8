// SPDX-License-Identifier: Apache-2.0
//
// What policy.wit comes to in a core WebAssembly module: the functions of a policy, and every byte that passes between it
// and cachewarden. For those who use their own tools, in C or in a language that reads C declarations. It needs no library
// and is none: `cachewarden policy new NAME --lang c` makes a project with an SDK instead.
//
// A policy is a module of the WebAssembly target without a system (clang: --target=wasm32, wasm-ld: --no-entry) that
// exports any of `open`, `get`, `put` and `close`, and its memory where it has `open` or logs. What those mean, and what
// the answers do, is told in policy.wit (`cachewarden policy wit`); here is only their form.
//
//     #include "policy.h"
//
//     uint32_t policy_put(POLICY_DIGEST(action), POLICY_DIGEST(output), uint64_t size, uint32_t kind, uint32_t facts)
//     {
//         return size > 10000000 ? POLICY_REACH_LOCAL : POLICY_REACH_SHARED;
//     }
//
//     clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry -o policy.wasm policy.c
//
// What always holds: an instance is opened once, and state lives in its globals and memory; after a trap there is a fresh
// instance, opened with the same session. All numbers are little-endian, all texts UTF-8 without a zero at their end.
#ifndef CACHEWARDEN_POLICY_H
#define CACHEWARDEN_POLICY_H

#include <stddef.h>
#include <stdint.h>

// ---- In memory ------------------------------------------------------------------------------------------------------

// A text: its bytes and their count. 8 bytes.
typedef struct policy_text {
    const char *bytes;
    uint32_t count;
} policy_text;

// A list of texts: the first item, and their count; items lie one after the other. 8 bytes.
typedef struct policy_texts {
    const policy_text *items;
    uint32_t count;
} policy_texts;

// A label, an item of `labels`. 28 bytes.
typedef struct policy_label {
    policy_text name;
    policy_text value;
    policy_text scope;
    uint8_t verified; // 0 or 1
} policy_label;

// What `open` answers the address of: `result<grant, refusal>`. 28 bytes; zeros are a grant that writes and reads nothing.
// It and all that it points to must stay as they are until the next call.
typedef struct policy_opened {
    uint8_t is_refusal; // 0: grant, 1: refusal
    union {
        struct {
            uint8_t has_write; // 0: none, and `write` means nothing
            policy_text write;
            policy_texts read;
            uint32_t lifetime; // seconds; 0: as long as the store keeps it
        } grant;
        struct {
            uint8_t of_session; // 0: of the settings, 1: of the session
            policy_text reason;
        } refusal;
    };
} policy_opened;

// A reader of C that knows no offsetof (D's ImportC) defines POLICY_WITHOUT_CHECKS.
#if defined(__wasm32__) && !defined(POLICY_WITHOUT_CHECKS)
_Static_assert(sizeof(policy_text) == 8, "text");
_Static_assert(sizeof(policy_label) == 28 && offsetof(policy_label, verified) == 24, "label");
_Static_assert(sizeof(policy_opened) == 28, "result<grant, refusal>");
_Static_assert(offsetof(policy_opened, grant.has_write) == 4 && offsetof(policy_opened, grant.write) == 8, "grant");
_Static_assert(offsetof(policy_opened, grant.read) == 16 && offsetof(policy_opened, grant.lifetime) == 24, "grant");
_Static_assert(offsetof(policy_opened, refusal.of_session) == 4, "refusal");
_Static_assert(offsetof(policy_opened, refusal.reason) == 8, "refusal");
#endif

// ---- Numbers --------------------------------------------------------------------------------------------------------

// What a policy answers. Any other number is a trap.
enum policy_lookup {
    POLICY_LOOKUP_HIT,
    POLICY_LOOKUP_HIT_VERIFIED,
    POLICY_LOOKUP_SKIP,
    POLICY_LOOKUP_MISS,
    POLICY_LOOKUP_AUDIT,
};

enum policy_reach {
    POLICY_REACH_SESSION,
    POLICY_REACH_LOCAL,
    POLICY_REACH_SHARED,
};

enum policy_kind {
    POLICY_KIND_OTHER,
    POLICY_KIND_EMPTY,
    POLICY_KIND_PACKAGE_ARCHIVE,
    POLICY_KIND_MODULE_INDEX,
    POLICY_KIND_FILE_LIST,
    POLICY_KIND_TEST_RECORD,
    POLICY_KIND_ANALYSIS_FACTS,
    POLICY_KIND_GENERATED_SOURCE,
    POLICY_KIND_COVERAGE_META,
    POLICY_KIND_PROBE,
};

// Bits of `facts`.
enum policy_facts {
    POLICY_FACT_BOUND = 1,
    POLICY_FACT_REMOTE = 2,
    POLICY_FACT_AUDITED = 4,
    POLICY_FACT_DIVERGED = 8,
};

enum policy_level {
    POLICY_LEVEL_DEBUG,
    POLICY_LEVEL_INFO,
    POLICY_LEVEL_WARN,
};

// ---- Functions ------------------------------------------------------------------------------------------------------

#ifdef __wasm__
#define POLICY_EXPORT(name) __attribute__((export_name(name)))
#define POLICY_IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#else
#define POLICY_EXPORT(name)
#define POLICY_IMPORT(module, name)
#endif

// A digest is passed as four numbers, the first one its first eight bytes in big-endian order.
#define POLICY_DIGEST(name) uint64_t name##_a, uint64_t name##_b, uint64_t name##_c, uint64_t name##_d

// The one import. A module that does not call it does not import it.
POLICY_IMPORT("cachewarden:policy/host@0.1.0", "log")
void policy_log(uint32_t level, const char *bytes, uint32_t count);

// The exports, each optional: what is not defined is not exported, and not asked.
POLICY_EXPORT("open")
policy_opened *policy_open(uint64_t started, uint64_t seed, const policy_label *labels, uint32_t label_count,
                           const policy_text *readable, uint32_t readable_count, const policy_text *writable,
                           uint32_t writable_count, const char *settings, uint32_t settings_count);

POLICY_EXPORT("get")
uint32_t policy_get(POLICY_DIGEST(action), POLICY_DIGEST(output), uint64_t size, uint64_t age, uint32_t scope,
                    uint32_t kind, uint32_t facts);

POLICY_EXPORT("put")
uint32_t policy_put(POLICY_DIGEST(action), POLICY_DIGEST(output), uint64_t size, uint32_t kind, uint32_t facts);

POLICY_EXPORT("close")
void policy_close(uint64_t gets, uint64_t hits, uint64_t refused_gets, uint64_t puts, uint64_t refused_puts,
                  uint64_t bytes_put, uint64_t diverged);

// Needed with `open`, and by nothing else: a piece of memory of `size` bytes at a multiple of `alignment`, for what the
// host passes. The host never makes a piece larger: `old` and `old_size` are 0. Nobody gives a piece back.
POLICY_EXPORT("cabi_realloc")
void *policy_allocate(void *old, uint32_t old_size, uint32_t alignment, uint32_t size);

// May be there with `open`: called with its answer once that was read, to free it.
POLICY_EXPORT("cabi_post_open")
void policy_opened_was_read(policy_opened *answer);

#endif

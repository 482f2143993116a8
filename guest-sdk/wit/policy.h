// SPDX-License-Identifier: Apache-2.0
//
// The contract policy.wit as a core WebAssembly module has it: the functions of a policy, and the layout of the data
// that passes between it and cachewarden. This is for authors who use their own tools, in C or in a language that reads
// C declarations. It needs no library and is none; `cachewarden policy new NAME --lang c` makes a project with an SDK.
//
// A policy is a module of the WebAssembly target without a system (clang: --target=wasm32, wasm-ld: --no-entry). It
// exports any of `open`, `get`, `put` and `close`, and also its memory if it has `open` or logs. policy.wit
// (`cachewarden policy wit`) says what these functions and their answers mean; this file has only their form.
//
//     #include "policy.h"
//
//     uint32_t policy_put(POLICY_DIGEST(action), POLICY_DIGEST(output), uint64_t size, uint32_t kind, uint32_t role,
//                         uint32_t facts)
//     {
//         return size > 10000000 ? POLICY_REACH_LOCAL : POLICY_REACH_SHARED;
//     }
//
//     clang --target=wasm32 -O2 -nostdlib -Wl,--no-entry -o policy.wasm policy.c
//
// What always holds: an instance is opened once, and its state is in its globals and its memory; after a trap there is a
// new instance, which is opened with the same session. All numbers are little-endian. All texts are UTF-8, without a zero
// at their end.
#ifndef CACHEWARDEN_POLICY_H
#define CACHEWARDEN_POLICY_H

#include <stddef.h>
#include <stdint.h>

// ---- In memory ------------------------------------------------------------------------------------------------------

// A text: a pointer to its bytes, and their number. 8 bytes.
typedef struct policy_text {
    const char *bytes;
    uint32_t count;
} policy_text;

// A list of texts: a pointer to the first item, and the number of items, which are contiguous. 8 bytes.
typedef struct policy_texts {
    const policy_text *items;
    uint32_t count;
} policy_texts;

// A list of kinds: a pointer to the first item, and the number of items. 8 bytes.
typedef struct policy_kinds {
    const uint32_t *items;
    uint32_t count;
} policy_kinds;

// A label: an item of `labels`. 36 bytes.
typedef struct policy_label {
    policy_text name;
    policy_text value;
    policy_text scope;
    policy_text hash;
    uint8_t verified; // 0 or 1
} policy_label;

// The `result<grant, refusal>` to which `open` returns a pointer. 36 bytes; zeros are a grant that writes and reads
// nothing. It must stay unchanged until the next call, and so must everything that it points to.
typedef struct policy_opened {
    uint8_t is_refusal; // 0: grant, 1: refusal
    union {
        struct {
            uint8_t has_write; // 0: no write scope, and `write` is ignored
            policy_text write;
            policy_texts read;  // to read a scope is to trust everybody who may write it
            uint32_t lifetime;  // seconds; 0: entries do not expire
            policy_kinds admit; // kinds that are used only if a grant names them
        } grant;
        struct {
            uint8_t of_session; // 0: the settings are invalid, 1: the session is refused
            policy_text reason;
        } refusal;
    };
} policy_opened;

// Define POLICY_WITHOUT_CHECKS for a C parser without offsetof (D's ImportC).
#if defined(__wasm32__) && !defined(POLICY_WITHOUT_CHECKS)
_Static_assert(sizeof(policy_text) == 8, "text");
_Static_assert(sizeof(policy_label) == 36 && offsetof(policy_label, verified) == 32, "label");
_Static_assert(sizeof(policy_opened) == 36, "result<grant, refusal>");
_Static_assert(offsetof(policy_opened, grant.has_write) == 4 && offsetof(policy_opened, grant.write) == 8, "grant");
_Static_assert(offsetof(policy_opened, grant.read) == 16 && offsetof(policy_opened, grant.lifetime) == 24, "grant");
_Static_assert(offsetof(policy_opened, grant.admit) == 28, "grant");
_Static_assert(offsetof(policy_opened, refusal.of_session) == 4, "refusal");
_Static_assert(offsetof(policy_opened, refusal.reason) == 8, "refusal");
#endif

// ---- Numbers --------------------------------------------------------------------------------------------------------

// The answers of a policy. Any other number is a trap.
enum policy_lookup {
    POLICY_LOOKUP_HIT,
    POLICY_LOOKUP_HIT_VERIFIED,
    POLICY_LOOKUP_SKIP,
    POLICY_LOOKUP_MISS,
    POLICY_LOOKUP_AUDIT,
};

enum policy_reach {
    POLICY_REACH_EPHEMERAL,
    POLICY_REACH_LOCAL,
    POLICY_REACH_SHARED,
};

// What a policy gets. A newer host may pass other numbers and bits: have an answer for them, best the strict one.
enum policy_kind {
    // BEGIN kinds (cargo xtask words)
    // None of the other kinds.
    POLICY_KIND_OTHER = 0,
    // An object without bytes, from a step that has printed nothing. A build needs it as much as any other entry.
    POLICY_KIND_EMPTY = 1,
    // A compiled package.
    POLICY_KIND_PACKAGE_ARCHIVE = 2,
    // An index of the source files of a module or a package.
    POLICY_KIND_MODULE_INDEX = 3,
    // The names of the source files that a step has made; all are plain local names.
    POLICY_KIND_FILE_LIST = 4,
    // The output of a test, its log of the files and variables that it has read, or its coverage profile. Each run of
    // the test puts it again, with other timings.
    POLICY_KIND_TEST_RECORD = 5,
    // Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found.
    POLICY_KIND_ANALYSIS_FACTS = 6,
    // A source file that a tool (cgo, cover) has made.
    POLICY_KIND_GENERATED_SOURCE = 7,
    // Metadata of a package for a coverage run.
    POLICY_KIND_COVERAGE_META = 8,
    // Whether the C compiler supports a flag: `true` or `false`.
    POLICY_KIND_PROBE = 9,
    // A program that the operating system can run.
    POLICY_KIND_EXECUTABLE = 10,
    // A zip archive of the files that `go fix` would change.
    POLICY_KIND_FIX_ARCHIVE = 11,
    // The output that a compiler, a linker or vet has printed.
    POLICY_KIND_TOOL_OUTPUT = 12,
    // The findings of staticcheck about a package.
    POLICY_KIND_ANALYSIS_RESULT = 13,
    // A profile that was prepared for the compiler.
    POLICY_KIND_PGO_PROFILE = 14,
    // END kinds
};

enum policy_role {
    // BEGIN roles (cargo xtask words)
    // The key does not follow from any action that the session has seen.
    POLICY_ROLE_UNKNOWN = 0,
    // The action's own output: the object's build ID names the action.
    POLICY_ROLE_OUTPUT = 1,
    // The output that the compiler or vet has printed.
    POLICY_ROLE_STDOUT = 2,
    // The output that the linker has printed.
    POLICY_ROLE_LINK_STDOUT = 3,
    // The list of the package's source files.
    POLICY_ROLE_SOURCE_LIST = 4,
    // The header that cgo has made for the package's exported functions.
    POLICY_ROLE_CGO_HEADER = 5,
    // The changes that `go fix` would make.
    POLICY_ROLE_FIX_ARCHIVE = 6,
    // The coverage profile of a test's output.
    POLICY_ROLE_COVER_PROFILE = 7,
    // END roles
};

// Bits of `facts`.
enum policy_facts {
    // BEGIN facts (cargo xtask words)
    // The build ID in the object names this action and this content. This shows that the object is neither mixed up
    // nor damaged, but not that it is authentic: its producer can forge it. Every archive that go puts has this fact;
    // a tool that rewrites outputs (`-toolexec`) may break it.
    POLICY_FACT_BUILD_ID_MATCHES = 1,
    // The entry comes from another machine.
    POLICY_FACT_REMOTE = 2,
    // On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt object.
    POLICY_FACT_AUDITED = 4,
    // On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one; the verdict
    // decides about the new one.
    POLICY_FACT_DIVERGED = 8,
    // On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that counts for
    // this session. One of the two is wrong, or the build is not reproducible.
    POLICY_FACT_DISPUTED = 16,
    // On a candidate, under a daemon: at least two producers with distinct verified identities have put these very
    // bytes, into scopes that count for this session. A policy that asks for it does not depend on one producer.
    POLICY_FACT_WITNESSES_2 = 32,
    // The same of at least three producers.
    POLICY_FACT_WITNESSES_3 = 64,
    // The same of at least four producers.
    POLICY_FACT_WITNESSES_4 = 128,
    // END facts
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

// A digest is passed as four numbers: its bytes in groups of eight, each as a big-endian number.
#define POLICY_DIGEST(name) uint64_t name##_a, uint64_t name##_b, uint64_t name##_c, uint64_t name##_d

// The only import. A module that does not call it does not import it.
POLICY_IMPORT("cachewarden:policy/host@0.2.0", "log")
void policy_log(uint32_t level, const char *bytes, uint32_t count);

// The exports. Each is optional: the host does not call what is not defined.
POLICY_EXPORT("open")
policy_opened *policy_open(uint64_t started, uint64_t seed, const policy_label *labels, uint32_t label_count,
                           const policy_text *readable, uint32_t readable_count, const policy_text *writable,
                           uint32_t writable_count, const char *settings, uint32_t settings_count);

POLICY_EXPORT("get")
uint32_t policy_get(POLICY_DIGEST(action), POLICY_DIGEST(output), uint64_t size, uint64_t age, uint32_t scope,
                    uint32_t kind, uint32_t role, uint32_t facts);

POLICY_EXPORT("put")
uint32_t policy_put(POLICY_DIGEST(action), POLICY_DIGEST(output), uint64_t size, uint32_t kind, uint32_t role,
                    uint32_t facts);

POLICY_EXPORT("close")
void policy_close(uint64_t gets, uint64_t hits, uint64_t refused_gets, uint64_t puts, uint64_t refused_puts,
                  uint64_t bytes_put, uint64_t diverged);

// Needed with `open` only. It returns memory of `size` bytes at a multiple of `alignment`, for the data that the host
// passes. The host never resizes memory (`old` and `old_size` are 0), and never frees it.
POLICY_EXPORT("cabi_realloc")
void *policy_allocate(void *old, uint32_t old_size, uint32_t alignment, uint32_t size);

// Optional with `open`: called with its answer once the host has read it, to free it.
POLICY_EXPORT("cabi_post_open")
void policy_opened_was_read(policy_opened *answer);

#endif

// SPDX-License-Identifier: Apache-2.0
//
// cachewarden.h 0.2.0: write policies for cachewarden in C (C11, clang; no libc is needed).
// https://github.com/cachewarden/cachewarden
//
// A policy is up to four functions, each exported by a line at the end of the file:
//
//     CACHEWARDEN_EXPORT_OPEN(open, settings)   where may this build write, where does it read?
//     CACHEWARDEN_EXPORT_GET(get)               an entry was found: may it be used?
//     CACHEWARDEN_EXPORT_PUT(put)               an object was made: how far may it travel?
//     CACHEWARDEN_EXPORT_CLOSE(close)           the totals
//
// The host does not call what is not exported; the build then works as without a policy.
//
// What always holds: a session is one instance of the policy, opened once, so state lives in static variables. A text
// that is made while `open` runs lives as long as the session; one that is made in `get`, `put` or `close` until that
// function returns. Nothing is ever freed by hand. Numbers of 64 bits are `unsigned long long`: "%llu" prints them.
#ifndef CACHEWARDEN_H
#define CACHEWARDEN_H

#include <stdbool.h>
#include <stddef.h>

// ---- Texts ----------------------------------------------------------------------------------------------------------

// A text: `length` bytes of UTF-8, with no zero byte after them. {NULL, 0} where there is none.
typedef struct cachewarden_text {
    const char *data;
    size_t length;
} cachewarden_text;

// Some texts, in order.
typedef struct cachewarden_texts {
    const cachewarden_text *items;
    size_t count;
} cachewarden_texts;

// The text of a string literal: CACHEWARDEN_TEXT("main").
#define CACHEWARDEN_TEXT(literal) (cachewarden_text){"" literal, sizeof(literal) - 1}

// A list of texts: CACHEWARDEN_TEXTS(CACHEWARDEN_TEXT("a"), CACHEWARDEN_TEXT("b")).
#define CACHEWARDEN_TEXTS(...)                                                                                         \
    (cachewarden_texts){(const cachewarden_text[]){__VA_ARGS__},                                                       \
                        sizeof((const cachewarden_text[]){__VA_ARGS__}) / sizeof(cachewarden_text)}

// A text as the two arguments of "%.*s": cachewarden_info("ref %.*s", CACHEWARDEN_PRINT(label->value)).
#define CACHEWARDEN_PRINT(text) (int)(text).length, (text).data

// Lets the compiler check a format against its arguments.
#define CACHEWARDEN_FORMAT __attribute__((format(printf, 1, 2)))

// Makes a text as printf would. Knows %s %.*s %c %d %u %x and %%, with the lengths l, ll and z and zero-padded widths
// (%016llx); any other conversion is a panic.
CACHEWARDEN_FORMAT cachewarden_text cachewarden_format(const char *format, ...);

// All texts in one, with `separator` between them.
cachewarden_text cachewarden_join(cachewarden_texts texts, cachewarden_text separator);

// Whether two texts have the same bytes.
bool cachewarden_equal(cachewarden_text one, cachewarden_text other);

// Whether any of the patterns matches the whole of `name`. `*` matches any run of characters, the empty one and `/`
// included; every other character matches itself. An empty list matches nothing.
bool cachewarden_matches(cachewarden_texts patterns, cachewarden_text name);

// ---- The log --------------------------------------------------------------------------------------------------------
// Lines take what cachewarden_format takes. A session may log 1,000 lines or 64 KiB; the host drops the rest. In a
// native test they go to stderr.

// A line for the author of the policy: shown with -v.
CACHEWARDEN_FORMAT void cachewarden_debug(const char *format, ...);

// A line with information: shown with -v.
CACHEWARDEN_FORMAT void cachewarden_info(const char *format, ...);

// A warning: always shown.
CACHEWARDEN_FORMAT void cachewarden_warn(const char *format, ...);

// Gives up: the line is logged as a warning and this call ends here. The host then makes a get a miss, keeps a put for
// the session, and opens a new instance for what follows.
CACHEWARDEN_FORMAT _Noreturn void cachewarden_panic(const char *format, ...);

// ---- Inputs of a policy ------------------------------------------------------------------------------------------

// A SHA-256 digest as four big-endian words: words[0] holds its first eight bytes.
typedef struct cachewarden_digest {
    unsigned long long words[4];
} cachewarden_digest;

// The digest as 64 hexadecimal digits.
cachewarden_text cachewarden_hex(const cachewarden_digest *digest);

// Whether this action is among the drawn ones, one in `one_in`; 0 draws none. With the session's seed, a replay draws
// the same actions, and another session others.
bool cachewarden_draws(unsigned one_in, unsigned long long seed, const cachewarden_digest *action);

// The kind of an object, which the host recognises by its bytes. A newer host may pass numbers that are not listed here.
typedef unsigned cachewarden_kind;
enum {
    // BEGIN kinds (cargo xtask words)
    // None of the other kinds.
    CACHEWARDEN_KIND_OTHER = 0,
    // An object without bytes, from a step that has printed nothing. A build needs it as much as any other entry.
    CACHEWARDEN_KIND_EMPTY = 1,
    // A compiled package.
    CACHEWARDEN_KIND_PACKAGE_ARCHIVE = 2,
    // An index of the source files of a module or a package.
    CACHEWARDEN_KIND_MODULE_INDEX = 3,
    // The names of the source files that a step has made; all are plain local names.
    CACHEWARDEN_KIND_FILE_LIST = 4,
    // The output of a test, its log of the files and variables that it has read, or its coverage profile. Each run of
    // the test puts it again, with other timings.
    CACHEWARDEN_KIND_TEST_RECORD = 5,
    // Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found.
    CACHEWARDEN_KIND_ANALYSIS_FACTS = 6,
    // A source file that a tool (cgo, cover) has made.
    CACHEWARDEN_KIND_GENERATED_SOURCE = 7,
    // Metadata of a package for a coverage run.
    CACHEWARDEN_KIND_COVERAGE_META = 8,
    // Whether the C compiler supports a flag: `true` or `false`.
    CACHEWARDEN_KIND_PROBE = 9,
    // A program that the operating system can run.
    CACHEWARDEN_KIND_EXECUTABLE = 10,
    // A zip archive of the files that `go fix` would change.
    CACHEWARDEN_KIND_FIX_ARCHIVE = 11,
    // The output that a compiler, a linker or vet has printed.
    CACHEWARDEN_KIND_TOOL_OUTPUT = 12,
    // The findings of staticcheck about a package.
    CACHEWARDEN_KIND_ANALYSIS_RESULT = 13,
    // A profile that was prepared for the compiler.
    CACHEWARDEN_KIND_PGO_PROFILE = 14,
    // END kinds
};

// Some kinds.
typedef struct cachewarden_kinds {
    const cachewarden_kind *items;
    size_t count;
} cachewarden_kinds;

// A list of kinds: CACHEWARDEN_KINDS(CACHEWARDEN_KIND_EMPTY, CACHEWARDEN_KIND_PROBE).
#define CACHEWARDEN_KINDS(...)                                                                                         \
    (cachewarden_kinds){(const cachewarden_kind[]){__VA_ARGS__},                                                       \
                        sizeof((const cachewarden_kind[]){__VA_ARGS__}) / sizeof(cachewarden_kind)}

// Whether a list has this kind.
bool cachewarden_has_kind(cachewarden_kinds kinds, cachewarden_kind kind);

// The name of a kind, "package-archive" for instance; "kind-4242" where none is known.
cachewarden_text cachewarden_kind_name(cachewarden_kind kind);

// The kind of a name, "kind-4242" included. False where the text is the name of no kind.
bool cachewarden_parse_kind(cachewarden_text name, cachewarden_kind *kind);

// What an entry is for, by its key: how cmd/go derived the key from an action that the session has seen. A newer host
// may pass numbers that are not listed here.
typedef unsigned cachewarden_role;
enum {
    // BEGIN roles (cargo xtask words)
    // The key does not follow from any action that the session has seen.
    CACHEWARDEN_ROLE_UNKNOWN = 0,
    // The action's own output: the object's build ID names the action.
    CACHEWARDEN_ROLE_OUTPUT = 1,
    // The output that the compiler or vet has printed.
    CACHEWARDEN_ROLE_STDOUT = 2,
    // The output that the linker has printed.
    CACHEWARDEN_ROLE_LINK_STDOUT = 3,
    // The list of the package's source files.
    CACHEWARDEN_ROLE_SOURCE_LIST = 4,
    // The header that cgo has made for the package's exported functions.
    CACHEWARDEN_ROLE_CGO_HEADER = 5,
    // The changes that `go fix` would make.
    CACHEWARDEN_ROLE_FIX_ARCHIVE = 6,
    // The coverage profile of a test's output.
    CACHEWARDEN_ROLE_COVER_PROFILE = 7,
    // END roles
};

// The name of a role, "source-list" for instance; "role-4242" where none is known.
cachewarden_text cachewarden_role_name(cachewarden_role role);

// Facts that the host itself has established about an object: a set of bits. A job can claim none of them. A newer host may pass
// bits that are not here.
typedef unsigned cachewarden_facts;
enum {
    // BEGIN facts (cargo xtask words)
    // The build ID in the object names this action and this content. This shows that the object is neither mixed up
    // nor damaged, but not that it is authentic: its producer can forge it. Every archive that go puts has this fact;
    // a tool that rewrites outputs (`-toolexec`) may break it.
    CACHEWARDEN_FACT_BUILD_ID_MATCHES = 1,
    // The entry comes from another machine.
    CACHEWARDEN_FACT_REMOTE = 2,
    // On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt object.
    CACHEWARDEN_FACT_AUDITED = 4,
    // On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one; the verdict
    // decides about the new one.
    CACHEWARDEN_FACT_DIVERGED = 8,
    // On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that counts for
    // this session. One of the two is wrong, or the build is not reproducible.
    CACHEWARDEN_FACT_DISPUTED = 16,
    // On a candidate, under a daemon: at least two producers with distinct verified identities have put these very
    // bytes, into scopes that count for this session. A policy that asks for it does not depend on one producer.
    CACHEWARDEN_FACT_WITNESSES_2 = 32,
    // The same of at least three producers.
    CACHEWARDEN_FACT_WITNESSES_3 = 64,
    // The same of at least four producers.
    CACHEWARDEN_FACT_WITNESSES_4 = 128,
    // END facts
};

// The names of the facts that hold, joined by commas, "-" for none. A bit without a name is "fact-9".
cachewarden_text cachewarden_facts_names(cachewarden_facts facts);

// A named value that is known about the session.
typedef struct cachewarden_label {
    cachewarden_text name;  // as the operator chose it; `cachewarden.` begins the host's own
    cachewarden_text value; // what it says
    cachewarden_text scope; // the value encoded for a scope name; put a prefix of your own before it
    cachewarden_text hash;  // 24 hexadecimal digits of the value's SHA-256, for a scope's name where two must fit
    bool verified;          // whether the host has verified it
} cachewarden_label;

// One run of one go command, and all that is known about it.
typedef struct cachewarden_session {
    unsigned long long started;      // in seconds since 1970; there is no other clock
    unsigned long long seed;         // a random number, drawn once; cachewarden_draws uses it
    const cachewarden_label *labels; // in no particular order; a name may occur more than once
    size_t label_count;
    cachewarden_texts readable;      // patterns of scopes that the operator lets this session read
    cachewarden_texts writable;      // the same for writing
    cachewarden_text settings;       // a JSON text, which your fields were filled from
} cachewarden_session;

// The label of this name, or NULL. If the host has verified one and the job claims another, the verified one.
const cachewarden_label *cachewarden_find(const cachewarden_session *session, cachewarden_text name);

// The label of this name if the host has verified it, or NULL. A label that only a job claims is ignored.
const cachewarden_label *cachewarden_find_verified(const cachewarden_session *session, cachewarden_text name);

// The scope that this session would have without a policy.
cachewarden_text cachewarden_default_scope(const cachewarden_session *session);

// An entry found for a get, before it is answered.
typedef struct cachewarden_candidate {
    cachewarden_digest action; // what the build asks for: the SHA-256 of all inputs of a step
    cachewarden_digest output; // the object that the entry names
    unsigned long long size;   // the object's bytes
    unsigned long long age;    // seconds since the entry was put
    unsigned scope;            // where it was found: an index into the grant's `read`
    cachewarden_kind kind;     // what the object is
    cachewarden_role role;     // what the entry is for
    cachewarden_facts facts;   // CACHEWARDEN_FACT_... bits
} cachewarden_candidate;

// An object that the build puts.
typedef struct cachewarden_offer {
    cachewarden_digest action; // the step that made it
    cachewarden_digest output; // the object itself, by its bytes
    unsigned long long size;   // in bytes
    cachewarden_kind kind;     // what it is
    cachewarden_role role;     // what its entry will be for
    cachewarden_facts facts;   // CACHEWARDEN_FACT_... bits
} cachewarden_offer;

// The totals of a session.
typedef struct cachewarden_totals {
    unsigned long long gets;
    unsigned long long hits;         // gets that were answered with an object
    unsigned long long refused_gets; // gets that had a candidate and became a miss by the policy
    unsigned long long puts;
    unsigned long long refused_puts; // puts that were kept for the session alone
    unsigned long long bytes_put;    // bytes of all puts
    unsigned long long diverged;     // audits whose rebuilt object had other bytes
} cachewarden_totals;

// ---- Answers of a policy ------------------------------------------------------------------------------------------

// The verdict on a get.
typedef enum cachewarden_lookup {
    CACHEWARDEN_LOOKUP_HIT,          // answer with this entry
    CACHEWARDEN_LOOKUP_HIT_VERIFIED, // answer with it if its object still has the right hash; otherwise the next scope
    CACHEWARDEN_LOOKUP_SKIP,         // ignore this entry, and search the next scope
    CACHEWARDEN_LOOKUP_MISS,         // answer with a miss: the build makes it again
    CACHEWARDEN_LOOKUP_AUDIT,        // answer with a miss and compare the rebuild; its offer is audited, perhaps diverged
} cachewarden_lookup;

// The verdict on a put. Each goes further than the one before it; the operator bounds all of them.
typedef enum cachewarden_reach {
    CACHEWARDEN_REACH_EPHEMERAL, // only this session gets it; the build goes on as if it was stored
    CACHEWARDEN_REACH_LOCAL,     // stored in the write scope, on this machine
    CACHEWARDEN_REACH_SHARED,    // stored, and may be sent to remote tiers
} cachewarden_reach;

// How far an object of this kind travels if no policy decides: local where other machines cannot use it or should
// not trust it, and where this header does not know the kind, else shared.
cachewarden_reach cachewarden_default_reach(cachewarden_kind kind);

// The most scopes that a session may read.
#define CACHEWARDEN_MOST_SCOPES 64

// What a session may do. `open` is given an empty one: nothing is written, nothing read. A scope's name is 1 to 96 of
// `[A-Za-z0-9._-]` without a dot at either end; a grant beyond what the operator allows gives the session nothing.
typedef struct cachewarden_grant {
    cachewarden_text write; // where puts go; no text: nothing is stored beyond the session
    // The scopes that gets search, in order. To read a scope is to trust everybody who may write it.
    cachewarden_text read[CACHEWARDEN_MOST_SCOPES];
    size_t read_count;
    unsigned lifetime; // seconds until the session's entries expire; 0: as long as the store keeps it
    cachewarden_kinds admit; // kinds that are used only if a grant names them; today CACHEWARDEN_KIND_EXECUTABLE, for programs that were put
} cachewarden_grant;

// Puts go to `scope`. Gets do not search it unless cachewarden_grant_read says so.
void cachewarden_grant_write(cachewarden_grant *grant, cachewarden_text scope);

// Gets search `scope` too, after the scopes that were named before. More than CACHEWARDEN_MOST_SCOPES are a panic.
void cachewarden_grant_read(cachewarden_grant *grant, cachewarden_text scope);

// What a session without a policy has: it writes and reads its default scope.
void cachewarden_grant_default(cachewarden_grant *grant, const cachewarden_session *session);

// Why `open` returns no grant.
typedef struct cachewarden_refusal {
    enum {
        CACHEWARDEN_REFUSAL_NONE,     // there is a grant
        CACHEWARDEN_REFUSAL_SETTINGS, // the go command stops with `reason`, as after a mistyped option
        CACHEWARDEN_REFUSAL_SESSION,  // the build works without a cache; `reason` is shown
    } kind;
    cachewarden_text reason;
} cachewarden_refusal;

// What `open` returns once the grant is as it should be.
#define CACHEWARDEN_GRANTED (cachewarden_refusal){CACHEWARDEN_REFUSAL_NONE, {NULL, 0}}

// The settings are invalid: say which field, and what was expected. Takes what cachewarden_format takes.
CACHEWARDEN_FORMAT cachewarden_refusal cachewarden_refuse_settings(const char *format, ...);

// This session may not use the cache: say why. Takes what cachewarden_format takes.
CACHEWARDEN_FORMAT cachewarden_refusal cachewarden_refuse_session(const char *format, ...);

// ---- Settings -------------------------------------------------------------------------------------------------------
// The operator's settings are a JSON object. A policy declares the fields that it knows, and where each of them goes:
//
//     static unsigned days = 30;
//     static const cachewarden_field settings[] = {CACHEWARDEN_FIELD("days", &days), CACHEWARDEN_END_OF_FIELDS};
//
// They are filled before `open` is called; an absent field keeps the value that its variable has. An unknown field and
// one of another type are refused by name, and `open` is not called.

// What a field holds; CACHEWARDEN_FIELD chooses it by the variable's type.
typedef enum cachewarden_field_kind {
    CACHEWARDEN_FIELD_BOOL,          // bool: true or false
    CACHEWARDEN_FIELD_UNSIGNED,      // unsigned: a whole number below 2^32
    CACHEWARDEN_FIELD_LONG,          // unsigned long long: a whole number below 2^64
    CACHEWARDEN_FIELD_TEXT,          // cachewarden_text
    CACHEWARDEN_FIELD_NULLABLE_TEXT, // cachewarden_text; null makes it {NULL, 0}
    CACHEWARDEN_FIELD_TEXTS,         // cachewarden_texts: a list of texts, of patterns for instance
    CACHEWARDEN_FIELD_KINDS,         // cachewarden_kinds: a list of names of kinds
} cachewarden_field_kind;

// A field of the settings.
typedef struct cachewarden_field {
    const char *name;
    cachewarden_field_kind kind;
    void *address;
} cachewarden_field;

// The field `name`, which goes to the variable at `address`. One of another type than those above does not compile.
#define CACHEWARDEN_FIELD(name, address)                                                                               \
    {name,                                                                                                             \
     _Generic((address), bool *: CACHEWARDEN_FIELD_BOOL, unsigned *: CACHEWARDEN_FIELD_UNSIGNED,                       \
              unsigned long long *: CACHEWARDEN_FIELD_LONG, cachewarden_text *: CACHEWARDEN_FIELD_TEXT,                \
              cachewarden_texts *: CACHEWARDEN_FIELD_TEXTS, cachewarden_kinds *: CACHEWARDEN_FIELD_KINDS),             \
     address}

// The same for a text that may be null.
#define CACHEWARDEN_NULLABLE_FIELD(name, address)                                                                      \
    {name, _Generic((address), cachewarden_text *: CACHEWARDEN_FIELD_NULLABLE_TEXT), address}

// Ends the list of fields.
#define CACHEWARDEN_END_OF_FIELDS {NULL, CACHEWARDEN_FIELD_BOOL, NULL}

// For a policy without settings: any field is refused.
extern const cachewarden_field cachewarden_no_settings[];

// ---- Exports --------------------------------------------------------------------------------------------------------
// Each line stands once, at the end of the policy's file. Compiled for anything but WebAssembly they export nothing,
// so that a test can include the policy and call its functions.

// Called once, before the first question. Fill the grant and return CACHEWARDEN_GRANTED, or return a refusal.
// Without it: the default scope.
typedef cachewarden_refusal cachewarden_open_function(const cachewarden_session *session, cachewarden_grant *grant);
#define CACHEWARDEN_EXPORT_OPEN(function, fields)                                                                      \
    CACHEWARDEN_CHECK(open, function, "cachewarden_refusal " #function                                                 \
                                      "(const cachewarden_session *session, cachewarden_grant *grant)")                \
    static const cachewarden_field *const cachewarden_chosen_fields = fields;                                          \
    CACHEWARDEN_ENTER_OPEN

// Called for each entry that a get finds in the granted scopes, in order. Without it: a hit.
typedef cachewarden_lookup cachewarden_get_function(const cachewarden_candidate *candidate);
#define CACHEWARDEN_EXPORT_GET(function)                                                                               \
    CACHEWARDEN_CHECK(get, function, "cachewarden_lookup " #function "(const cachewarden_candidate *candidate)")       \
    CACHEWARDEN_ENTER_GET

// Called for each object that the build puts. Without it: cachewarden_default_reach of its kind.
typedef cachewarden_reach cachewarden_put_function(const cachewarden_offer *offer);
#define CACHEWARDEN_EXPORT_PUT(function)                                                                               \
    CACHEWARDEN_CHECK(put, function, "cachewarden_reach " #function "(const cachewarden_offer *offer)")                \
    CACHEWARDEN_ENTER_PUT

// Called once, at the end.
typedef void cachewarden_close_function(const cachewarden_totals *totals);
#define CACHEWARDEN_EXPORT_CLOSE(function)                                                                             \
    CACHEWARDEN_CHECK(close, function, "void " #function "(const cachewarden_totals *totals)")                         \
    CACHEWARDEN_ENTER_CLOSE

// What happens at the beginning: the fields are filled from the session's settings, then `function` is called with an
// empty grant. A test calls it to try the settings as well; a policy need not.
cachewarden_refusal cachewarden_open(const cachewarden_session *session, const cachewarden_field *fields,
                                     cachewarden_open_function *function, cachewarden_grant *grant);

// ---- What the export lines are made of: nothing that a policy names -------------------------------------------------

// A constant of its own for what an export line names: inside a function, its parameters could hide that name.
#define CACHEWARDEN_CHECK(question, function, signature)                                                               \
    _Static_assert(_Generic(&function, cachewarden_##question##_function *: 1, default: 0),                            \
                   "the export `" #question "` is to be: " signature);                                                 \
    static cachewarden_##question##_function *const cachewarden_chosen_##question = function;

#ifdef __wasm__

// The core signature of each export, as the component model's canonical ABI flattens the contract's.
#define CACHEWARDEN_ENTER(name) __attribute__((export_name(name)))
#define CACHEWARDEN_WORDS(name)                                                                                        \
    unsigned long long name##_a, unsigned long long name##_b, unsigned long long name##_c, unsigned long long name##_d
#define CACHEWARDEN_DIGEST(name) {{name##_a, name##_b, name##_c, name##_d}}

#define CACHEWARDEN_ENTER_OPEN                                                                                         \
    CACHEWARDEN_ENTER("open")                                                                                          \
    const void *cachewarden_enter_open(unsigned long long started, unsigned long long seed,                            \
                                       const cachewarden_label *labels, size_t label_count,                            \
                                       const cachewarden_text *readable, size_t readable_count,                        \
                                       const cachewarden_text *writable, size_t writable_count, const char *settings,  \
                                       size_t settings_length)                                                         \
    {                                                                                                                  \
        const cachewarden_session session = {                                                                          \
            started,                    seed,                       labels,                                            \
            label_count,                {readable, readable_count}, {writable, writable_count},                        \
            {settings, settings_length}};                                                                              \
        return cachewarden_answer_open(&session, cachewarden_chosen_fields, cachewarden_chosen_open);              \
    }

#define CACHEWARDEN_ENTER_GET                                                                                          \
    CACHEWARDEN_ENTER("get")                                                                                           \
    unsigned cachewarden_enter_get(CACHEWARDEN_WORDS(action), CACHEWARDEN_WORDS(output), unsigned long long size,      \
                                   unsigned long long age, unsigned scope, unsigned kind, unsigned role,               \
                                   unsigned facts)                                                                     \
    {                                                                                                                  \
        const cachewarden_candidate candidate = {                                                                      \
            CACHEWARDEN_DIGEST(action), CACHEWARDEN_DIGEST(output), size, age, scope, kind, role, facts};              \
        cachewarden_begin_question();                                                                                  \
        return cachewarden_chosen_get(&candidate);                                                                     \
    }

#define CACHEWARDEN_ENTER_PUT                                                                                          \
    CACHEWARDEN_ENTER("put")                                                                                           \
    unsigned cachewarden_enter_put(CACHEWARDEN_WORDS(action), CACHEWARDEN_WORDS(output), unsigned long long size,      \
                                   unsigned kind, unsigned role, unsigned facts)                                       \
    {                                                                                                                  \
        const cachewarden_offer offer = {                                                                              \
            CACHEWARDEN_DIGEST(action), CACHEWARDEN_DIGEST(output), size, kind, role, facts};                          \
        cachewarden_begin_question();                                                                                  \
        return cachewarden_chosen_put(&offer);                                                                         \
    }

#define CACHEWARDEN_ENTER_CLOSE                                                                                        \
    CACHEWARDEN_ENTER("close")                                                                                         \
    void cachewarden_enter_close(unsigned long long gets, unsigned long long hits, unsigned long long refused_gets,    \
                                 unsigned long long puts, unsigned long long refused_puts,                             \
                                 unsigned long long bytes_put, unsigned long long diverged)                            \
    {                                                                                                                  \
        const cachewarden_totals totals = {gets, hits, refused_gets, puts, refused_puts, bytes_put, diverged};         \
        cachewarden_begin_question();                                                                                  \
        cachewarden_chosen_close(&totals);                                                                             \
    }

const void *cachewarden_answer_open(const cachewarden_session *session, const cachewarden_field *fields,
                                    cachewarden_open_function *function);
void cachewarden_begin_question(void);

#else

// Nothing is exported; these keep a compiler from warning of functions that only the host calls.
#define CACHEWARDEN_ENTER_OPEN                                                                                         \
    cachewarden_refusal cachewarden_enter_open(const cachewarden_session *session, cachewarden_grant *grant)           \
    {                                                                                                                  \
        return cachewarden_open(session, cachewarden_chosen_fields, cachewarden_chosen_open, grant);                   \
    }
#define CACHEWARDEN_ENTER_GET                                                                                          \
    cachewarden_lookup cachewarden_enter_get(const cachewarden_candidate *candidate)                                   \
    {                                                                                                                  \
        return cachewarden_chosen_get(candidate);                                                                      \
    }
#define CACHEWARDEN_ENTER_PUT                                                                                          \
    cachewarden_reach cachewarden_enter_put(const cachewarden_offer *offer)                                            \
    {                                                                                                                  \
        return cachewarden_chosen_put(offer);                                                                          \
    }
#define CACHEWARDEN_ENTER_CLOSE                                                                                        \
    void cachewarden_enter_close(const cachewarden_totals *totals)                                                     \
    {                                                                                                                  \
        cachewarden_chosen_close(totals);                                                                              \
    }

#endif

#endif

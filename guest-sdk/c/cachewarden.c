// SPDX-License-Identifier: Apache-2.0
//
// cachewarden.c: what cachewarden.h promises. Compile it along with the policy.
//
// In order: the ground (the host's functions, memory), texts, the log, inputs of a policy, settings, opening.
// What always holds: no libc is called in WebAssembly, and memory is only ever taken from the end of one heap. What
// `open` takes stays; a question begins where `open` ended, so memory does not grow with the number of questions.
#include "cachewarden.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>

// ---- The ground -----------------------------------------------------------------------------------------------------

enum level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARN };

#ifdef __wasm__

__attribute__((import_module("cachewarden:policy/host@0.2.0"), import_name("log"))) void host_log(unsigned level,
                                                                                                   const char *message,
                                                                                                   size_t length);

#define PAGE ((uintptr_t)65536)

// The linker puts it where the static data and the stack end.
extern unsigned char __heap_base;

static uintptr_t heap_end;      // where the next piece begins; 0 before the first
static uintptr_t question_base; // where it begins for a question; 0 where no `open` took any

static void stop(void)
{
    __builtin_trap();
}

static void *allocate_aligned(size_t size, size_t alignment)
{
    const uintptr_t free = heap_end ? heap_end : (uintptr_t)&__heap_base;
    const uintptr_t begin = (free + alignment - 1) & ~(uintptr_t)(alignment - 1);
    const uint64_t end = (uint64_t)begin + size;
    const uint64_t present = (uint64_t)__builtin_wasm_memory_size(0) * PAGE;
    const uint64_t missing = end > present ? (end - present + PAGE - 1) / PAGE : 0;
    if (missing && (end > UINT32_MAX || __builtin_wasm_memory_grow(0, missing) == SIZE_MAX))
        cachewarden_panic("out of memory");
    heap_end = (uintptr_t)end;
    return (void *)begin;
}

void cachewarden_begin_question(void)
{
    heap_end = question_base;
}

// The compiler turns copies of structures into calls of these two. Weak: where a libc is linked, its own are used.
__attribute__((weak, no_builtin)) void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    for (size_t index = 0; index < length; index++)
        ((char *)to)[index] = ((const char *)from)[index];
    return to;
}

__attribute__((weak, no_builtin)) void *memset(void *to, int byte, size_t length)
{
    for (size_t index = 0; index < length; index++)
        ((char *)to)[index] = (char)byte;
    return to;
}

// The host allocates memory here for the arguments of `open`.
__attribute__((export_name("cabi_realloc"))) void *cachewarden_enter_realloc(void *old, size_t old_size,
                                                                             size_t alignment, size_t size)
{
    char *piece = allocate_aligned(size, alignment);
    for (size_t index = 0; index < old_size && index < size; index++)
        piece[index] = ((const char *)old)[index];
    return piece;
}

#else

#include <stdio.h>
#include <stdlib.h>

// A test's lines go to stderr.
static void host_log(unsigned level, const char *message, size_t length)
{
    static const char *const names[] = {"debug", "info", "warn"};
    fprintf(stderr, "policy %s: %.*s\n", names[level], (int)length, message);
}

static void stop(void)
{
    abort();
}

// A test's memory is the process's: it is not given back.
static void *allocate_aligned(size_t size, size_t alignment)
{
    (void)alignment;
    void *piece = malloc(size ? size : 1);
    if (!piece)
        cachewarden_panic("out of memory");
    return piece;
}

#endif

static void *allocate(size_t size)
{
    return allocate_aligned(size, _Alignof(max_align_t));
}

// ---- Texts ----------------------------------------------------------------------------------------------------------

// Where cachewarden_format writes: nowhere while it only measures.
typedef struct sink {
    char *data;
    size_t length;
} sink;

static void put_byte(sink *sink, char byte)
{
    if (sink->data)
        sink->data[sink->length] = byte;
    sink->length++;
}

static void put_bytes(sink *sink, const char *data, size_t length)
{
    for (size_t index = 0; index < length; index++)
        put_byte(sink, data[index]);
}

static void put_number(sink *sink, unsigned long long number, unsigned base, size_t width)
{
    char digits[64];
    size_t count = 0;
    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number);
    for (size_t index = count; index < width; index++)
        put_byte(sink, '0');
    while (count)
        put_byte(sink, digits[--count]);
}

static size_t length_of(const char *literal)
{
    size_t length = 0;
    while (literal[length])
        length++;
    return length;
}

static cachewarden_text text_of(const char *literal)
{
    return (cachewarden_text){literal, length_of(literal)};
}

// The contract's 64-bit numbers are `long long`, which "ll" means; "l" and "z" are as wide as a pointer.
static unsigned long long unsigned_argument(va_list *arguments, unsigned longs)
{
    if (longs == 2)
        return va_arg(*arguments, unsigned long long);
    return longs ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned);
}

static long long signed_argument(va_list *arguments, unsigned longs)
{
    if (longs == 2)
        return va_arg(*arguments, long long);
    return longs ? va_arg(*arguments, long) : va_arg(*arguments, int);
}

static void write_format(sink *sink, const char *format, va_list *arguments)
{
    for (; *format; format++) {
        if (*format != '%') {
            put_byte(sink, *format);
            continue;
        }
        format++;
        if (format[0] == '.' && format[1] == '*' && format[2] == 's') {
            const int length = va_arg(*arguments, int);
            const char *data = va_arg(*arguments, const char *);
            put_bytes(sink, data, length > 0 ? (size_t)length : 0);
            format += 2;
            continue;
        }
        size_t width = 0;
        if (*format == '0')
            for (format++; *format >= '0' && *format <= '9'; format++)
                width = width * 10 + (size_t)(*format - '0');
        unsigned longs = 0;
        for (; *format == 'l' || *format == 'z'; format++)
            longs++;
        if (*format == 's') {
            const char *data = va_arg(*arguments, const char *);
            put_bytes(sink, data, length_of(data));
        } else if (*format == 'c') {
            put_byte(sink, (char)va_arg(*arguments, int));
        } else if (*format == 'u' || *format == 'x') {
            put_number(sink, unsigned_argument(arguments, longs), *format == 'u' ? 10 : 16, width);
        } else if (*format == 'd') {
            const long long number = signed_argument(arguments, longs);
            if (number < 0)
                put_byte(sink, '-');
            put_number(sink, number < 0 ? 0 - (unsigned long long)number : (unsigned long long)number, 10, width);
        } else if (*format == '%') {
            put_byte(sink, '%');
        } else {
            cachewarden_panic("a format may hold %%s %%.*s %%c %%d %%u %%x and %%%%, with l, ll, z and 0WIDTH");
        }
    }
}

static cachewarden_text format_with(const char *format, va_list *arguments)
{
    va_list again;
    va_copy(again, *arguments);
    sink sink = {NULL, 0};
    write_format(&sink, format, arguments);
    sink.data = allocate(sink.length);
    sink.length = 0;
    write_format(&sink, format, &again);
    va_end(again);
    return (cachewarden_text){sink.data, sink.length};
}

// The text that a function's format and the arguments after it make.
#define FORMATTED(result, format)                                                                                      \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    const cachewarden_text result = format_with(format, &arguments);                                                   \
    va_end(arguments)

cachewarden_text cachewarden_format(const char *format, ...)
{
    FORMATTED(text, format);
    return text;
}

cachewarden_text cachewarden_join(cachewarden_texts texts, cachewarden_text separator)
{
    sink sink = {NULL, 0};
    for (int measured = 0; measured < 2; measured++) {
        if (measured)
            sink.data = allocate(sink.length);
        sink.length = 0;
        for (size_t index = 0; index < texts.count; index++) {
            if (index)
                put_bytes(&sink, separator.data, separator.length);
            put_bytes(&sink, texts.items[index].data, texts.items[index].length);
        }
    }
    return (cachewarden_text){sink.data, sink.length};
}

bool cachewarden_equal(cachewarden_text one, cachewarden_text other)
{
    if (one.length != other.length)
        return false;
    for (size_t index = 0; index < one.length; index++)
        if (one.data[index] != other.data[index])
            return false;
    return true;
}

// One pattern. On a difference the last star takes one more character: the earliest place for what stands before a star
// leaves the most room for what stands after it, so no other star need be tried again.
static bool matches(cachewarden_text pattern, cachewarden_text name)
{
    size_t at = 0, in_name = 0, after_star = 0, star_end = 0;
    while (in_name < name.length) {
        if (at < pattern.length && pattern.data[at] == '*') {
            after_star = ++at;
            star_end = in_name;
        } else if (at < pattern.length && pattern.data[at] == name.data[in_name]) {
            at++;
            in_name++;
        } else if (after_star) {
            at = after_star;
            in_name = ++star_end;
        } else {
            return false;
        }
    }
    while (at < pattern.length && pattern.data[at] == '*')
        at++;
    return at == pattern.length;
}

bool cachewarden_matches(cachewarden_texts patterns, cachewarden_text name)
{
    for (size_t index = 0; index < patterns.count; index++)
        if (matches(patterns.items[index], name))
            return true;
    return false;
}

// ---- The log --------------------------------------------------------------------------------------------------------

void cachewarden_debug(const char *format, ...)
{
    FORMATTED(line, format);
    host_log(LEVEL_DEBUG, line.data, line.length);
}

void cachewarden_info(const char *format, ...)
{
    FORMATTED(line, format);
    host_log(LEVEL_INFO, line.data, line.length);
}

void cachewarden_warn(const char *format, ...)
{
    FORMATTED(line, format);
    host_log(LEVEL_WARN, line.data, line.length);
}

void cachewarden_panic(const char *format, ...)
{
    // If formatting panics too, perhaps for lack of memory, the bare format is logged.
    static bool panicking;
    if (panicking) {
        host_log(LEVEL_WARN, format, length_of(format));
        stop();
    }
    panicking = true;
    FORMATTED(line, format);
    host_log(LEVEL_WARN, line.data, line.length);
    stop();
    __builtin_unreachable();
}

// ---- Inputs of a policy ------------------------------------------------------------------------------------------

cachewarden_text cachewarden_hex(const cachewarden_digest *digest)
{
    const unsigned long long *words = digest->words;
    return cachewarden_format("%016llx%016llx%016llx%016llx", words[0], words[1], words[2], words[3]);
}

// Mixes the bits (SplitMix64's last steps). Without it, the same actions would be drawn together
// in one session after the other.
static unsigned long long mix(unsigned long long bits)
{
    bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
    bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
    return bits ^ (bits >> 31);
}

bool cachewarden_draws(unsigned one_in, unsigned long long seed, const cachewarden_digest *action)
{
    return one_in && mix(action->words[0] ^ seed) % one_in == 0;
}

// BEGIN kinds (cargo xtask words)
static const char *const kind_names[] = {
    "other",
    "empty",
    "package-archive",
    "module-index",
    "file-list",
    "test-record",
    "analysis-facts",
    "generated-source",
    "coverage-meta",
    "probe",
    "executable",
    "fix-archive",
    "tool-output",
    "analysis-result",
    "pgo-profile",
};

// Kinds that are shared by default. Any other kind stays on this machine, an unknown one too.
static const cachewarden_kind shared_kinds[] = {
    CACHEWARDEN_KIND_OTHER,
    CACHEWARDEN_KIND_EMPTY,
    CACHEWARDEN_KIND_PACKAGE_ARCHIVE,
    CACHEWARDEN_KIND_FILE_LIST,
    CACHEWARDEN_KIND_ANALYSIS_FACTS,
    CACHEWARDEN_KIND_GENERATED_SOURCE,
    CACHEWARDEN_KIND_COVERAGE_META,
    CACHEWARDEN_KIND_PROBE,
    CACHEWARDEN_KIND_TOOL_OUTPUT,
    CACHEWARDEN_KIND_ANALYSIS_RESULT,
    CACHEWARDEN_KIND_PGO_PROFILE,
};
// END kinds

// BEGIN roles (cargo xtask words)
static const char *const role_names[] = {
    "unknown",
    "output",
    "stdout",
    "link-stdout",
    "source-list",
    "cgo-header",
    "fix-archive",
    "cover-profile",
};
// END roles

// BEGIN facts (cargo xtask words)
static const char *const fact_names[] = {
    "build-id-matches",
    "remote",
    "audited",
    "diverged",
    "disputed",
    "witnesses-2",
    "witnesses-3",
    "witnesses-4",
};
// END facts

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

// The name of a number, or the number itself if it has no name.
static cachewarden_text name_of(const char *const *names, size_t count, const char *what, unsigned number)
{
    return number < count ? text_of(names[number]) : cachewarden_format("%s-%u", what, number);
}

cachewarden_text cachewarden_kind_name(cachewarden_kind kind)
{
    return name_of(kind_names, COUNT(kind_names), "kind", kind);
}

cachewarden_text cachewarden_role_name(cachewarden_role role)
{
    return name_of(role_names, COUNT(role_names), "role", role);
}

cachewarden_text cachewarden_facts_names(cachewarden_facts facts)
{
    cachewarden_text names[32];
    size_t count = 0;
    for (unsigned bit = 0; bit < 32; bit++)
        if (facts >> bit & 1)
            names[count++] = name_of(fact_names, COUNT(fact_names), "fact", bit);
    return count ? cachewarden_join((cachewarden_texts){names, count}, CACHEWARDEN_TEXT(",")) : CACHEWARDEN_TEXT("-");
}

bool cachewarden_parse_kind(cachewarden_text name, cachewarden_kind *kind)
{
    for (unsigned number = 0; number < COUNT(kind_names); number++)
        if (cachewarden_equal(name, text_of(kind_names[number]))) {
            *kind = number;
            return true;
        }
    const cachewarden_text prefix = CACHEWARDEN_TEXT("kind-");
    if (name.length <= prefix.length || !cachewarden_equal((cachewarden_text){name.data, prefix.length}, prefix))
        return false;
    unsigned long long number = 0;
    for (size_t index = prefix.length; index < name.length; index++) {
        if (name.data[index] < '0' || name.data[index] > '9')
            return false;
        number = number * 10 + (unsigned)(name.data[index] - '0');
        if (number > UINT_MAX)
            return false;
    }
    *kind = (cachewarden_kind)number;
    return true;
}

bool cachewarden_has_kind(cachewarden_kinds kinds, cachewarden_kind kind)
{
    for (size_t index = 0; index < kinds.count; index++)
        if (kinds.items[index] == kind)
            return true;
    return false;
}

cachewarden_reach cachewarden_default_reach(cachewarden_kind kind)
{
    const cachewarden_kinds shared = {shared_kinds, COUNT(shared_kinds)};
    return cachewarden_has_kind(shared, kind) ? CACHEWARDEN_REACH_SHARED : CACHEWARDEN_REACH_LOCAL;
}

static const cachewarden_label *find(const cachewarden_session *session, cachewarden_text name, bool verified)
{
    for (size_t index = 0; index < session->label_count; index++) {
        const cachewarden_label *label = &session->labels[index];
        if (label->verified == verified && cachewarden_equal(label->name, name))
            return label;
    }
    return NULL;
}

const cachewarden_label *cachewarden_find(const cachewarden_session *session, cachewarden_text name)
{
    const cachewarden_label *verified = find(session, name, true);
    return verified ? verified : find(session, name, false);
}

const cachewarden_label *cachewarden_find_verified(const cachewarden_session *session, cachewarden_text name)
{
    return find(session, name, true);
}

cachewarden_text cachewarden_default_scope(const cachewarden_session *session)
{
    const cachewarden_label *label = find(session, CACHEWARDEN_TEXT("cachewarden.scope"), true);
    return label ? label->value : CACHEWARDEN_TEXT("default");
}

void cachewarden_grant_write(cachewarden_grant *grant, cachewarden_text scope)
{
    grant->write = scope;
}

void cachewarden_grant_read(cachewarden_grant *grant, cachewarden_text scope)
{
    if (grant->read_count == CACHEWARDEN_MOST_SCOPES)
        cachewarden_panic("a grant may read at most %d scopes", CACHEWARDEN_MOST_SCOPES);
    grant->read[grant->read_count++] = scope;
}

void cachewarden_grant_default(cachewarden_grant *grant, const cachewarden_session *session)
{
    const cachewarden_text scope = cachewarden_default_scope(session);
    cachewarden_grant_write(grant, scope);
    cachewarden_grant_read(grant, scope);
}

cachewarden_refusal cachewarden_refuse_settings(const char *format, ...)
{
    FORMATTED(reason, format);
    return (cachewarden_refusal){CACHEWARDEN_REFUSAL_SETTINGS, reason};
}

cachewarden_refusal cachewarden_refuse_session(const char *format, ...)
{
    FORMATTED(reason, format);
    return (cachewarden_refusal){CACHEWARDEN_REFUSAL_SESSION, reason};
}

// ---- Settings -------------------------------------------------------------------------------------------------------
// A JSON reader for one flat object. The host hands over an object without duplicate fields or broken strings, so this
// looks for unknown fields and values of another type alone. Other texts, in a test, do no harm. A field that is not
// declared ends it, so nothing is ever skipped or nested: it takes time in proportion to the text, and no stack.

const cachewarden_field cachewarden_no_settings[] = {CACHEWARDEN_END_OF_FIELDS};

// What is left to read.
typedef struct reader {
    const char *at;
    const char *end;
} reader;

static void skip_space(reader *reader)
{
    while (reader->at < reader->end &&
           (*reader->at == ' ' || *reader->at == '\t' || *reader->at == '\n' || *reader->at == '\r'))
        reader->at++;
}

// Takes `byte` and the white space before it, if it is next.
static bool take(reader *reader, char byte)
{
    skip_space(reader);
    if (reader->at == reader->end || *reader->at != byte)
        return false;
    reader->at++;
    return true;
}

// Takes a word such as `null`, if it is next.
static bool take_word(reader *reader, const char *word)
{
    const size_t length = length_of(word);
    skip_space(reader);
    if ((size_t)(reader->end - reader->at) < length ||
        !cachewarden_equal((cachewarden_text){reader->at, length}, text_of(word)))
        return false;
    reader->at += length;
    return true;
}

// Four hexadecimal digits. The host writes control characters so, and every other one as it is: those are refused.
static bool take_control_character(reader *reader, sink *sink)
{
    unsigned number = 0;
    for (int count = 0; count < 4; count++, reader->at++) {
        if (reader->at == reader->end)
            return false;
        const char digit = *reader->at;
        if (digit >= '0' && digit <= '9')
            number = number * 16 + (unsigned)(digit - '0');
        else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')
            number = number * 16 + (unsigned)((digit | 0x20) - 'a' + 10);
        else
            return false;
    }
    put_byte(sink, (char)number);
    return number < 0x80;
}

// What follows a backslash.
static bool take_escape(reader *reader, sink *sink)
{
    if (reader->at == reader->end)
        return false;
    static const char escapes[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
    const char escape = *reader->at++;
    for (size_t index = 0; index < sizeof(escapes) - 1; index++)
        if (escape == escapes[index]) {
            put_byte(sink, meanings[index]);
            return true;
        }
    return escape == 'u' && take_control_character(reader, sink);
}

// Takes a JSON string; its text has room for the string as it is spelled, which is never shorter.
static bool take_text(reader *reader, cachewarden_text *text)
{
    if (!take(reader, '"'))
        return false;
    size_t longest = 0;
    while (longest < (size_t)(reader->end - reader->at) && reader->at[longest] != '"')
        longest += reader->at[longest] == '\\' ? 2 : 1;
    sink sink = {allocate(longest), 0};
    while (reader->at < reader->end) {
        const char byte = *reader->at++;
        if (byte == '"') {
            *text = (cachewarden_text){sink.data, sink.length};
            return true;
        }
        if (byte != '\\')
            put_byte(&sink, byte);
        else if (!take_escape(reader, &sink))
            return false;
    }
    return false;
}

// Takes a whole number of at most `most`, in plain digits.
static bool take_number(reader *reader, unsigned long long most, unsigned long long *number)
{
    skip_space(reader);
    const char *begin = reader->at;
    *number = 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        const unsigned digit = (unsigned)(*reader->at - '0');
        if (*number > (most - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return reader->at != begin;
}

static bool take_texts(reader *reader, cachewarden_texts *texts)
{
    if (!take(reader, '['))
        return false;
    // Items are gathered in pieces of memory twice as large each time.
    cachewarden_text *items = NULL;
    size_t count = 0, room = 0;
    if (!take(reader, ']')) {
        do {
            if (count == room) {
                cachewarden_text *larger = allocate((room = room ? room * 2 : 8) * sizeof(*items));
                for (size_t index = 0; index < count; index++)
                    larger[index] = items[index];
                items = larger;
            }
            if (!take_text(reader, &items[count++]))
                return false;
        } while (take(reader, ','));
        if (!take(reader, ']'))
            return false;
    }
    *texts = (cachewarden_texts){items, count};
    return true;
}

// Whether what was taken is followed by what may follow a value: `1` in `1.5` is not.
static bool value_ended(reader *reader)
{
    skip_space(reader);
    return reader->at < reader->end && (*reader->at == ',' || *reader->at == '}');
}

// What is wrong with a value that was read; no text where nothing is.
static cachewarden_text checked(bool right, const char *expected)
{
    return right ? (cachewarden_text){NULL, 0} : cachewarden_format("expected %s", expected);
}

static cachewarden_text fill_kinds(reader *reader, cachewarden_kinds *kinds)
{
    cachewarden_texts names;
    if (!take_texts(reader, &names))
        return checked(false, "a list of kinds");
    cachewarden_kind *items = allocate(names.count * sizeof(*items));
    for (size_t index = 0; index < names.count; index++)
        if (!cachewarden_parse_kind(names.items[index], &items[index]))
            return cachewarden_format("`%.*s` is no kind", CACHEWARDEN_PRINT(names.items[index]));
    *kinds = (cachewarden_kinds){items, names.count};
    return checked(true, NULL);
}

// Fills the variable of a field. Says what is wrong where that cannot be.
static cachewarden_text fill(reader *reader, const cachewarden_field *field)
{
    unsigned long long number = 0;
    bool right = false;
    switch (field->kind) {
    case CACHEWARDEN_FIELD_BOOL:
        right = take_word(reader, "true");
        *(bool *)field->address = right;
        return checked(right || take_word(reader, "false"), "true or false");
    case CACHEWARDEN_FIELD_UNSIGNED:
        right = take_number(reader, UINT_MAX, &number);
        *(unsigned *)field->address = (unsigned)number;
        return checked(right, "a whole number from 0 to 4294967295");
    case CACHEWARDEN_FIELD_LONG:
        right = take_number(reader, ULLONG_MAX, field->address);
        return checked(right, "a whole number from 0 to 18446744073709551615");
    case CACHEWARDEN_FIELD_TEXT:
        return checked(take_text(reader, field->address), "a text");
    case CACHEWARDEN_FIELD_NULLABLE_TEXT:
        right = take_word(reader, "null");
        if (right)
            *(cachewarden_text *)field->address = (cachewarden_text){NULL, 0};
        return checked(right || take_text(reader, field->address), "a text or null");
    case CACHEWARDEN_FIELD_TEXTS:
        return checked(take_texts(reader, field->address), "a list of texts");
    case CACHEWARDEN_FIELD_KINDS:
        return fill_kinds(reader, field->address);
    }
    return checked(false, "a type that cachewarden.h knows");
}

static cachewarden_refusal unknown_field(const cachewarden_field *fields, cachewarden_text name)
{
    cachewarden_text known = {NULL, 0};
    for (const cachewarden_field *field = fields; field->name; field++)
        known = cachewarden_format("%.*s%s`%s`", CACHEWARDEN_PRINT(known), known.length ? ", " : "", field->name);
    if (!known.length)
        return cachewarden_refuse_settings("unknown field `%.*s`: this policy has no settings",
                                           CACHEWARDEN_PRINT(name));
    return cachewarden_refuse_settings("unknown field `%.*s`, expected one of %.*s", CACHEWARDEN_PRINT(name),
                                       CACHEWARDEN_PRINT(known));
}

static cachewarden_refusal read_settings(cachewarden_text text, const cachewarden_field *fields)
{
    reader reader = {text.data, text.data + text.length};
    if (!take(&reader, '{'))
        return cachewarden_refuse_settings("expected a JSON object, such as `{}`");
    if (take(&reader, '}'))
        return CACHEWARDEN_GRANTED;
    do {
        cachewarden_text name;
        if (!take_text(&reader, &name) || !take(&reader, ':'))
            return cachewarden_refuse_settings("expected a field as in `{\"name\": value}` at byte %zu",
                                               (size_t)(reader.at - text.data));
        const cachewarden_field *field = fields;
        while (field->name && !cachewarden_equal(name, text_of(field->name)))
            field++;
        if (!field->name)
            return unknown_field(fields, name);
        cachewarden_text wrong = fill(&reader, field);
        if (!wrong.length)
            wrong = checked(value_ended(&reader), "`,` or `}` after it");
        if (wrong.length)
            return cachewarden_refuse_settings("`%s`: %.*s, at byte %zu", field->name, CACHEWARDEN_PRINT(wrong),
                                               (size_t)(reader.at - text.data));
    } while (take(&reader, ','));
    return CACHEWARDEN_GRANTED;
}

// ---- Opening --------------------------------------------------------------------------------------------------------

cachewarden_refusal cachewarden_open(const cachewarden_session *session, const cachewarden_field *fields,
                                     cachewarden_open_function *function, cachewarden_grant *grant)
{
    *grant = (cachewarden_grant){0};
    const cachewarden_refusal wrong = read_settings(session->settings, fields);
    return wrong.kind ? wrong : function(session, grant);
}

#ifdef __wasm__

// What the host passes is read where it lies: these are the layouts of the component model's canonical ABI.
_Static_assert(sizeof(cachewarden_text) == 8, "string: pointer, length");
_Static_assert(sizeof(cachewarden_label) == 36 && offsetof(cachewarden_label, verified) == 32, "label");

// `result<grant, refusal>` as the canonical ABI lays it out: a tag, then one of the two.
typedef struct opened {
    uint8_t refused;
    union {
        struct {
            uint8_t writes;
            cachewarden_text write;
            cachewarden_texts read;
            uint32_t lifetime;
            cachewarden_kinds admit;
        } grant;
        struct {
            uint8_t of_session;
            cachewarden_text reason;
        } refusal;
    };
} opened;
_Static_assert(sizeof(opened) == 36 && offsetof(opened, grant.lifetime) == 24, "result<grant, refusal>");

const void *cachewarden_answer_open(const cachewarden_session *session, const cachewarden_field *fields,
                                    cachewarden_open_function *function)
{
    static cachewarden_grant grant;
    static opened answer;
    const cachewarden_refusal refusal = cachewarden_open(session, fields, function, &grant);
    answer.refused = refusal.kind != CACHEWARDEN_REFUSAL_NONE;
    if (answer.refused) {
        answer.refusal.of_session = refusal.kind == CACHEWARDEN_REFUSAL_SESSION;
        answer.refusal.reason = refusal.reason;
    } else {
        answer.grant.writes = grant.write.data != NULL;
        answer.grant.write = grant.write;
        answer.grant.read = (cachewarden_texts){grant.read, grant.read_count};
        answer.grant.lifetime = grant.lifetime;
        answer.grant.admit = grant.admit;
    }
    question_base = heap_end;
    return &answer;
}

#endif

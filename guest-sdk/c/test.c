// Tests of the SDK that need no WebAssembly: `make test`. Silent where all is well, else the failed line.
#include "cachewarden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "test.c:%d: not so: %s\n", __LINE__, #condition);                                          \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

static cachewarden_text text_of(const char *literal)
{
    return (cachewarden_text){literal, strlen(literal)};
}

static bool is(cachewarden_text text, const char *expected)
{
    return cachewarden_equal(text, text_of(expected));
}

static bool holds(cachewarden_text text, const char *part)
{
    for (size_t begin = 0; begin + strlen(part) <= text.length; begin++)
        if (memcmp(text.data + begin, part, strlen(part)) == 0)
            return true;
    return false;
}

static void patterns_match_whole_names(void)
{
    static const char *const matching[][2] = {
        {"", ""}, {"main", "main"}, {"*", ""}, {"*", "refs/heads/main"}, {"**", "a"}, {"refs/*", "refs/"},
        {"refs/*/merge", "refs/pull/17/merge"}, {"*/main", "refs/heads/main"}, {"a*b*c", "a-b-b-c"},
        {"a*bc*c", "abcbcc"}, {"*ä*", "bär"},
    };
    static const char *const differing[][2] = {
        {"", "main"}, {"main", ""}, {"main", "Main"}, {"main", "main2"}, {"m?in", "main"}, {"refs/*", "ref"},
        {"*/main", "refs/heads/main/fix"}, {"ab*bc", "abc"}, {"a*b*b", "ab"},
    };
    for (size_t index = 0; index < sizeof(matching) / sizeof(*matching); index++)
        CHECK(cachewarden_matches(CACHEWARDEN_TEXTS(text_of(matching[index][0])), text_of(matching[index][1])));
    for (size_t index = 0; index < sizeof(differing) / sizeof(*differing); index++)
        CHECK(!cachewarden_matches(CACHEWARDEN_TEXTS(text_of(differing[index][0])), text_of(differing[index][1])));
    CHECK(!cachewarden_matches((cachewarden_texts){NULL, 0}, text_of("")));
}

static void formats_are_those_of_printf(void)
{
    const cachewarden_text part = {"main-and-more", 4};
    CHECK(is(cachewarden_format("%s %.*s%% %c", "a", CACHEWARDEN_PRINT(part), 'z'), "a main% z"));
    CHECK(is(cachewarden_format("%d %d %u %x", -2147483647 - 1, 7, 4294967295u, 255u), "-2147483648 7 4294967295 ff"));
    CHECK(is(cachewarden_format("%llu %llx %zu %lu", 18446744073709551615ull, 1ull << 63, sizeof(char), 5ul),
             "18446744073709551615 8000000000000000 1 5"));
    CHECK(is(cachewarden_format("%s", ""), ""));
    const cachewarden_digest digest = {{0x0123456789abcdef, 0, 0, 0xff}};
    CHECK(is(cachewarden_hex(&digest), "0123456789abcdef0000000000000000000000000000000000000000000000ff"));
    const cachewarden_texts texts =
        CACHEWARDEN_TEXTS(CACHEWARDEN_TEXT("a"), CACHEWARDEN_TEXT(""), CACHEWARDEN_TEXT("b"));
    CHECK(is(cachewarden_join(texts, CACHEWARDEN_TEXT(", ")), "a, , b"));
}

static bool flag;
static unsigned days;
static unsigned long long largest;
static cachewarden_text label, write;
static cachewarden_texts trusted;
static cachewarden_kinds kinds;
static const cachewarden_field fields[] = {
    CACHEWARDEN_FIELD("flag", &flag),       CACHEWARDEN_FIELD("days", &days),
    CACHEWARDEN_FIELD("largest", &largest), CACHEWARDEN_FIELD("label", &label),
    CACHEWARDEN_FIELD("trusted", &trusted), CACHEWARDEN_NULLABLE_FIELD("write", &write),
    CACHEWARDEN_FIELD("kinds", &kinds),     CACHEWARDEN_END_OF_FIELDS,
};

static cachewarden_refusal open(const cachewarden_session *session, cachewarden_grant *grant)
{
    cachewarden_grant_default(grant, session);
    return CACHEWARDEN_GRANTED;
}

CACHEWARDEN_EXPORT_OPEN(open, fields)

// Opens with settings that end where their memory does, so that a byte read after them is found.
static cachewarden_refusal open_with(const char *settings, size_t length)
{
    char *exact = malloc(length ? length : 1);
    memcpy(exact, settings, length);
    const cachewarden_session session = {.settings = {exact, length}};
    cachewarden_grant grant;
    const cachewarden_refusal refusal = cachewarden_open(&session, fields, open, &grant);
    free(exact);
    return refusal;
}

static const char good[] =
    " {\"flag\" : true, \"days\":4294967295,\"largest\":18446744073709551615,\r\n\t"
    "\"label\":\"a\\\"\\\\\\/\\n\\u001f\xc3\xa4\xf0\x9f\xa6\x80\",\"trusted\":[ \"a*\" , \"\" ],\"write\":null,"
    "\"kinds\":[\"empty\",\"kind-4242\"]} ";

static void good_settings_are_read(void)
{
    write = text_of("before");
    CHECK(open_with(good, strlen(good)).kind == CACHEWARDEN_REFUSAL_NONE);
    CHECK(flag && days == 4294967295u && largest == 18446744073709551615ull && !write.data);
    CHECK(is(label, "a\"\\/\n\x1fä🦀"));
    CHECK(trusted.count == 2 && is(trusted.items[0], "a*") && is(trusted.items[1], ""));
    CHECK(kinds.count == 2 && kinds.items[0] == CACHEWARDEN_KIND_EMPTY && kinds.items[1] == 4242);
    CHECK(open_with("{\"write\":\"\",\"trusted\":[]}", 25).kind == CACHEWARDEN_REFUSAL_NONE);
    CHECK(write.data && write.length == 0 && trusted.count == 0 && days == 4294967295u);
    const char *many = "{\"trusted\":[\"0\",\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"]}";
    CHECK(open_with(many, strlen(many)).kind == CACHEWARDEN_REFUSAL_NONE);
    CHECK(trusted.count == 10 && is(trusted.items[9], "9"));
}

static void wrong_settings_are_refused_by_name(void)
{
    static const char *const cases[][2] = {
        {"{\"label\": 3}", "`label`: expected a text"},
        {"{\"label\": null}", "`label`: expected a text"},
        {"{\"write\": 1}", "`write`: expected a text or null"},
        {"{\"trusted\": \"main\"}", "`trusted`: expected a list of texts"},
        {"{\"trusted\": [\"a\", null]}", "`trusted`"},
        {"{\"days\": -1}", "`days`: expected a whole number"},
        {"{\"days\": 4294967296}", "`days`: expected a whole number"},
        {"{\"days\": 1.5}", "`days`"},
        {"{\"days\": 1e3}", "`days`"},
        {"{\"days\": 10000000000000000000000}", "`days`"},
        {"{\"largest\": 18446744073709551616}", "`largest`"},
        {"{\"flag\": \"true\"}", "`flag`: expected true or false"},
        {"{\"flag\": 1}", "`flag`: expected true or false"},
        {"{\"kinds\": [\"empty\", \"archive\"]}", "`kinds`: `archive` is no kind"},
        {"{\"kinds\": \"empty\"}", "`kinds`: expected a list of kinds"},
        {"{\"kinds\": [2]}", "`kinds`: expected a list of kinds"},
        {"{\"trustd\": []}", "unknown field `trustd`, expected one of `flag`, `days`"},
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(*cases); index++) {
        const cachewarden_refusal refusal = open_with(cases[index][0], strlen(cases[index][0]));
        if (refusal.kind != CACHEWARDEN_REFUSAL_SETTINGS || !holds(refusal.reason, cases[index][1])) {
            fprintf(stderr, "%s: %.*s\n", cases[index][0], CACHEWARDEN_PRINT(refusal.reason));
            exit(1);
        }
    }
}

// Every beginning of good settings, and every one of them with one byte changed, is read or refused and nothing worse:
// the sanitizers watch.
static void broken_settings_do_no_harm(void)
{
    char broken[sizeof(good)];
    for (size_t length = 0; length < strlen(good); length++) {
        open_with(good, length);
        for (const char *byte = "\"\\u{}[],:0ed \x01\xff"; *byte; byte++) {
            memcpy(broken, good, sizeof(good));
            broken[length] = *byte;
            open_with(broken, strlen(good));
        }
    }
}

static void words_are_the_contracts(void)
{
    CHECK(is(cachewarden_kind_name(CACHEWARDEN_KIND_OTHER), "other"));
    CHECK(is(cachewarden_kind_name(CACHEWARDEN_KIND_PGO_PROFILE), "pgo-profile"));
    CHECK(is(cachewarden_kind_name(4294967295u), "kind-4294967295"));
    CHECK(is(cachewarden_role_name(CACHEWARDEN_ROLE_COVER_PROFILE), "cover-profile"));
    CHECK(is(cachewarden_role_name(77), "role-77"));
    CHECK(is(cachewarden_facts_names(0), "-"));
    CHECK(is(cachewarden_facts_names(CACHEWARDEN_FACT_BUILD_ID_MATCHES | 1u << 9 | 1u << 31),
             "build-id-matches,fact-9,fact-31"));

    static const char *const wrong[] = {"", "archive", "Empty", "empty2", "kind-", "kind-x", "kind--1", "kind-4294967296",
                                        "kind-18446744073709551617", "role-1"};
    cachewarden_kind kind;
    for (size_t index = 0; index < sizeof(wrong) / sizeof(*wrong); index++)
        CHECK(!cachewarden_parse_kind(text_of(wrong[index]), &kind));
    for (cachewarden_kind number = 0; number < 20; number++)
        CHECK(cachewarden_parse_kind(cachewarden_kind_name(number), &kind) && kind == number);
    CHECK(cachewarden_parse_kind(text_of("kind-4294967295"), &kind) && kind == 4294967295u);
}

static void what_others_cannot_use_stays_here_by_default(void)
{
    CHECK(cachewarden_default_reach(CACHEWARDEN_KIND_MODULE_INDEX) == CACHEWARDEN_REACH_LOCAL);
    CHECK(cachewarden_default_reach(CACHEWARDEN_KIND_FIX_ARCHIVE) == CACHEWARDEN_REACH_LOCAL);
    CHECK(cachewarden_default_reach(CACHEWARDEN_KIND_PACKAGE_ARCHIVE) == CACHEWARDEN_REACH_SHARED);
    CHECK(cachewarden_default_reach(4242) == CACHEWARDEN_REACH_LOCAL);
}

static void what_is_proved_stands_before_what_is_claimed(void)
{
    const cachewarden_text ref = CACHEWARDEN_TEXT("ref");
    const cachewarden_label labels[] = {
        {.name = ref, .value = CACHEWARDEN_TEXT("claimed")},
        {.name = ref, .value = CACHEWARDEN_TEXT("proved"), .verified = true},
        {.name = CACHEWARDEN_TEXT("cachewarden.scope"), .value = CACHEWARDEN_TEXT("mine")},
        {.name = CACHEWARDEN_TEXT("cachewarden.scope"), .value = CACHEWARDEN_TEXT("nightly"), .verified = true},
    };
    cachewarden_session session = {.labels = labels, .label_count = 1, .settings = CACHEWARDEN_TEXT("{}")};
    CHECK(is(cachewarden_find(&session, ref)->value, "claimed") && !cachewarden_find_verified(&session, ref));
    session.label_count = 3;
    CHECK(is(cachewarden_find(&session, ref)->value, "proved"));
    CHECK(is(cachewarden_default_scope(&session), "default"));
    session.label_count = 4;
    cachewarden_grant grant;
    CHECK(cachewarden_enter_open(&session, &grant).kind == CACHEWARDEN_REFUSAL_NONE);
    CHECK(is(grant.write, "nightly") && grant.read_count == 1 && is(grant.read[0], "nightly") && grant.lifetime == 0);
}

static void about_one_in_ten_is_drawn_and_seeds_draw_apart(void)
{
    unsigned once = 0, twice = 0;
    for (unsigned long long word = 1; word <= 10000; word++) {
        const cachewarden_digest action = {{word, 0, 0, 0}};
        const bool drawn = cachewarden_draws(10, 0x5eed, &action);
        once += drawn;
        twice += drawn && cachewarden_draws(10, 0xbead, &action);
        CHECK(!cachewarden_draws(0, 7, &action) && cachewarden_draws(1, 7, &action));
    }
    CHECK(once > 800 && once < 1200 && twice > 60 && twice < 140);
}

int main(void)
{
    patterns_match_whole_names();
    formats_are_those_of_printf();
    good_settings_are_read();
    wrong_settings_are_refused_by_name();
    broken_settings_do_no_harm();
    words_are_the_contracts();
    what_others_cannot_use_stays_here_by_default();
    what_is_proved_stands_before_what_is_claimed();
    about_one_in_ten_is_drawn_and_seeds_draw_apart();
}

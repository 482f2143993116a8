// Logs its inputs, and computes its answers from numbers: see ../README.md.
#include "cachewarden.h"

static cachewarden_text write;
static cachewarden_texts read;
static unsigned lifetime;
static cachewarden_kinds admit;
static cachewarden_text refuse;

static const cachewarden_field settings[] = {
    CACHEWARDEN_NULLABLE_FIELD("write", &write),
    CACHEWARDEN_FIELD("read", &read),
    CACHEWARDEN_FIELD("lifetime", &lifetime),
    CACHEWARDEN_FIELD("admit", &admit),
    CACHEWARDEN_FIELD("refuse", &refuse),
    CACHEWARDEN_END_OF_FIELDS,
};

static cachewarden_text joined(cachewarden_texts texts)
{
    return cachewarden_join(texts, CACHEWARDEN_TEXT(","));
}

static cachewarden_refusal open(const cachewarden_session *session, cachewarden_grant *grant)
{
    const bool refuses_settings = cachewarden_equal(refuse, CACHEWARDEN_TEXT("settings"));
    if (refuse.data && !refuses_settings && !cachewarden_equal(refuse, CACHEWARDEN_TEXT("session")))
        return cachewarden_refuse_settings("`refuse`: expected `settings` or `session`");
    if (session->started == 666)
        cachewarden_panic("as told");
    cachewarden_debug("session started=%llu seed=%llu readable=%.*s writable=%.*s", session->started, session->seed,
                      CACHEWARDEN_PRINT(joined(session->readable)), CACHEWARDEN_PRINT(joined(session->writable)));
    for (size_t index = 0; index < session->label_count; index++) {
        const cachewarden_label *label = &session->labels[index];
        cachewarden_info("label %.*s=%.*s scope=%.*s hash=%.*s verified=%s", CACHEWARDEN_PRINT(label->name),
                         CACHEWARDEN_PRINT(label->value), CACHEWARDEN_PRINT(label->scope),
                         CACHEWARDEN_PRINT(label->hash), label->verified ? "true" : "false");
    }
    if (refuse.data) {
        cachewarden_warn("refusing");
        return refuses_settings ? cachewarden_refuse_settings("as told") : cachewarden_refuse_session("as told");
    }
    cachewarden_grant_write(grant, write);
    for (size_t index = 0; index < read.count; index++)
        cachewarden_grant_read(grant, read.items[index]);
    grant->lifetime = lifetime;
    grant->admit = admit;
    return CACHEWARDEN_GRANTED;
}

static cachewarden_lookup get(const cachewarden_candidate *candidate)
{
    cachewarden_debug("get action=%.*s output=%.*s size=%llu age=%llu scope=%u kind=%.*s role=%.*s facts=%.*s",
                      CACHEWARDEN_PRINT(cachewarden_hex(&candidate->action)),
                      CACHEWARDEN_PRINT(cachewarden_hex(&candidate->output)), candidate->size, candidate->age,
                      candidate->scope, CACHEWARDEN_PRINT(cachewarden_kind_name(candidate->kind)),
                      CACHEWARDEN_PRINT(cachewarden_role_name(candidate->role)),
                      CACHEWARDEN_PRINT(cachewarden_facts_names(candidate->facts)));
    if (candidate->age == 666)
        cachewarden_panic("as told");
    static const cachewarden_lookup verdicts[] = {CACHEWARDEN_LOOKUP_HIT, CACHEWARDEN_LOOKUP_HIT_VERIFIED,
                                                  CACHEWARDEN_LOOKUP_SKIP, CACHEWARDEN_LOOKUP_MISS,
                                                  CACHEWARDEN_LOOKUP_AUDIT};
    return verdicts[candidate->age % 5];
}

static cachewarden_reach put(const cachewarden_offer *offer)
{
    cachewarden_debug("put action=%.*s output=%.*s size=%llu kind=%.*s role=%.*s facts=%.*s",
                      CACHEWARDEN_PRINT(cachewarden_hex(&offer->action)),
                      CACHEWARDEN_PRINT(cachewarden_hex(&offer->output)), offer->size,
                      CACHEWARDEN_PRINT(cachewarden_kind_name(offer->kind)),
                      CACHEWARDEN_PRINT(cachewarden_role_name(offer->role)),
                      CACHEWARDEN_PRINT(cachewarden_facts_names(offer->facts)));
    if (offer->size == 666)
        cachewarden_panic("as told");
    static const cachewarden_reach verdicts[] = {CACHEWARDEN_REACH_EPHEMERAL, CACHEWARDEN_REACH_LOCAL,
                                                 CACHEWARDEN_REACH_SHARED};
    return verdicts[offer->size % 3];
}

static void close(const cachewarden_totals *totals)
{
    cachewarden_info("close gets=%llu hits=%llu refused-gets=%llu puts=%llu refused-puts=%llu bytes-put=%llu "
                     "diverged=%llu",
                     totals->gets, totals->hits, totals->refused_gets, totals->puts, totals->refused_puts,
                     totals->bytes_put, totals->diverged);
}

CACHEWARDEN_EXPORT_OPEN(open, settings)
CACHEWARDEN_EXPORT_GET(get)
CACHEWARDEN_EXPORT_PUT(put)
CACHEWARDEN_EXPORT_CLOSE(close)

// Builds of trusted refs fill `main` of their repository. Every other build reads it too, but writes a scope of its
// own, so that no trusted build uses what a pull request has made.
#include "cachewarden.h"

// The longest name that a scope can have.
#define LONGEST_SCOPE 96

// The label that names the ref being built.
static cachewarden_text ref = CACHEWARDEN_TEXT("GITHUB_REF");

// The label that names the repository; no text: the store is for one repository.
static cachewarden_text repository = CACHEWARDEN_TEXT("GITHUB_REPOSITORY");

// The label that names the event; no text: events are ignored.
static cachewarden_text event = CACHEWARDEN_TEXT("GITHUB_EVENT_NAME");

// The refs whose builds may write `main`.
static cachewarden_texts trusted =
    CACHEWARDEN_TEXTS(CACHEWARDEN_TEXT("refs/heads/main"), CACHEWARDEN_TEXT("refs/heads/master"));

// The events whose builds may write `main`.
static cachewarden_texts events =
    CACHEWARDEN_TEXTS(CACHEWARDEN_TEXT("push"), CACHEWARDEN_TEXT("schedule"), CACHEWARDEN_TEXT("workflow_dispatch"));

// Whether labels that the host did not verify are ignored.
static bool verified = false;

// The kinds that are accepted from `main` in a build that does not write it.
static cachewarden_kinds kinds =
    CACHEWARDEN_KINDS(CACHEWARDEN_KIND_EMPTY, CACHEWARDEN_KIND_PACKAGE_ARCHIVE, CACHEWARDEN_KIND_FILE_LIST,
                      CACHEWARDEN_KIND_TEST_RECORD, CACHEWARDEN_KIND_ANALYSIS_FACTS, CACHEWARDEN_KIND_GENERATED_SOURCE,
                      CACHEWARDEN_KIND_COVERAGE_META, CACHEWARDEN_KIND_PROBE, CACHEWARDEN_KIND_TOOL_OUTPUT,
                      CACHEWARDEN_KIND_ANALYSIS_RESULT, CACHEWARDEN_KIND_PGO_PROFILE);

static const cachewarden_field settings[] = {
    CACHEWARDEN_FIELD("ref", &ref),
    CACHEWARDEN_NULLABLE_FIELD("repository", &repository),
    CACHEWARDEN_NULLABLE_FIELD("event", &event),
    CACHEWARDEN_FIELD("trusted", &trusted),
    CACHEWARDEN_FIELD("events", &events),
    CACHEWARDEN_FIELD("verified", &verified),
    CACHEWARDEN_FIELD("kinds", &kinds),
    CACHEWARDEN_END_OF_FIELDS,
};

// Whether the session writes a scope, which is then the first that it reads.
static bool writes;

static const cachewarden_label *find(const cachewarden_session *session, cachewarden_text name)
{
    return verified ? cachewarden_find_verified(session, name) : cachewarden_find(session, name);
}

static bool is_trusted(const cachewarden_session *session, const cachewarden_label *git_ref)
{
    if (event.data) {
        const cachewarden_label *started_by = find(session, event);
        if (!started_by)
            cachewarden_warn("no label %.*s: set the variable and pass --label-env %.*s, or set event to null where events do not matter; "
                             "until then no build writes main",
                             CACHEWARDEN_PRINT(event), CACHEWARDEN_PRINT(event));
        if (!started_by || !cachewarden_matches(events, started_by->value))
            return false;
    }
    return cachewarden_matches(trusted, git_ref->value);
}

// The scope of one ref of one repository. `_-` cannot occur within a label's scope part, so two pairs never meet.
static cachewarden_text own_scope(const cachewarden_label *of, const cachewarden_label *git_ref)
{
    if (!of)
        return cachewarden_format("ref-%.*s", CACHEWARDEN_PRINT(git_ref->scope));
    const cachewarden_text scope =
        cachewarden_format("ref-%.*s_-%.*s", CACHEWARDEN_PRINT(of->scope), CACHEWARDEN_PRINT(git_ref->scope));
    if (scope.length <= LONGEST_SCOPE)
        return scope;
    return cachewarden_format("long-%.*s-%.*s", CACHEWARDEN_PRINT(of->hash), CACHEWARDEN_PRINT(git_ref->hash));
}

static cachewarden_refusal open(const cachewarden_session *session, cachewarden_grant *grant)
{
    const cachewarden_label *of = NULL;
    cachewarden_text shared = CACHEWARDEN_TEXT("main");
    if (repository.data) {
        of = find(session, repository);
        if (!of) {
            cachewarden_warn("no label %.*s: set the variable and pass --label-env %.*s, or set repository to null where the store is for "
                             "one repository",
                             CACHEWARDEN_PRINT(repository), CACHEWARDEN_PRINT(repository));
            return CACHEWARDEN_GRANTED;
        }
        shared = cachewarden_format("main-%.*s", CACHEWARDEN_PRINT(of->scope));
    }
    const cachewarden_label *git_ref = find(session, ref);
    if (!git_ref)
        cachewarden_warn("no label %.*s: set the variable and pass --label-env %.*s; until then this build writes nothing",
                         CACHEWARDEN_PRINT(ref), CACHEWARDEN_PRINT(ref));
    if (git_ref && is_trusted(session, git_ref)) {
        cachewarden_grant_write(grant, shared);
    } else if (git_ref) {
        const cachewarden_text own = own_scope(of, git_ref);
        cachewarden_grant_write(grant, own);
        cachewarden_grant_read(grant, own);
    }
    cachewarden_grant_read(grant, shared);
    writes = git_ref != NULL;
    return CACHEWARDEN_GRANTED;
}

static cachewarden_lookup get(const cachewarden_candidate *candidate)
{
    if (writes && candidate->scope == 0)
        return CACHEWARDEN_LOOKUP_HIT;
    const bool proved =
        candidate->kind != CACHEWARDEN_KIND_PACKAGE_ARCHIVE || candidate->facts & CACHEWARDEN_FACT_BUILD_ID_MATCHES;
    return proved && cachewarden_has_kind(kinds, candidate->kind) ? CACHEWARDEN_LOOKUP_HIT : CACHEWARDEN_LOOKUP_SKIP;
}

CACHEWARDEN_EXPORT_OPEN(open, settings)
CACHEWARDEN_EXPORT_GET(get)

// Builds of trusted refs fill `main`. Every other build reads it too, but writes a scope of its own, so that
// nothing a pull request makes reaches a trusted build.
#include "cachewarden.h"

// The label that names the ref being built.
static cachewarden_text label = CACHEWARDEN_TEXT("GITHUB_REF");

// The refs whose builds may write `main`.
static cachewarden_texts trusted =
    CACHEWARDEN_TEXTS(CACHEWARDEN_TEXT("refs/heads/main"), CACHEWARDEN_TEXT("refs/heads/master"));

static const cachewarden_field settings[] = {
    CACHEWARDEN_FIELD("label", &label),
    CACHEWARDEN_FIELD("trusted", &trusted),
    CACHEWARDEN_END_OF_FIELDS,
};

static cachewarden_refusal open(const cachewarden_session *session, cachewarden_grant *grant)
{
    const cachewarden_text shared = CACHEWARDEN_TEXT("main");
    const cachewarden_label *git_ref = cachewarden_find(session, label);
    if (!git_ref) {
        cachewarden_grant_read(grant, shared);
        return CACHEWARDEN_GRANTED;
    }
    if (cachewarden_matches(trusted, git_ref->value)) {
        cachewarden_grant_write(grant, shared);
        cachewarden_grant_read(grant, shared);
        return CACHEWARDEN_GRANTED;
    }
    const cachewarden_text own = cachewarden_format("ref-%.*s", CACHEWARDEN_PRINT(git_ref->scope));
    cachewarden_grant_write(grant, own);
    cachewarden_grant_read(grant, own);
    cachewarden_grant_read(grant, shared);
    return CACHEWARDEN_GRANTED;
}

CACHEWARDEN_EXPORT_OPEN(open, settings)

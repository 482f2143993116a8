// {{name}}: large objects stay on the machine that made them, and so do those that no other machine can use.
#include "cachewarden.h"

// Objects of more bytes than this stay on the machine.
static unsigned long long largest = 10000000;

static const cachewarden_field settings[] = {
    CACHEWARDEN_FIELD("largest", &largest),
    CACHEWARDEN_END_OF_FIELDS,
};

static cachewarden_refusal open(const cachewarden_session *session, cachewarden_grant *grant)
{
    cachewarden_grant_default(grant, session);
    return CACHEWARDEN_GRANTED;
}

static cachewarden_reach put(const cachewarden_offer *offer)
{
    return offer->size > largest ? CACHEWARDEN_REACH_LOCAL : cachewarden_default_reach(offer->kind);
}

CACHEWARDEN_EXPORT_OPEN(open, settings)
CACHEWARDEN_EXPORT_PUT(put)

/++
 Logs its inputs, and computes its answers from numbers: see ../README.md.

 There is no SDK for D: `contract` and `settings` are those of the example, whose README.md describes them. To build it:
 ---
 cd examples/trusted-branches/d && ldc2 @wasm.rsp -of=mirror.wasm ../../../guest-sdk/conformance/d/mirror.d
 ---
+/
module mirror;

import contract;
import settings;

struct Settings
{
    NullableText write;
    const(char)[][] read;
    uint lifetime;
    const(uint)[] admit;
    const(char)[] refuse;
}

/// Texts, with commas between them.
struct Joined
{
    const(Text)[] texts;

    void toString(scope void function(const(char)[]) sink) const
    {
        foreach (index, text; texts)
        {
            if (index)
                sink(",");
            sink(text);
        }
    }
}

/// The facts that hold, by their bits.
struct Facts
{
    uint bits;

    void toString(scope void function(const(char)[]) sink) const
    {
        foreach (fact; 0 .. 32)
        {
            if (!(bits >> fact & 1))
                continue;
            if (bits & (1u << fact) - 1)
                sink(",");
            Named(factNames, "fact", fact).toString(sink);
        }
        if (!bits)
            sink("-");
    }
}

export extern (C) Answer* open(ulong started, ulong seed, const(Label)* labels, size_t labelCount,
    const(Text)* readable, size_t readableCount, const(Text)* writable, size_t writableCount,
    char* json, size_t jsonLength)
{
    Settings settings;
    if (const wrong = readSettings(json[0 .. jsonLength], settings))
        return refuseSettings(wrong);
    if (settings.refuse !is null && settings.refuse != "settings" && settings.refuse != "session")
        return refuseSettings("`refuse`: expected `settings` or `session`");

    assert(started != 666, "as told");
    log(Level.debug_, "session started=", started, " seed=", seed, " readable=",
        Joined(readable[0 .. readableCount]), " writable=", Joined(writable[0 .. writableCount]));
    foreach (ref label; labels[0 .. labelCount])
        log(Level.info, "label ", label.name, "=", label.value, " scope=", label.scope_, " hash=",
            label.hash, " verified=", label.verified ? "true" : "false");
    if (settings.refuse !is null)
    {
        log(Level.warn, "refusing");
        return settings.refuse == "settings" ? refuseSettings("as told") : refuseSession("as told");
    }
    auto answer = grant(settings.write, settings.read);
    answer.grant.lifetime = settings.lifetime;
    answer.grant.admit(settings.admit);
    return answer;
}

export extern (C) Lookup get(ulong actionA, ulong actionB, ulong actionC, ulong actionD,
    ulong outputA, ulong outputB, ulong outputC, ulong outputD,
    ulong size, ulong age, uint scope_, uint kind, uint role, uint facts)
{
    log(Level.debug_, "get action=", Digest(actionA, actionB, actionC, actionD),
        " output=", Digest(outputA, outputB, outputC, outputD), " size=", size, " age=", age,
        " scope=", scope_, " kind=", Named(kindNames, "kind", kind), " role=", Named(roleNames, "role", role),
        " facts=", Facts(facts));
    assert(age != 666, "as told");
    static immutable verdicts = [Lookup.hit, Lookup.hitVerified, Lookup.skip, Lookup.miss, Lookup.audit];
    return verdicts[age % 5];
}

export extern (C) Reach put(ulong actionA, ulong actionB, ulong actionC, ulong actionD,
    ulong outputA, ulong outputB, ulong outputC, ulong outputD, ulong size, uint kind, uint role,
    uint facts)
{
    log(Level.debug_, "put action=", Digest(actionA, actionB, actionC, actionD),
        " output=", Digest(outputA, outputB, outputC, outputD), " size=", size,
        " kind=", Named(kindNames, "kind", kind), " role=", Named(roleNames, "role", role), " facts=", Facts(facts));
    assert(size != 666, "as told");
    static immutable verdicts = [Reach.ephemeral, Reach.local, Reach.shared_];
    return verdicts[size % 3];
}

export extern (C) void close(ulong gets, ulong hits, ulong refusedGets, ulong puts, ulong refusedPuts,
    ulong bytesPut, ulong diverged)
{
    log(Level.info, "close gets=", gets, " hits=", hits, " refused-gets=", refusedGets, " puts=", puts,
        " refused-puts=", refusedPuts, " bytes-put=", bytesPut, " diverged=", diverged);
}

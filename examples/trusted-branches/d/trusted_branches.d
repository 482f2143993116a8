/++
 Builds of trusted refs fill `main` of their repository. Every other build reads it too, but writes a scope of its own,
 so that no trusted build uses what a pull request has made.
+/
module trusted_branches;

import contract;
import settings : NullableText, readSettings;

/// The longest name that a scope can have.
enum longestScope = 96;

/// What the operator may set.
struct Settings
{
    /// The label that names the ref being built.
    const(char)[] ref_ = "GITHUB_REF";

    /// The label that names the repository; null: the store is for one repository.
    NullableText repository = NullableText("GITHUB_REPOSITORY");

    /// The label that names the event; null: events are ignored.
    NullableText event = NullableText("GITHUB_EVENT_NAME");

    /// The refs whose builds may write `main`.
    const(char)[][] trusted = ["refs/heads/main", "refs/heads/master"];

    /// The events whose builds may write `main`.
    const(char)[][] events = ["push", "schedule", "workflow_dispatch"];

    /// Whether labels that the host did not verify are ignored.
    bool verified;

    /// The kinds that are accepted from `main` in a build that does not write it.
    const(uint)[] kinds = [
        Kind.empty, Kind.packageArchive, Kind.fileList, Kind.testRecord, Kind.analysisFacts, Kind.generatedSource,
        Kind.coverageMeta, Kind.probe, Kind.toolOutput, Kind.analysisResult, Kind.pgoProfile,
    ];
}

private __gshared Settings chosen;

/// Whether the session writes a scope, which is then the first that it reads.
private __gshared bool writes;

export extern (C) Answer* open(ulong started, ulong seed, const(Label)* labelItems, size_t labelCount,
    const(Text)* readable, size_t readableCount, const(Text)* writable, size_t writableCount,
    char* json, size_t jsonLength)
{
    if (const wrong = readSettings(json[0 .. jsonLength], chosen))
        return refuseSettings(wrong);

    const labels = labelItems[0 .. labelCount];
    const(Label)* repository;
    const(char)[] main = "main";
    if (chosen.repository !is null)
    {
        const name = chosen.repository.value;
        repository = find(labels, name, chosen.verified);
        if (!repository)
        {
            log(Level.warn, "no label ", name, ": set the variable and pass --label-env ", name,
                ", or set repository to null where the store is for one repository");
            return grant(null);
        }
        main = text("main-", repository.scope_);
    }
    const gitRef = find(labels, chosen.ref_, chosen.verified);
    if (!gitRef)
    {
        log(Level.warn, "no label ", chosen.ref_, ": set the variable and pass --label-env ", chosen.ref_,
            "; until then this build writes nothing");
        return grant(null, main);
    }
    writes = true;
    if (isTrusted(labels, gitRef))
        return grant(main, main);
    const own = ownScope(repository, gitRef);
    return grant(own, own, main);
}

export extern (C) Lookup get(ulong actionA, ulong actionB, ulong actionC, ulong actionD,
    ulong outputA, ulong outputB, ulong outputC, ulong outputD,
    ulong size, ulong age, uint scope_, uint kind, uint role, uint facts)
{
    if (writes && scope_ == 0)
        return Lookup.hit;
    if (kind == Kind.packageArchive && !(facts & Fact.buildIdMatches))
        return Lookup.skip;
    foreach (counting; chosen.kinds)
        if (kind == counting)
            return Lookup.hit;
    return Lookup.skip;
}

/// Whether this is a build of a trusted ref, started by a trusted event.
private bool isTrusted(const(Label)[] labels, const(Label)* gitRef)
{
    if (chosen.event !is null)
    {
        const name = chosen.event.value;
        const event = find(labels, name, chosen.verified);
        if (!event)
            log(Level.warn, "no label ", name, ": set the variable and pass --label-env ", name,
                ", or set event to null where events do not matter; until then no build writes main");
        if (!event || !matches(chosen.events, event.value))
            return false;
    }
    return matches(chosen.trusted, gitRef.value);
}

/// The scope of one ref of one repository. `_-` cannot occur within a label's scope part, so two pairs never meet.
private const(char)[] ownScope(const(Label)* repository, const(Label)* gitRef)
{
    if (!repository)
        return text("ref-", gitRef.scope_);
    const name = text("ref-", repository.scope_, "_-", gitRef.scope_);
    return name.length <= longestScope ? name : text("long-", repository.hash, "-", gitRef.hash);
}

/// Whether any of the patterns matches the whole of `name`; `*` matches any run of characters, `/` included.
bool matches(const(char)[][] patterns, const(char)[] name)
{
    foreach (pattern; patterns)
        if (matches(pattern, name))
            return true;
    return false;
}

/// One pattern. On a difference the last star takes one more character: the earliest place for what stands before a
/// star leaves the most room for what stands after it, so no other star need be tried again.
bool matches(const(char)[] pattern, const(char)[] name)
{
    size_t inPattern, inName, afterStar, starEnd;
    while (inName < name.length)
    {
        if (inPattern < pattern.length && pattern[inPattern] == '*')
        {
            afterStar = ++inPattern;
            starEnd = inName;
        }
        else if (inPattern < pattern.length && pattern[inPattern] == name[inName])
        {
            inPattern++;
            inName++;
        }
        else if (afterStar)
        {
            inPattern = afterStar;
            inName = ++starEnd;
        }
        else
            return false;
    }
    while (inPattern < pattern.length && pattern[inPattern] == '*')
        inPattern++;
    return inPattern == pattern.length;
}

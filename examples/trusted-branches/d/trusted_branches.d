/++
 Builds of trusted refs fill `main`. Every other build reads it too, but writes a scope of its own, so that nothing a
 pull request makes reaches a trusted build.
+/
module trusted_branches;

import contract;
import settings : readSettings;

/// What the operator may set.
struct Settings
{
    /// The label that names the ref being built.
    const(char)[] label = "GITHUB_REF";

    /// The refs whose builds may write `main`.
    const(char)[][] trusted = ["refs/heads/main", "refs/heads/master"];
}

export extern (C) Answer* open(ulong started, ulong seed, const(Label)* labels, size_t labelCount,
    const(Text)* readable, size_t readableCount, const(Text)* writable, size_t writableCount,
    char* json, size_t jsonLength)
{
    Settings settings;
    if (const wrong = readSettings(json[0 .. jsonLength], settings))
        return refuseSettings(wrong);

    const gitRef = find(labels[0 .. labelCount], settings.label);
    if (!gitRef)
        return grant(null, "main");
    if (matches(settings.trusted, gitRef.value))
        return grant("main", "main");
    const own = text("ref-", gitRef.scope_);
    return grant(own, own, "main");
}

/// Whether any of the patterns stands for the whole of `name`; `*` is any run of characters, `/` included.
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

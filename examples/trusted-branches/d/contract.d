/++
 The contract between cachewarden and a policy in D: what a policy is told, what it answers, texts and the log, memory.

 This is no SDK of cachewarden's. It is what two policies share, the one here and guest-sdk/conformance/d, written after
 guest-sdk/wat/README.md, which tells every signature, number and byte. Copy it, and take what you need.

 What always holds: memory is only ever taken from the end of one heap. What is made while `open` runs stays as long as
 the session; a line of the log gives back what it took, so questions do not make memory grow.
+/
module contract;

import ldc.attributes : llvmAttr;
import ldc.intrinsics : llvm_trap;

// ---- Inputs of a policy ------------------------------------------------------------------------------------------

/// A text of the contract: UTF-8. Where D expects a text, it is one.
struct Text
{
    private const(char)* bytes;
    private size_t count;

    this(const(char)[] text)
    {
        bytes = text.ptr;
        count = text.length;
    }

    const(char)[] slice() const
    {
        return bytes[0 .. count];
    }

    alias slice this;
}

/// A named value that is known about the session. `scope_` is the value encoded for a scope name, `hash` stands for it
/// where two must fit.
struct Label
{
    Text name, value, scope_, hash;
    bool verified; /// whether the host has verified it
}

static assert(Text.sizeof == 8 && Label.sizeof == 36 && Label.verified.offsetof == 32);

/// The label of this name, or null. If the host has verified one and the job claims another, the verified one; with
/// `verified`, a label that is not verified is ignored.
const(Label)* find(const(Label)[] labels, const(char)[] name, bool verified = false)
{
    const(Label)* claimed;
    foreach (ref label; labels)
    {
        if (label.name != name)
            continue;
        if (label.verified)
            return &label;
        if (!claimed && !verified)
            claimed = &label;
    }
    return claimed;
}

// What an object is, what its entry is for, and what the host established about it, as bits. A newer host may pass
// numbers and bits that are not here, so a policy is told each as `uint`.

// BEGIN kinds (cargo xtask words)
enum Kind : uint
{
    /// None of the other kinds.
    other = 0,
    /// An object without bytes, from a step that has printed nothing. A build needs it as much as any other entry.
    empty = 1,
    /// A compiled package.
    packageArchive = 2,
    /// An index of the source files of a module or a package.
    moduleIndex = 3,
    /// The names of the source files that a step has made; all are plain local names.
    fileList = 4,
    /// The output of a test, its log of the files and variables that it has read, or its coverage profile. Each run
    /// of the test puts it again, with other timings.
    testRecord = 5,
    /// Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found.
    analysisFacts = 6,
    /// A source file that a tool (cgo, cover) has made.
    generatedSource = 7,
    /// Metadata of a package for a coverage run.
    coverageMeta = 8,
    /// Whether the C compiler supports a flag: `true` or `false`.
    probe = 9,
    /// A program that the operating system can run.
    executable = 10,
    /// A zip archive of the files that `go fix` would change.
    fixArchive = 11,
    /// The output that a compiler, a linker or vet has printed.
    toolOutput = 12,
    /// The findings of staticcheck about a package.
    analysisResult = 13,
    /// A profile that was prepared for the compiler.
    pgoProfile = 14,
}

static immutable string[] kindNames = [
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
];
// END kinds

// BEGIN roles (cargo xtask words)
enum Role : uint
{
    /// The key does not follow from any action that the session has seen.
    unknown = 0,
    /// The action's own output: the object's build ID names the action.
    output = 1,
    /// The output that the compiler or vet has printed.
    stdout = 2,
    /// The output that the linker has printed.
    linkStdout = 3,
    /// The list of the package's source files.
    sourceList = 4,
    /// The header that cgo has made for the package's exported functions.
    cgoHeader = 5,
    /// The changes that `go fix` would make.
    fixArchive = 6,
    /// The coverage profile of a test's output.
    coverProfile = 7,
}

static immutable string[] roleNames = [
    "unknown",
    "output",
    "stdout",
    "link-stdout",
    "source-list",
    "cgo-header",
    "fix-archive",
    "cover-profile",
];
// END roles

// BEGIN facts (cargo xtask words)
enum Fact : uint
{
    /// The build ID in the object names this action and this content. This shows that the object is neither mixed up
    /// nor damaged, but not that it is authentic: its producer can forge it. Every archive that go puts has this
    /// fact; a tool that rewrites outputs (`-toolexec`) may break it.
    buildIdMatches = 1,
    /// The entry comes from another machine.
    remote = 2,
    /// On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt object.
    audited = 4,
    /// On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one; the verdict
    /// decides about the new one.
    diverged = 8,
    /// On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that counts for
    /// this session. One of the two is wrong, or the build is not reproducible.
    disputed = 16,
    /// On a candidate, under a daemon: at least two producers with distinct verified identities have put these very
    /// bytes, into scopes that count for this session. A policy that asks for it does not depend on one producer.
    witnesses2 = 32,
    /// The same of at least three producers.
    witnesses3 = 64,
    /// The same of at least four producers.
    witnesses4 = 128,
}

static immutable string[] factNames = [
    "build-id-matches",
    "remote",
    "audited",
    "diverged",
    "disputed",
    "witnesses-2",
    "witnesses-3",
    "witnesses-4",
];
// END facts

/// The name of a number; `kind-4242` where there is none.
struct Named
{
    const(string)[] names;
    string what;
    uint number;

    void toString(scope void function(const(char)[]) sink) const
    {
        if (number < names.length)
            return sink(names[number]);
        sink(what);
        sink("-");
        tellNumber(number, sink);
    }
}

/// Finds the kind of a name, `kind-4242` included. Returns whether the text is the name of a kind.
bool parseKind(const(char)[] name, out uint kind)
{
    foreach (number, known; kindNames)
    {
        if (name == known)
        {
            kind = cast(uint) number;
            return true;
        }
    }
    enum prefix = "kind-";
    if (name.length <= prefix.length || name[0 .. prefix.length] != prefix)
        return false;
    ulong number;
    foreach (digit; name[prefix.length .. $])
    {
        number = number * 10 + (digit - '0');
        if (digit < '0' || digit > '9' || number > uint.max)
            return false;
    }
    kind = cast(uint) number;
    return true;
}

/// A SHA-256 digest, as four numbers in big-endian order.
struct Digest
{
    ulong a, b, c, d;

    /// 64 hexadecimal digits.
    void toString(scope void function(const(char)[]) sink) const
    {
        char[64] digits = void;
        foreach (index, ref digit; digits)
        {
            const word = index < 16 ? a : index < 32 ? b : index < 48 ? c : d;
            digit = "0123456789abcdef"[word >> (60 - index % 16 * 4) & 15];
        }
        sink(digits);
    }
}

// ---- Answers of a policy ------------------------------------------------------------------------------------------

/// The verdict on a get.
enum Lookup
{
    hit,
    hitVerified,
    skip,
    miss,
    audit,
}

/// The verdict on a put.
enum Reach
{
    ephemeral,
    local,
    shared_,
}

/// What `open` answers: a grant or a refusal.
struct Answer
{
    bool refused;
    union
    {
        Grant grant;
        Refusal refusal;
    }
}

/// What a session may do. To read a scope is to trust everybody who may write it.
struct Grant
{
    private bool writes;
    private Text write;
    private Text* read;
    private size_t readCount;
    uint lifetime; /// seconds until the session's entries expire; 0: as long as the store keeps it
    private const(uint)* admitted;
    private size_t admittedCount;

    /// Kinds that are used only if a grant names them; today `Kind.executable`.
    void admit(const(uint)[] kinds)
    {
        admitted = kinds.ptr;
        admittedCount = kinds.length;
    }
}

/// Why there is no grant.
struct Refusal
{
    private bool ofSession;
    private Text reason;
}

static assert(Answer.sizeof == 36 && Answer.grant.offsetof == 4 && Grant.lifetime.offsetof == 20);

private __gshared Answer answer;

/// Puts go to `write`, or nowhere where it is null; gets search `read`, in this order.
Answer* grant(const(char)[] write, scope const(char)[][] read...)
{
    auto scopes = allocate!Text(read.length);
    foreach (index, ref scope_; scopes)
        scope_ = Text(read[index]);
    answer.grant = Grant(write !is null, Text(write), scopes.ptr, scopes.length);
    return &answer;
}

/// The settings are invalid: the go command stops with this reason, as after a mistyped option.
Answer* refuseSettings(const(char)[] reason)
{
    return refuse(Refusal(false, Text(reason)));
}

/// This session may not use the cache: the build works without one, and the reason is printed.
Answer* refuseSession(const(char)[] reason)
{
    return refuse(Refusal(true, Text(reason)));
}

private Answer* refuse(Refusal refusal)
{
    answer.refused = true;
    answer.refusal = refusal;
    return &answer;
}

// ---- Texts and the log ----------------------------------------------------------------------------------------------

/// The level of a log line: `warn` is always printed, the others with `-v`.
enum Level
{
    debug_,
    info,
    warn,
}

/// A new text of all pieces: texts, numbers, and values that write themselves to a sink by `toString`.
const(char)[] text(Pieces...)(Pieces pieces)
{
    auto begin = heap;
    foreach (ref piece; pieces)
    {
        static if (is(typeof(piece) : const(char)[]))
            append(piece);
        else static if (is(typeof(piece) : ulong))
            tellNumber(piece, &append);
        else
            piece.toString(&append);
    }
    return begin[0 .. heap - begin];
}

/// Logs a line of all pieces.
void log(Pieces...)(Level level, Pieces pieces)
{
    auto begin = heap;
    const line = text(pieces);
    hostLog(level, line.ptr, line.length);
    heap = begin;
}

private void append(const(char)[] bytes)
{
    foreach (index, ref to; allocate!char(bytes.length))
        to = bytes[index];
}

/// Writes a number to a sink, in decimal digits.
void tellNumber(ulong number, scope void function(const(char)[]) sink)
{
    char[20] digits = void;
    size_t begin = digits.length;
    do
    {
        digits[--begin] = cast(char)('0' + number % 10);
        number /= 10;
    }
    while (number);
    sink(digits[begin .. $]);
}

@llvmAttr("wasm-import-module", "cachewarden:policy/host@0.2.0") @llvmAttr("wasm-import-name", "log")
private extern (C) void hostLog(Level level, const(char)* message, size_t length);

/// D calls this where an assertion does not hold or an index is out of bounds. An assertion's text must be a literal:
/// only those end by a zero byte, as C has it.
private extern (C) noreturn __assert(const(char)* message, const(char)* file, int line)
{
    stop(text(file.terminated, ":", line, ": ", message.terminated));
}

/// Panics: the reason is printed, and this call ends here. The host then makes a get a miss, keeps a put
/// for the session, and opens a new instance for what follows.
private noreturn stop(const(char)[] reason)
{
    hostLog(Level.warn, reason.ptr, reason.length);
    for (;;)
        llvm_trap();
}

/// C's text, which a zero byte ends.
private const(char)[] terminated(const(char)* text)
{
    size_t length;
    while (text[length])
        length++;
    return text[0 .. length];
}

// ---- Memory ---------------------------------------------------------------------------------------------------------

/// The linker puts it where the static data and the stack end.
private extern (C) extern __gshared char __heap_base;

/// Where the next piece begins.
private __gshared char* heap = &__heap_base;

private enum ulong page = 65_536;

pragma(LDC_intrinsic, "llvm.wasm.memory.size.i32")
private int memorySize(int memory);
pragma(LDC_intrinsic, "llvm.wasm.memory.grow.i32")
private int memoryGrow(int memory, int pages);

/// Room for this many items.
Item[] allocate(Item)(size_t count)
{
    return (cast(Item*) take(ulong(count) * Item.sizeof, Item.alignof))[0 .. count];
}

private char* take(ulong size, uint alignment)
{
    const begin = (cast(size_t) heap + ulong(alignment) - 1) / alignment * alignment;
    const end = begin + size;
    const present = memorySize(0) * page;
    if (end > present)
    {
        const missing = (end - present + page - 1) / page;
        if (end > uint.max || memoryGrow(0, cast(int) missing) == -1)
            stop("out of memory");
    }
    heap = cast(char*) end;
    return cast(char*) begin;
}

/// The host allocates memory here for the arguments of `open`. It never asks to make an old piece larger.
export extern (C) void* cabi_realloc(void*, size_t, uint alignment, size_t size)
{
    return take(size, alignment);
}

// The compiler may turn copies, fillings and comparisons of memory into calls of these.

extern (C) void* memcpy(void* to, const(void)* from, size_t count)
{
    foreach (index; 0 .. count)
        (cast(char*) to)[index] = (cast(const(char)*) from)[index];
    return to;
}

extern (C) void* memset(void* to, int value, size_t count)
{
    foreach (index; 0 .. count)
        (cast(ubyte*) to)[index] = cast(ubyte) value;
    return to;
}

extern (C) int memcmp(const(void)* one, const(void)* other, size_t count)
{
    foreach (index; 0 .. count)
    {
        const difference = (cast(const(ubyte)*) one)[index] - (cast(const(ubyte)*) other)[index];
        if (difference)
            return difference;
    }
    return 0;
}

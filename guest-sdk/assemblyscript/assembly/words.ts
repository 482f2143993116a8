// Kinds, roles and facts. All three are open: a newer host may know more of them than this package does, so an enum here
// may hold a number that none of its members has.

import { Reach } from "./reach";

/**
 * What the host recognised an object to be, by its bytes.
 *
 *     if (offer.kind == Kind.ToolOutput) return Reach.Ephemeral;
 */
export enum Kind {
  // BEGIN kinds (cargo xtask words)
  /** None of the others. */
  Other,
  /** No bytes at all: a step that printed nothing. A build needs these as much as any other entry. */
  Empty,
  /** A compiled package. */
  PackageArchive,
  /** An index of the source files of a module or a package. */
  ModuleIndex,
  /** The names of the source files that a step made, all of them plain local names. */
  FileList,
  /**
   * A test's output, its log of what it looked at, or its coverage profile. It is put anew, with other timings, each
   * time that the test runs.
   */
  TestRecord,
  /** What an analyser (vet, golangci-lint, staticcheck) learned about a package. */
  AnalysisFacts,
  /** A source file that a tool (cgo, cover) made. */
  GeneratedSource,
  /** What a coverage run must know about a package. */
  CoverageMeta,
  /** Whether the C compiler knows a flag: `true` or `false`. */
  Probe,
  /** A program that the system can run. */
  Executable,
  /** A zip archive of the files that `go fix` would change. */
  FixArchive,
  /** What a compiler, a linker or vet printed. */
  ToolOutput,
  /** The findings of staticcheck about a package. */
  AnalysisResult,
  /** A profile that was prepared for the compiler. */
  PgoProfile,
  // END kinds
}

/** What an entry is for, by its key: how cmd/go derived the key from an action that the session has seen. */
export enum Role {
  // BEGIN roles (cargo xtask words)
  /** Nothing that the session has seen explains the key. */
  Unknown,
  /** The action's own output: the object's build ID names the action. */
  Output,
  /** What the compiler or vet printed. */
  Stdout,
  /** What the linker printed. */
  LinkStdout,
  /** The list of the package's source files. */
  SourceList,
  /** The header that cgo made for the package's exported functions. */
  CgoHeader,
  /** The changes that `go fix` would make. */
  FixArchive,
  /** The coverage profile of a test's output. */
  CoverProfile,
  // END roles
}

// The names, by number.
// BEGIN names (cargo xtask words)
const kindNames: StaticArray<string> = [
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
const roleNames: StaticArray<string> = [
  "unknown",
  "output",
  "stdout",
  "link-stdout",
  "source-list",
  "cgo-header",
  "fix-archive",
  "cover-profile",
];
const factNames: StaticArray<string> = [
  "build-id-matches",
  "remote",
  "audited",
  "diverged",
];
/** Kinds that travel where no policy decides. Any other kind stays on this machine, an unknown one too. */
const sharedKinds: StaticArray<Kind> = [
  Kind.Other,
  Kind.Empty,
  Kind.PackageArchive,
  Kind.FileList,
  Kind.AnalysisFacts,
  Kind.GeneratedSource,
  Kind.CoverageMeta,
  Kind.Probe,
  Kind.ToolOutput,
  Kind.AnalysisResult,
  Kind.PgoProfile,
];
// END names

/** The contract's name of a kind, `package-archive` for instance; `kind-4242` where it is not known here. */
export function kindName(kind: Kind): string {
  return nameOf(kindNames, "kind-", kind);
}

/** The contract's name of a role, `source-list` for instance; `role-4242` where it is not known here. */
export function roleName(role: Role): string {
  return nameOf(roleNames, "role-", role);
}

/**
 * How far an object of this kind travels where no policy decides it: `Reach.Local` for what no other machine can use or
 * should trust, such as module indexes, test records and programs, and for a kind that this package does not know, else
 * `Reach.Shared`.
 */
export function defaultReach(kind: Kind): Reach {
  return sharedKinds.includes(kind) ? Reach.Shared : Reach.Local;
}

/** The kind of this name, or of `kind-` and its number; -1 where the text names none. */
export function findKind(text: string): i64 {
  const known = kindNames.indexOf(text);
  if (known >= 0 || !text.startsWith("kind-") || text.length == 5) return known;
  let number: i64 = 0;
  for (let at = 5; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
    if (number > <i64>u32.MAX_VALUE) return -1;
  }
  return number;
}

/** What else the host established about an object. A job cannot claim any of it. */
export class Facts {
  constructor(
    /** One bit for each fact that holds. */
    public bits: u32 = 0,
  ) {}

  // BEGIN facts (cargo xtask words)
  /**
   * The build ID in the object names this very action and this very content. It is consistent, not authentic: it
   * shows mix-ups and damage, and not a producer who forges. Every archive that go itself puts has it; a tool that
   * rewrites outputs (`-toolexec`) may break it.
   */
  get buildIdMatches(): bool {
    return this.has(0);
  }

  /** It comes from beyond this machine. */
  get remote(): bool {
    return this.has(1);
  }

  /** On an offer: an entry for this action was answered as a miss by an `audit`, and this is the rebuild. */
  get audited(): bool {
    return this.has(2);
  }

  /**
   * On an audited offer: the bytes differ from the entry's. Either of the two may be the wrong one; the verdict says
   * what becomes of this one.
   */
  get diverged(): bool {
    return this.has(3);
  }

  // END facts

  /** Whether the fact of this bit holds, for those that have no property here as well: `facts.has(9)`. */
  has(bit: u32): bool {
    return bit < 32 && ((this.bits >> bit) & 1) != 0;
  }

  /** The names of the facts that hold, joined by commas; empty where none does. One that is not known here is `fact-9`. */
  toString(): string {
    const names: string[] = [];
    for (let bit = 0; bit < 32; bit++) {
      if (this.has(bit)) names.push(nameOf(factNames, "fact-", bit));
    }
    return names.join(",");
  }
}

function nameOf(names: StaticArray<string>, prefix: string, number: u32): string {
  return number < <u32>names.length ? names[number] : prefix + number.toString();
}

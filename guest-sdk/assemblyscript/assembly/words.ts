// Kinds, roles and facts. All three are open: a newer host may know more of them than this package does, so an enum here
// may hold a number that none of its members has.

import { Reach } from "./reach";

/**
 * The kind of an object, which the host recognises by its bytes.
 *
 *     if (offer.kind == Kind.ToolOutput) return Reach.Ephemeral;
 */
export enum Kind {
  // BEGIN kinds (cargo xtask words)
  /** None of the other kinds. */
  Other,
  /** An object without bytes, from a step that has printed nothing. A build needs it as much as any other entry. */
  Empty,
  /** A compiled package. */
  PackageArchive,
  /** An index of the source files of a module or a package. */
  ModuleIndex,
  /** The names of the source files that a step has made; all are plain local names. */
  FileList,
  /**
   * The output of a test, its log of the files and variables that it has read, or its coverage profile. Each run of
   * the test puts it again, with other timings.
   */
  TestRecord,
  /** Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found. */
  AnalysisFacts,
  /** A source file that a tool (cgo, cover) has made. */
  GeneratedSource,
  /** Metadata of a package for a coverage run. */
  CoverageMeta,
  /** Whether the C compiler supports a flag: `true` or `false`. */
  Probe,
  /** A program that the operating system can run. */
  Executable,
  /** A zip archive of the files that `go fix` would change. */
  FixArchive,
  /** The output that a compiler, a linker or vet has printed. */
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
  /** The key does not follow from any action that the session has seen. */
  Unknown,
  /** The action's own output: the object's build ID names the action. */
  Output,
  /** The output that the compiler or vet has printed. */
  Stdout,
  /** The output that the linker has printed. */
  LinkStdout,
  /** The list of the package's source files. */
  SourceList,
  /** The header that cgo has made for the package's exported functions. */
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
  "disputed",
  "witnesses-2",
  "witnesses-3",
  "witnesses-4",
];
/** Kinds that are shared by default. Any other kind stays on this machine, an unknown one too. */
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
 * How far an object of this kind travels if no policy decides it: `Reach.Local` for what no other machine can use or
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
   * The build ID in the object names this action and this content. This shows that the object is neither mixed up nor
   * damaged, but not that it is authentic: its producer can forge it. Every archive that go puts has this fact; a
   * tool that rewrites outputs (`-toolexec`) may break it.
   */
  get buildIdMatches(): bool {
    return this.has(0);
  }

  /** The entry comes from another machine. */
  get remote(): bool {
    return this.has(1);
  }

  /** On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt object. */
  get audited(): bool {
    return this.has(2);
  }

  /**
   * On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one; the verdict
   * decides about the new one.
   */
  get diverged(): bool {
    return this.has(3);
  }

  /**
   * On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that counts for this
   * session. One of the two is wrong, or the build is not reproducible.
   */
  get disputed(): bool {
    return this.has(4);
  }

  /**
   * On a candidate, under a daemon: at least two producers with distinct verified identities have put these very
   * bytes, into scopes that count for this session. A policy that asks for it does not depend on one producer.
   */
  get witnesses2(): bool {
    return this.has(5);
  }

  /** The same of at least three producers. */
  get witnesses3(): bool {
    return this.has(6);
  }

  /** The same of at least four producers. */
  get witnesses4(): bool {
    return this.has(7);
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

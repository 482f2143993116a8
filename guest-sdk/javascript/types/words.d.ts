// Kinds, roles and facts. All three are open: a newer host may know more of them than this package does.

import type { Reach } from "./index.js";

/** The kind of an object, which the host recognises by its bytes. One that is not known here is `kind-` and its number. */
export type Kind =
  // BEGIN kinds (cargo xtask words)
  // None of the other kinds.
  | "other"
  // An object without bytes, from a step that has printed nothing. A build needs it as much as any other entry.
  | "empty"
  // A compiled package.
  | "package-archive"
  // An index of the source files of a module or a package.
  | "module-index"
  // The names of the source files that a step has made; all are plain local names.
  | "file-list"
  // The output of a test, its log of the files and variables that it has read, or its coverage profile. Each run of
  // the test puts it again, with other timings.
  | "test-record"
  // Facts about a package that an analyser (vet, golangci-lint, staticcheck) has found.
  | "analysis-facts"
  // A source file that a tool (cgo, cover) has made.
  | "generated-source"
  // Metadata of a package for a coverage run.
  | "coverage-meta"
  // Whether the C compiler supports a flag: `true` or `false`.
  | "probe"
  // A program that the operating system can run.
  | "executable"
  // A zip archive of the files that `go fix` would change.
  | "fix-archive"
  // The output that a compiler, a linker or vet has printed.
  | "tool-output"
  // The findings of staticcheck about a package.
  | "analysis-result"
  // A profile that was prepared for the compiler.
  | "pgo-profile"
  // END kinds
  | `kind-${number}`;

/**
 * What an entry is for, by its key: how cmd/go derived the key from an action that the session has seen. One that is not
 * known here is `role-` and its number.
 */
export type Role =
  // BEGIN roles (cargo xtask words)
  // The key does not follow from any action that the session has seen.
  | "unknown"
  // The action's own output: the object's build ID names the action.
  | "output"
  // The output that the compiler or vet has printed.
  | "stdout"
  // The output that the linker has printed.
  | "link-stdout"
  // The list of the package's source files.
  | "source-list"
  // The header that cgo has made for the package's exported functions.
  | "cgo-header"
  // The changes that `go fix` would make.
  | "fix-archive"
  // The coverage profile of a test's output.
  | "cover-profile"
  // END roles
  | `role-${number}`;

/** The name of a fact. One that is not known here is `fact-` and the position of its bit. */
export type Fact =
  // BEGIN fact names (cargo xtask words)
  | "build-id-matches"
  | "remote"
  | "audited"
  | "diverged"
  | "disputed"
  | "witnesses-2"
  | "witnesses-3"
  | "witnesses-4"
  // END fact names
  | `fact-${number}`;

/** A set of what the host itself established about an object. A job cannot claim any of it. */
export interface Facts {
  // BEGIN facts (cargo xtask words)
  /**
   * The build ID in the object names this action and this content. This shows that the object is neither mixed up nor
   * damaged, but not that it is authentic: its producer can forge it. Every archive that go puts has this fact; a
   * tool that rewrites outputs (`-toolexec`) may break it.
   */
  readonly buildIdMatches: boolean;
  /**
   * The entry comes from another machine.
   */
  readonly remote: boolean;
  /**
   * On an offer: the verdict `audit` turned an entry of this action into a miss, and this is the rebuilt object.
   */
  readonly audited: boolean;
  /**
   * On an audited offer: the bytes differ from those of the entry. Either object may be the wrong one; the verdict
   * decides about the new one.
   */
  readonly diverged: boolean;
  /**
   * On a candidate, under a daemon: a producer has put other bytes for this action, into a scope that counts for this
   * session. One of the two is wrong, or the build is not reproducible.
   */
  readonly disputed: boolean;
  /**
   * On a candidate, under a daemon: at least two producers with distinct verified identities have put these very
   * bytes, into scopes that count for this session. A policy that asks for it does not depend on one producer.
   */
  readonly witnesses2: boolean;
  /**
   * The same of at least three producers.
   */
  readonly witnesses3: boolean;
  /**
   * The same of at least four producers.
   */
  readonly witnesses4: boolean;
  // END facts
  /** Whether this fact holds, for those that have no property here as well: `facts.has("fact-9")`. */
  has(name: Fact): boolean;
  /** The facts that hold. */
  readonly names: Fact[];
}

/**
 * How far an object of this kind travels if no policy decides it: `local` for what no other machine can use or should
 * trust, such as module indexes, test records and programs, and for a kind that this package does not know, else `shared`.
 */
export function defaultReach(kind: Kind): Reach;

// Kinds, roles and facts. All three are open: a newer host may know more of them than this package does.

import type { Reach } from "./index.js";

/** What the host recognised an object to be, by its bytes. One that is not known here is `kind-` and its number. */
export type Kind =
  // BEGIN kinds (cargo xtask words)
  // None of the others.
  | "other"
  // No bytes at all: a step that printed nothing. A build needs these as much as any other entry.
  | "empty"
  // A compiled package.
  | "package-archive"
  // An index of the source files of a module or a package.
  | "module-index"
  // The names of the source files that a step made, all of them plain local names.
  | "file-list"
  // A test's output, its log of what it looked at, or its coverage profile. It is put anew, with other timings, each
  // time that the test runs.
  | "test-record"
  // What an analyser (vet, golangci-lint, staticcheck) learned about a package.
  | "analysis-facts"
  // A source file that a tool (cgo, cover) made.
  | "generated-source"
  // What a coverage run must know about a package.
  | "coverage-meta"
  // Whether the C compiler knows a flag: `true` or `false`.
  | "probe"
  // A program that the system can run.
  | "executable"
  // A zip archive of the files that `go fix` would change.
  | "fix-archive"
  // What a compiler, a linker or vet printed.
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
  // Nothing that the session has seen explains the key.
  | "unknown"
  // The action's own output: the object's build ID names the action.
  | "output"
  // What the compiler or vet printed.
  | "stdout"
  // What the linker printed.
  | "link-stdout"
  // The list of the package's source files.
  | "source-list"
  // The header that cgo made for the package's exported functions.
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
  // END fact names
  | `fact-${number}`;

/** A set of what the host itself established about an object. A job cannot claim any of it. */
export interface Facts {
  // BEGIN facts (cargo xtask words)
  /**
   * The build ID in the object names this very action and this very content. It is consistent, not authentic: it
   * shows mix-ups and damage, and not a producer who forges. Every archive that go itself puts has it; a tool that
   * rewrites outputs (`-toolexec`) may break it.
   */
  readonly buildIdMatches: boolean;
  /**
   * It comes from beyond this machine.
   */
  readonly remote: boolean;
  /**
   * On an offer: an entry for this action was answered as a miss by an `audit`, and this is the rebuild.
   */
  readonly audited: boolean;
  /**
   * On an audited offer: the bytes differ from the entry's. Either of the two may be the wrong one; the verdict says
   * what becomes of this one.
   */
  readonly diverged: boolean;
  // END facts
  /** Whether this fact holds, for those that have no property here as well: `facts.has("fact-9")`. */
  has(name: Fact): boolean;
  /** The facts that hold. */
  readonly names: Fact[];
}

/**
 * How far an object of this kind travels where no policy decides it: `local` for what no other machine can use or should
 * trust, such as module indexes, test records and programs, and for a kind that this package does not know, else `shared`.
 */
export function defaultReach(kind: Kind): Reach;

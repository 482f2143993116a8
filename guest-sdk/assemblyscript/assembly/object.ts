// What the host knows about an object by looking at its bytes.

/** What the host recognised an object to be. */
export enum Kind {
  /** None of the others. */
  Other,
  /** No bytes: a step that printed nothing. As needed as any other entry. */
  Empty,
  /** A compiled package. */
  PackageArchive,
  /** An index of a module's source files, filed under their paths and times on one machine. */
  ModuleIndex,
  /** The names of the source files that a step made. */
  FileList,
  /** A test's output, or the log of the files and variables that it looked at. */
  TestRecord,
  /** What vet learned about a package. */
  AnalysisFacts,
  /** A source file that a tool made, cgo for one. */
  GeneratedSource,
  /** What a coverage run must know about a package. */
  CoverageMeta,
  /** Whether the C compiler knows some flag: `true` or `false`. */
  Probe,
}

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
];

/** The contract's word for a kind, `package-archive` for instance: for log lines. */
export function kindName(kind: Kind): string {
  return kindNames[kind];
}

/** What else the host established about an object; a policy need not take a job's word for it. */
export class Facts {
  constructor(
    /** The contract's flags, one bit each. The properties below read them. */
    public bits: u32 = 0,
  ) {}

  /**
   * A package archive whose build ID names this very action and this very content. Consistent, not authentic: it shows
   * mix-ups and damage, not a producer who forges.
   */
  get bound(): bool {
    return this.has(0);
  }

  /** It comes from beyond this machine. */
  get remote(): bool {
    return this.has(1);
  }

  /** On an offer: an entry for this action was answered as a miss by an audit, and this is the rebuild. */
  get audited(): bool {
    return this.has(2);
  }

  /** On an audited offer: the bytes differ from the entry's. Either of the two may be the wrong one. */
  get diverged(): bool {
    return this.has(3);
  }

  /** The facts that hold, in the contract's words: `bound,remote`; empty where none does. */
  toString(): string {
    const names: string[] = [];
    if (this.bound) names.push("bound");
    if (this.remote) names.push("remote");
    if (this.audited) names.push("audited");
    if (this.diverged) names.push("diverged");
    return names.join(",");
  }

  private has(bit: u32): bool {
    return ((this.bits >> bit) & 1) != 0;
  }
}

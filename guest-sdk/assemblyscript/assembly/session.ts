// What is known of a build before its first question.

import { Patterns } from "./patterns";

/** The host's own label for what `--scope` names. */
const DEFAULT_SCOPE = "cachewarden.scope";

/** One run of one go command, and all that is known about it. */
export class Session {
  /** When it began, in seconds since 1970. A policy has no other clock. */
  started: u64 = 0;
  /** A random number, drawn once and recorded. `Sample` uses it. */
  seed: u64 = 0;
  /** What is known of the build, in no particular order; a name may occur more than once. */
  labels: Label[] = [];
  /** The scopes that the operator lets this session read. */
  readable: Patterns = new Patterns(["*"]);
  /** The scopes that the operator lets this session write. */
  writable: Patterns = new Patterns(["*"]);
  /** The policy's settings as a JSON text. `Policy.configure` is given them to read field by field. */
  settings: string = "{}";

  /** The label of this name, if there is one. If the host has verified one and the job claims another, the verified one. */
  label(name: string): Label | null {
    const verified = this.verifiedLabel(name);
    if (verified !== null) return verified;
    for (let i = 0; i < this.labels.length; i++) {
      if (this.labels[i].name == name) return this.labels[i];
    }
    return null;
  }

  /** The label of this name, if the host has verified it. A label that only a job claims is ignored. */
  verifiedLabel(name: string): Label | null {
    for (let i = 0; i < this.labels.length; i++) {
      if (this.labels[i].verified && this.labels[i].name == name) return this.labels[i];
    }
    return null;
  }

  /** The scope that this session would have without a policy. */
  get defaultScope(): string {
    const label = this.verifiedLabel(DEFAULT_SCOPE);
    return label === null ? "default" : label.value;
  }
}

/** A named value that is known about a session. */
export class Label {
  constructor(
    /** Its name, of an environment variable for instance. Names that begin with `cachewarden.` are the host's own. */
    readonly name: string,
    /** The value. */
    readonly value: string,
    /**
     * The value, encoded by the host for a scope name: at most 80 characters, and different values
     * never meet. Put a word of your own before it: a branch called `main` would otherwise get the scope `main`.
     */
    readonly scope: string,
    /** 24 hexadecimal digits of its SHA-256. They stand for the value in a scope's name where two values must fit. */
    readonly hash: string,
    /** Whether the host has verified it. Otherwise the job may have chosen it. */
    readonly verified: bool,
  ) {}
}

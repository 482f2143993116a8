// What `open` answers: a grant, or a refusal.

import { Session } from "./session";
import { Kind } from "./words";

/** What `open` answers: a `Grant` or a `Refusal`. */
export abstract class Opening {}

/**
 * What a session may do: the scope it writes, the scopes it reads, and for how long its entries are valid.
 *
 * The operator bounds it: a grant of more than the session's `readable` and `writable` is no grant.
 *
 *     Grant.writing("pr-17").reading("pr-17").reading("main").lasting(48 * 3600)
 */
export class Grant extends Opening {
  /** The scope of the session's puts; with null, nothing is stored beyond the session. */
  write: string | null = null;
  /** The scopes that its gets search, in order; at most 64. To read a scope is to trust everybody who may write it. */
  read: string[] = [];
  /** Seconds until what it puts stops counting; 0: as long as the store keeps it. */
  lifetime: u64 = 0;
  /** The kinds that are used only if a grant names them; today that is `Kind.Executable`, for programs that were put. */
  admit: Kind[] = [];

  /**
   * Puts go to `scope`. Gets do not search it unless `reading` says so.
   *
   * A scope's name is 1 to 96 of `A-Z a-z 0-9 . _ -`, with no dot at either end.
   */
  static writing(scope: string): Grant {
    const grant = new Grant();
    grant.write = scope;
    return grant;
  }

  /** Nothing is stored beyond the session. Gets search where `reading` says. */
  static readOnly(): Grant {
    return new Grant();
  }

  /** What a session without a policy has: it writes and reads its default scope. */
  static defaultFor(session: Session): Grant {
    const scope = session.defaultScope;
    return Grant.writing(scope).reading(scope);
  }

  /** Gets search `scope` too, after the scopes that were named before. */
  reading(scope: string): Grant {
    this.read.push(scope);
    return this;
  }

  /** What the session puts stops counting after this many seconds; 0: as long as the store keeps it. */
  lasting(seconds: u64): Grant {
    this.lifetime = seconds;
    return this;
  }

  /** Entries of this kind count too; for kinds that are used only if a grant names them. */
  admitting(kind: Kind): Grant {
    this.admit.push(kind);
    return this;
  }
}

/** Why `open` returns no grant. */
export class Refusal extends Opening {
  private constructor(
    /** Whether the settings are at fault. */
    readonly ofSettings: bool,
    /** The text that is printed for the person who runs the build. */
    readonly reason: string,
  ) {
    super();
  }

  /**
   * The settings are invalid: the build stops with this text, as after a mistyped option. Say which field, and what was
   * expected.
   *
   * `Settings.refuse` is shorter where the field is just being read.
   */
  static settings(reason: string): Refusal {
    return new Refusal(true, reason);
  }

  /** This session may not use the cache: the build works, every get is a miss, and nothing is stored beyond the session. */
  static session(reason: string): Refusal {
    return new Refusal(false, reason);
  }
}

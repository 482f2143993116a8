// Ages and lifetimes are numbers of seconds. Every other 64-bit number of the contract is a bigint: sizes and counts
// arrive whole. Compare them with any number (`offer.size > 1_000_000`); calculate with bigints (`offer.size / 1024n`).

import type { Facts, Kind, Role } from "./words.js";

export { defaultReach } from "./words.js";
export type { Fact, Facts, Kind, Role } from "./words.js";

/**
 * Makes a policy of the functions that you write; the module's default export is what becomes a policy.
 *
 * Each function that is left out answers as a session without a policy would. Answers follow from what the policy is told
 * and nothing else: there is no clock, no randomness, no file and no network, so a recorded session replays to the same
 * verdicts. An error that is thrown goes to the host's log; that get is a miss, that put is ephemeral, and
 * what follows is asked of a new instance, whose variables start again.
 *
 * @example
 * export default policy({
 *   settings: { largest: integer().default(10_000_000) },
 *   put: (offer, settings) => (offer.size > settings.largest ? "local" : defaultReach(offer.kind)),
 * });
 */
export function policy<const Named extends Fields = {}>(definition: Definition<Named>): Policy;

/** What a policy consists of. Everything is optional. */
export interface Definition<Named extends Fields = {}> {
  /**
   * What the operator may set. Settings that do not fit are refused by the field's name before `open` is called, and the
   * go command stops. Default: none, so any field is refused.
   */
  settings?: Named;

  /**
   * Called before the first question: what may this session write and read? Default: its default scope, both.
   *
   * @throws {Refusal} where this session gets no grant.
   */
  open?(session: Session, settings: Settings<Named>): Grant;

  /** Called for each entry that a get finds in the granted scopes, in order: may it be used? Default: `"hit"`. */
  get?(candidate: Candidate, settings: Settings<Named>, session: Session): Lookup;

  /** Called for each object that the build puts: how far may it travel? Default: `defaultReach(offer.kind)`. */
  put?(offer: Offer, settings: Settings<Named>, session: Session): Reach;

  /** Called after the last answer, with the totals of the session. Default: nothing. */
  close?(totals: Totals, settings: Settings<Named>, session: Session): void;
}

/** A policy as the host runs it, its settings included; a test calls it in the same way. */
export interface Policy {
  /**
   * Reads the settings and opens the policy. The grant has all of its fields.
   *
   * @throws {Refusal} where the settings are invalid, or the policy refuses.
   */
  open(session: Session): Required<Grant>;
  /** Asks what becomes of a candidate. An error before `open` gave a grant. */
  get(candidate: Candidate): Lookup;
  /** Asks how far an object may travel. An error before `open` gave a grant. */
  put(offer: Offer): Reach;
  /** Passes the totals of the session. An error before `open` gave a grant. */
  close(totals: Totals): void;
}

/** One run of one go command, and all that is known about it. */
export interface Session {
  /** When it began, in seconds since 1970. */
  readonly started: bigint;
  /** A random 64-bit number, drawn once and recorded. {@link Sample} uses it. */
  readonly seed: bigint;
  /** What is known of the build, in no particular order; a name may occur more than once. */
  readonly labels: readonly Label[];
  /** The scopes that the operator lets this session read. */
  readonly readable: Patterns;
  /** The scopes that the operator lets this session write. */
  readonly writable: Patterns;
  /** The settings as a JSON text, `{}` where there are none. `open` is given them read. */
  readonly settings: string;
  /** The scope that this session would have without a policy. */
  readonly defaultScope: string;
  /** The label of this name, if there is one. If the host has verified one and the job claims another, the verified one. */
  label(name: string): Label | undefined;
  /** The label of this name, if the host has verified it. A label that only a job claims is ignored. */
  verifiedLabel(name: string): Label | undefined;
}

/** A named value that is known about a session. */
export interface Label {
  /** Its name, of an environment variable for instance. Names that begin with `cachewarden.` are the host's own. */
  readonly name: string;
  /** The value. */
  readonly value: string;
  /**
   * The value, encoded by the host for a scope name: at most 80 characters, and different values never
   * meet. Put a word of your own before it: a branch called `main` would otherwise get the scope `main`.
   */
  readonly scope: string;
  /** 24 hexadecimal digits of its SHA-256. They stand for the value in a scope's name where two values must fit. */
  readonly hash: string;
  /** Whether the host has verified it. Otherwise the job may have chosen it. */
  readonly verified: boolean;
}

/**
 * What a session may do. A scope's name is 1 to 96 of `A-Z a-z 0-9 . _ -`, with no dot at either end. A grant with any
 * other name, or of more than the operator allows, gives the session nothing.
 */
export interface Grant {
  /** The scope of the session's puts. Default: null, nothing is stored beyond the session. */
  write?: string | null;
  /**
   * The scopes that its gets search, in order; at most 64. To read a scope is to trust everybody who may write it. Default:
   * none.
   */
  read?: string[];
  /** Seconds until what it puts stops counting, rounded up. Default: 0, as long as the store keeps it. */
  lifetime?: number;
  /** The kinds that are used only if a grant names them; today that is `executable`, for programs that were put. Default: none. */
  admit?: Kind[];
}

/**
 * Why a session gets no grant: thrown by `open`.
 *
 * @example
 * throw Refusal.session("builds of forks use no cache");
 */
export class Refusal extends Error {
  /** `"settings"` or `"session"`, see below. */
  readonly reason: "settings" | "session";
  /** What `Refusal.settings(text)` and `Refusal.session(text)` make, where the reason comes from elsewhere. */
  constructor(reason: "settings" | "session", text: string);
  /** The settings are invalid: the go command stops with this text, as after a mistyped option. Name the field. */
  static settings(text: string): Refusal;
  /** This session may not use the cache: the build works, gets miss, nothing is stored beyond the session. The text is shown. */
  static session(text: string): Refusal;
}

/** An entry that the host found for a get, before it is answered. Its fields are read when they are asked for. */
export interface Candidate {
  /** The action that the build asks for: the SHA-256 of all inputs of a step, 64 hexadecimal digits. */
  readonly action: string;
  /** The object that the entry names: the SHA-256 of its bytes, 64 hexadecimal digits. */
  readonly output: string;
  /** The object's size in bytes. */
  readonly size: bigint;
  /** Seconds since the entry was put. */
  readonly age: number;
  /** Where it was found: an index into the grant's `read`. */
  readonly scope: number;
  /** The kind of the object. */
  readonly kind: Kind;
  /** The role of the entry. */
  readonly role: Role;
  /** The facts that the host has established about it. */
  readonly facts: Facts;
}

/** An object that the build puts. Its fields are read when they are asked for. */
export interface Offer {
  /** The step that made it: the SHA-256 of all its inputs, 64 hexadecimal digits. */
  readonly action: string;
  /** The SHA-256 of its bytes, 64 hexadecimal digits. */
  readonly output: string;
  /** Its size in bytes. */
  readonly size: bigint;
  /** The kind of the object. */
  readonly kind: Kind;
  /** The role of its entry. */
  readonly role: Role;
  /** The facts that the host has established about it. */
  readonly facts: Facts;
}

/**
 * What becomes of a candidate.
 *
 * - `hit`: answer with this entry.
 * - `hit-verified`: answer with this entry if its object still has the right hash; otherwise search the next scope.
 * - `skip`: not this one; go on to the next scope.
 * - `miss`: answer with a miss, whatever the next scopes hold. The build makes it again.
 * - `audit`: answer with a miss, and compare: the offer that follows is `audited`, and `diverged` where the bytes differ.
 */
export type Lookup = "hit" | "hit-verified" | "skip" | "miss" | "audit";

/**
 * How far an object may travel. The operator bounds all of them.
 *
 * - `ephemeral`: only this session gets it. The build goes on as if it was stored.
 * - `local`: stored in the write scope, on this machine.
 * - `shared`: kept in the write scope, and sent to where other machines find it.
 */
export type Reach = "ephemeral" | "local" | "shared";

/** The totals of a session. */
export interface Totals {
  /** Gets that the build asked. */
  readonly gets: bigint;
  /** Gets that were answered with an object. */
  readonly hits: bigint;
  /** Gets that had a candidate and became a miss by the policy, or by a rule of the host. */
  readonly refusedGets: bigint;
  /** Puts that the build asked. */
  readonly puts: bigint;
  /** Puts that were kept for the session alone. */
  readonly refusedPuts: bigint;
  /** Bytes of all puts. */
  readonly bytesPut: bigint;
  /** Audits whose rebuilt object had other bytes. */
  readonly diverged: bigint;
}

/**
 * A list of patterns for refs, scopes or any other names. `*` matches any run of characters, the empty one and `/`
 * included; every other character matches itself. An empty list matches nothing.
 *
 * @example
 * new Patterns(["main", "release/*"]).matches("release/1.2"); // true
 */
export class Patterns implements Iterable<string> {
  /** Takes the patterns as they are: any text is one. */
  constructor(patterns: Iterable<string>);
  /** Whether any of the patterns matches the whole of `name`. */
  matches(name: string): boolean;
  /** The patterns as they were given. */
  [Symbol.iterator](): Iterator<string>;
}

/**
 * Selects one action in N, the same ones each time that a session is replayed. A policy has no randomness of its own;
 * with the session's seed, different sessions draw different actions.
 *
 * @example
 * get: (candidate, settings, session) =>
 *   new Sample(settings.auditOneIn, session.seed).takes(candidate.action) ? "audit" : "hit",
 */
export class Sample {
  /** One action in `oneIn`, a whole number; 0 is none at all. */
  constructor(oneIn: number, seed: bigint);
  /** Whether this action (64 hexadecimal digits) is drawn. */
  takes(action: string): boolean;
}

/** One value of the settings: what is expected there. Without `default` or `optional` it must be set. */
export interface Field<Value, Json = Value> {
  /** The same field, with the JSON value that stands there where the operator sets none. */
  default(json: Json): Field<Value, Json>;
  /** The same field, undefined where the operator sets none. */
  optional(): Field<Value | undefined, Json>;
  /** The same field, which may be null as well. */
  nullable(): Field<Value | null, Json | null>;
  /** Reads a JSON value (undefined: there is none); what does not fit is a {@link Refusal} that names `path`. */
  read(value: unknown, path: string): Value;
}

/** Fields by their names. A field that is not among them is refused. */
export type Fields = { readonly [name: string]: Field<any, any> };

/** What fields become once they are read. */
export type Settings<Named extends Fields> = {
  readonly [Name in keyof Named]: Named[Name] extends Field<infer Value, any> ? Value : never;
};

/** A text. */
export function string(): Field<string>;

/** `true` or `false`. */
export function boolean(): Field<boolean>;

/**
 * A whole number within these bounds. Default: from 0 to 2^53 - 1, beyond which JSON numbers are not exact in JavaScript.
 */
export function integer(bounds?: { minimum?: number; maximum?: number }): Field<number>;

/** One of these texts. */
export function oneOf<const Value extends string>(...values: Value[]): Field<Value>;

/** The name of a kind, or `kind-` and a number. */
export function kind(): Field<Kind>;

/** A list of such values. */
export function list<Value, Json>(element: Field<Value, Json>): Field<Value[], Json[]>;

/** A list of texts that are patterns. */
export function patterns(): Field<Patterns, string[]>;

/** An object with these fields. */
export function object<const Named extends Fields>(
  fields: Named,
): Field<Settings<Named>, { [Name in keyof Named]?: Named[Name] extends Field<any, infer Json> ? Json : never }>;

declare global {
  /** In a policy, the host's log: `warn` is always printed, the others with `-v`. All are recorded. */
  interface Console {
    /** For the author of the policy. */
    debug(...parts: unknown[]): void;
    /** The same as `info`. */
    log(...parts: unknown[]): void;
    /** For information. */
    info(...parts: unknown[]): void;
    /** A warning: always printed. */
    warn(...parts: unknown[]): void;
    /** The same as `warn`. */
    error(...parts: unknown[]): void;
  }
  var console: Console;
}

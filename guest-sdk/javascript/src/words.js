// Kinds, roles and facts. All three are open: a newer host may know more of them than this package does.

// The names, by number.
// BEGIN names (cargo xtask words)
const KINDS = [
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
/** Kinds that are shared by default. Any other kind stays on this machine, an unknown one too. */
const SHARED_KINDS = [
  "other",
  "empty",
  "package-archive",
  "file-list",
  "analysis-facts",
  "generated-source",
  "coverage-meta",
  "probe",
  "tool-output",
  "analysis-result",
  "pgo-profile",
];
const ROLES = [
  "unknown",
  "output",
  "stdout",
  "link-stdout",
  "source-list",
  "cgo-header",
  "fix-archive",
  "cover-profile",
];
const FACTS = [
  "build-id-matches",
  "remote",
  "audited",
  "diverged",
  "disputed",
  "witnesses-2",
  "witnesses-3",
  "witnesses-4",
];
// END names

/** The greatest number that the contract has room for. */
const LARGEST_NUMBER = 2 ** 32 - 1;

/** How many facts the contract has room for. */
const MOST_FACTS = 32;

export function kindName(number) {
  return KINDS[number] ?? `kind-${number}`;
}

export function roleName(number) {
  return ROLES[number] ?? `role-${number}`;
}

/** The number of a kind by its name; undefined of a text that names none. */
export function findKind(name) {
  return find(KINDS, "kind", LARGEST_NUMBER, name);
}

/** The number of a kind by its name. */
export function kindNumber(name) {
  return known("kind", findKind(name), name);
}

/** The number of a role by its name. */
export function roleNumber(name) {
  return known("role", find(ROLES, "role", LARGEST_NUMBER, name), name);
}

export function defaultReach(kind) {
  return SHARED_KINDS.includes(kindName(kindNumber(kind))) ? "shared" : "local";
}

/** A set of facts. */
export class Facts {
  #bits;

  constructor(bits) {
    this.#bits = bits;
  }

  /** The set of the facts with these names. */
  static named(names) {
    return new Facts(names.reduce((bits, name) => bits | (1 << factNumber(name)), 0));
  }

  // BEGIN facts (cargo xtask words)
  get buildIdMatches() {
    return this.has("build-id-matches");
  }

  get remote() {
    return this.has("remote");
  }

  get audited() {
    return this.has("audited");
  }

  get diverged() {
    return this.has("diverged");
  }

  get disputed() {
    return this.has("disputed");
  }

  get witnesses2() {
    return this.has("witnesses-2");
  }

  get witnesses3() {
    return this.has("witnesses-3");
  }

  get witnesses4() {
    return this.has("witnesses-4");
  }

  // END facts

  has(name) {
    return this.#holds(factNumber(name));
  }

  get names() {
    const bits = Array.from({ length: MOST_FACTS }, (_, bit) => bit);
    return bits.filter((bit) => this.#holds(bit)).map((bit) => FACTS[bit] ?? `fact-${bit}`);
  }

  #holds(bit) {
    return (this.#bits & (1 << bit)) !== 0;
  }
}

function factNumber(name) {
  return known("fact", find(FACTS, "fact", MOST_FACTS - 1, name), name);
}

/** The number of a name that is in the list, or is spelled `kind-4242`. */
function find(names, what, largest, text) {
  const index = names.indexOf(text);
  if (index >= 0) {
    return index;
  }
  const [, digits] = new RegExp(`^${what}-(\\d+)$`).exec(text) ?? [];
  return digits !== undefined && Number(digits) <= largest ? Number(digits) : undefined;
}

function known(what, number, text) {
  if (number === undefined) {
    throw new TypeError(`\`${String(text)}\` is no ${what}`);
  }
  return number;
}

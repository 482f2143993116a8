// What the host would say, for a policy's own tests, which run in node.

import { createHash } from "node:crypto";

import { Session } from "./session.js";
import { Facts, kindName, kindNumber, roleName, roleNumber } from "./words.js";

const NOTHING = "0".repeat(64);

/** The longest that the host lets a label's value become in a scope's name. */
const LONGEST_SCOPE_PART = 80;

/** How many digits of a value's hash the host gives a label. */
const HASH_DIGITS = 24;

export function session({
  started = 0n,
  seed = 0n,
  labels = {},
  verified = {},
  readable = ["*"],
  writable = ["*"],
  settings = {},
} = {}) {
  return new Session({
    started,
    seed,
    labels: [...Object.entries(labels).map(label(false)), ...Object.entries(verified).map(label(true))],
    readable,
    writable,
    settings: JSON.stringify(settings),
  });
}

export function candidate(given = {}) {
  return { action: NOTHING, output: NOTHING, size: 0n, age: 0, scope: 0, ...given, ...words(given) };
}

export function offer(given = {}) {
  return { action: NOTHING, output: NOTHING, size: 0n, ...given, ...words(given) };
}

export function totals(given = {}) {
  return { gets: 0n, hits: 0n, refusedGets: 0n, puts: 0n, refusedPuts: 0n, bytesPut: 0n, diverged: 0n, ...given };
}

/** The words as a question has them; a name that is none is an error. */
function words({ kind = "other", role = "unknown", facts = [] }) {
  return { kind: kindName(kindNumber(kind)), role: roleName(roleNumber(role)), facts: Facts.named(facts) };
}

function label(verified) {
  return ([name, value]) => {
    const hash = createHash("sha256").update(value).digest("hex").slice(0, HASH_DIGITS);
    return { name, value, scope: scopePart(value, hash), hash, verified };
  };
}

/**
 * A value encoded for a scope name, as the host does it: every byte but letters, digits, dashes and inner
 * dots is escaped, and a long value is cut and ended by its hash.
 */
function scopePart(value, hash) {
  const bytes = Buffer.from(value);
  let part = "";
  for (const [position, byte] of bytes.entries()) {
    const character = String.fromCharCode(byte);
    const isInnerDot = character === "." && position !== 0 && position !== bytes.length - 1;
    const stays = isInnerDot || /[A-Za-z0-9-]/.test(character);
    part += stays ? character : `_${byte.toString(16).padStart(2, "0")}`;
    if (part.length > LONGEST_SCOPE_PART) {
      return `${part.slice(0, LONGEST_SCOPE_PART - hash.length - 2)}__${hash}`;
    }
  }
  return part;
}

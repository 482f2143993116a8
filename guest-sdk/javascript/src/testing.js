// What the host would say, for a policy's own tests.

import { Session } from "./session.js";

const NOTHING = "0".repeat(64);
const NO_FACTS = { bound: false, remote: false, audited: false, diverged: false };

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
    settings: typeof settings === "string" ? settings : JSON.stringify(settings),
  });
}

export function candidate({ facts, ...given } = {}) {
  return {
    action: NOTHING,
    output: NOTHING,
    size: 0n,
    age: 0n,
    scope: 0,
    kind: "other",
    ...given,
    facts: { ...NO_FACTS, ...facts },
  };
}

export function offer({ facts, ...given } = {}) {
  return { action: NOTHING, output: NOTHING, size: 0n, kind: "other", ...given, facts: { ...NO_FACTS, ...facts } };
}

export function totals(given = {}) {
  return { gets: 0n, hits: 0n, refusedGets: 0n, puts: 0n, refusedPuts: 0n, bytesPut: 0n, diverged: 0n, ...given };
}

/** Labels whose `scope` only resembles the host's: with a `-` for every character that no scope's name may hold. */
function label(verified) {
  return ([name, value]) => ({ name, value, scope: value.replace(/[^A-Za-z0-9._]/gu, "-").slice(0, 80), verified });
}

// What a policy finds around it in the engine. Imported before the policy itself.

import host from "cachewarden:policy/host@0.2.0";

let hostListens = false;

/** There is a host from the first question on; while a policy is built, its module runs without one. */
export function hostIsThere() {
  hostListens = true;
}

const write =
  (level) =>
  (...parts) => {
    if (!hostListens) {
      throw new Error("nothing can be logged while the policy is built: log in its functions");
    }
    host.log(level, parts.map(shown).join(" "));
  };

globalThis.console = {
  debug: write("debug"),
  log: write("info"),
  info: write("info"),
  warn: write("warn"),
  error: write("warn"),
};

// A policy decides by its inputs alone, so that a recorded session can be replayed.
const noClock = () =>
  new Error("a policy has no clock: `session.started` and a candidate's `age` are all the time there is");

globalThis.Date = class extends Date {
  constructor(...given) {
    if (given.length === 0) {
      throw noClock();
    }
    super(...given);
  }

  static now() {
    throw noClock();
  }
};
delete globalThis.performance;

Math.random = () => {
  throw new Error("a policy has no randomness: draw with `Sample` and `session.seed`");
};

function shown(part) {
  if (typeof part !== "object" || part === null || part instanceof Error) {
    return String(part);
  }
  return JSON.stringify(part, (_, value) => (typeof value === "bigint" ? String(value) : value));
}

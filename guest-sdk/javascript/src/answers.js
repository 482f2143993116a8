// What a policy may answer, and what is wrong with any other answer.

import { kindName, kindNumber } from "./words.js";

const LONGEST_LIFETIME = 2 ** 32 - 1;

export const LOOKUPS = ["hit", "hit-verified", "skip", "miss", "audit"];
export const REACHES = ["ephemeral", "local", "shared"];

/** The verdict itself; an error that says what is expected where it is none. */
export function checkedVerdict(question, verdicts, verdict) {
  if (!verdicts.includes(verdict)) {
    throw new TypeError(`\`${question}\` must return one of ${verdicts.join(", ")}, not ${String(verdict)}`);
  }
  return verdict;
}

/** A grant with every field, from one that leaves out what it does not need. */
export function completeGrant(grant) {
  if (typeof grant !== "object" || grant === null) {
    throw new TypeError(`\`open\` must return a grant, such as { write: "main", read: ["main"] }, not ${String(grant)}`);
  }
  const { write = null, read = [], lifetime = 0, admit = [], ...unknown } = grant;
  for (const name of Object.keys(unknown)) {
    throw new TypeError(`a grant has no \`${name}\`, only \`write\`, \`read\`, \`lifetime\` and \`admit\``);
  }
  if (write !== null && typeof write !== "string") {
    throw new TypeError(`a grant's \`write\` must be a scope's name or null, not ${String(write)}`);
  }
  if (!Array.isArray(read) || read.some((scope) => typeof scope !== "string")) {
    throw new TypeError("a grant's `read` must be a list of scopes' names");
  }
  if (!(typeof lifetime === "number" && lifetime >= 0)) {
    throw new TypeError(`a grant's \`lifetime\` must be a number of seconds, not ${String(lifetime)}`);
  }
  if (!Array.isArray(admit)) {
    throw new TypeError("a grant's `admit` must be a list of names of kinds");
  }
  return {
    write,
    read: [...read],
    // 0 means no end, so a lifetime, however short, never becomes 0.
    lifetime: Math.min(Math.ceil(lifetime), LONGEST_LIFETIME),
    admit: admit.map((kind) => kindName(kindNumber(kind))),
  };
}

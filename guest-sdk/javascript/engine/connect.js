// The policy's four functions in the engine's form, engine.wit.

import { LOOKUPS, REACHES } from "../src/answers.js";
import { Policy } from "../src/policy.js";
import { Candidate, Offer, numberAt, readTotals } from "../src/questions.js";
import { Refusal } from "../src/refusal.js";
import { Session } from "../src/session.js";
import { kindNumber } from "../src/words.js";
import { hostIsThere } from "./environment.js";

export function connect(policy) {
  if (!(policy instanceof Policy)) {
    throw new TypeError(
      "the module must have a policy as its default export: `export default policy({ put(offer, settings, session) { ... } })`, for example",
    );
  }
  return {
    open(numbers, labels, readable, writable, settings) {
      hostIsThere();
      const session = new Session({
        started: numberAt(numbers, 0),
        seed: numberAt(numbers, 1),
        labels: labels.map(([name, value, scope, hash, verified]) => ({ name, value, scope, hash, verified })),
        readable,
        writable,
        settings,
      });
      try {
        const { write, read, lifetime, admit } = policy.open(session);
        return [write, read, lifetime | 0, admit.map((kind) => kindNumber(kind) | 0)];
      } catch (error) {
        // A refusal is an answer; in the engine's form an answer too is thrown.
        throw error instanceof Refusal ? [error.reason === "session", error.message] : report("open", error);
      }
    },

    get(numbers, scope, kind, role, facts) {
      try {
        return LOOKUPS.indexOf(policy.get(new Candidate(numbers, scope >>> 0, kind >>> 0, role >>> 0, facts)));
      } catch (error) {
        throw report("get", error);
      }
    },

    put(numbers, kind, role, facts) {
      try {
        return REACHES.indexOf(policy.put(new Offer(numbers, kind >>> 0, role >>> 0, facts)));
      } catch (error) {
        throw report("put", error);
      }
    },

    close(numbers) {
      try {
        policy.close(readTotals(numbers));
      } catch (error) {
        throw report("close", error);
      }
    },
  };
}

/** Writes an error to the log before it becomes a trap, which says nothing. */
function report(question, error) {
  console.warn(`\`${question}\` threw ${error}${place(error)}`);
  return error;
}

/** The innermost function of the author's that has a name. */
function place(error) {
  const [, name] = /^ +at ([^<\s]+) /m.exec(error instanceof Error ? error.stack : "") ?? [];
  return name === undefined ? "" : ` (in ${name})`;
}

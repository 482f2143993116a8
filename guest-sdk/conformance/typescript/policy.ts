// The mirror policy of the conformance cases: it logs its inputs, and computes its verdicts from numbers.

import { Refusal, integer, kind, list, oneOf, policy, string } from "cachewarden-policy";
import type { Facts, Lookup, Reach } from "cachewarden-policy";

const LOOKUPS: Lookup[] = ["hit", "hit-verified", "skip", "miss", "audit"];
const REACHES: Reach[] = ["ephemeral", "local", "shared"];

export default policy({
  settings: {
    write: string().nullable().default(null),
    read: list(string()).default([]),
    lifetime: integer({ maximum: 2 ** 32 - 1 }).default(0),
    admit: list(kind()).default([]),
    refuse: oneOf("settings", "session").optional(),
  },

  open(session, { write, read, lifetime, admit, refuse }) {
    const { started, seed } = session;
    if (Number(started) === 666) throw new Error("as told");
    const readable = [...session.readable].join();
    const writable = [...session.writable].join();
    console.debug(`session started=${started} seed=${seed} readable=${readable} writable=${writable}`);
    for (const { name, value, scope, hash, verified } of session.labels) {
      console.info(`label ${name}=${value} scope=${scope} hash=${hash} verified=${verified}`);
    }
    if (refuse !== undefined) {
      console.warn("refusing");
      throw new Refusal(refuse, "as told");
    }
    return { write, read, lifetime, admit };
  },

  get(candidate) {
    const { action, output, size, age, scope, kind, role, facts } = candidate;
    console.debug(
      `get action=${action} output=${output} size=${size} age=${age} scope=${scope} kind=${kind} role=${role} ` +
        `facts=${held(facts)}`,
    );
    if (age === 666) throw new Error("as told");
    return LOOKUPS[age % 5]!;
  },

  put(offer) {
    const { action, output, size, kind, role, facts } = offer;
    console.debug(`put action=${action} output=${output} size=${size} kind=${kind} role=${role} facts=${held(facts)}`);
    if (size === 666n) throw new Error("as told");
    return REACHES[Number(size % 3n)]!;
  },

  close(totals) {
    const { gets, hits, refusedGets, puts, refusedPuts, bytesPut, diverged } = totals;
    console.info(
      `close gets=${gets} hits=${hits} refused-gets=${refusedGets} puts=${puts} refused-puts=${refusedPuts} ` +
        `bytes-put=${bytesPut} diverged=${diverged}`,
    );
  },
});

/** The facts that hold, `-` for none. */
function held(facts: Facts): string {
  return facts.names.join() || "-";
}

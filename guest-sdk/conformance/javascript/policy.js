// The mirror policy of the conformance cases: it says what it was told, and its verdicts follow from numbers.

import { Refusal, integer, list, oneOf, policy, string } from "cachewarden-policy";

const LOOKUPS = ["hit", "hit-verified", "skip", "miss", "audit"];
const REACHES = ["session", "local", "shared"];

export default policy({
  settings: {
    write: string().nullable().default(null),
    read: list(string()).default([]),
    lifetime: integer({ maximum: 2 ** 32 - 1 }).default(0),
    refuse: oneOf("settings", "session").optional(),
  },

  open(session, { write, read, lifetime, refuse }) {
    const { started, seed } = session;
    if (Number(started) === 666) throw new Error("as told");
    const readable = [...session.readable].join();
    const writable = [...session.writable].join();
    console.debug(`session started=${started} seed=${seed} readable=${readable} writable=${writable}`);
    for (const { name, value, scope, verified } of session.labels) {
      console.info(`label ${name}=${value} scope=${scope} verified=${verified}`);
    }
    if (refuse !== undefined) {
      console.warn("refusing");
      throw new Refusal(refuse, "as told");
    }
    return { write, read, lifetime };
  },

  get(candidate) {
    const { action, output, size, age, scope, kind } = candidate;
    console.debug(
      `get action=${action} output=${output} size=${size} age=${age} scope=${scope} kind=${kind} facts=${facts(candidate)}`,
    );
    if (age === 666n) throw new Error("as told");
    return LOOKUPS[Number(age % 5n)];
  },

  put(offer) {
    const { action, output, size, kind } = offer;
    console.debug(`put action=${action} output=${output} size=${size} kind=${kind} facts=${facts(offer)}`);
    if (size === 666n) throw new Error("as told");
    return REACHES[Number(size % 3n)];
  },

  close(totals) {
    const { gets, hits, refusedGets, puts, refusedPuts, bytesPut, diverged } = totals;
    console.info(
      `close gets=${gets} hits=${hits} refused-gets=${refusedGets} puts=${puts} refused-puts=${refusedPuts} ` +
        `bytes-put=${bytesPut} diverged=${diverged}`,
    );
  },
});

function facts(question) {
  const held = Object.entries(question.facts).filter(([, holds]) => holds);
  return held.map(([name]) => name).join() || "-";
}

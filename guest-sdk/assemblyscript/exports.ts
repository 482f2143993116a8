// What the host calls. A policy's entry file has the line
//
//   export * from "@cachewarden/assemblyscript/exports";
//
// and nothing else in these files concerns a policy's author.
//
// Nothing is allocated here for a get or a put: the host's numbers go into one candidate and one offer, made once.

import { allocate, answer, receive, release } from "./assembly/border";
import { Grant, Refusal } from "./assembly/grant";
import { Candidate } from "./assembly/lookup";
import { Policy, create } from "./assembly/policy";
import { Offer } from "./assembly/reach";
import { parse } from "./assembly/settings";
import { Totals } from "./assembly/totals";

let policy: Policy | null = null;

const candidate = new Candidate();
const offer = new Offer();

export function open(
  started: u64, seed: u64,
  labels: usize, labelCount: i32,
  readable: usize, readableCount: i32,
  writable: usize, writableCount: i32,
  settings: usize, settingsLength: i32,
): usize {
  policy = null;
  const session = receive(
    started, seed, labels, labelCount, readable, readableCount, writable, writableCount, settings, settingsLength,
  );
  const chosen = create();
  if (chosen === null) {
    return answer(Refusal.session("no policy is registered: expected `register<YourPolicy>();` in the entry file"));
  }
  const given = parse(session.settings);
  chosen.configure(given);
  const refusal = given.refusal();
  if (refusal !== null) return answer(refusal);
  const opening = chosen.open(session);
  // A session without a grant is asked nothing.
  if (opening instanceof Grant) policy = chosen;
  return answer(opening);
}

export function get(
  action0: u64, action1: u64, action2: u64, action3: u64,
  output0: u64, output1: u64, output2: u64, output3: u64,
  size: u64, age: u64, scope: u32, kind: i32, role: i32, facts: u32,
): i32 {
  candidate.action.assign(action0, action1, action2, action3);
  candidate.output.assign(output0, output1, output2, output3);
  candidate.size = size;
  candidate.age = age;
  candidate.scope = scope;
  candidate.kind = kind;
  candidate.role = role;
  candidate.facts.bits = facts;
  return opened("get").get(candidate);
}

export function put(
  action0: u64, action1: u64, action2: u64, action3: u64,
  output0: u64, output1: u64, output2: u64, output3: u64,
  size: u64, kind: i32, role: i32, facts: u32,
): i32 {
  offer.action.assign(action0, action1, action2, action3);
  offer.output.assign(output0, output1, output2, output3);
  offer.size = size;
  offer.kind = kind;
  offer.role = role;
  offer.facts.bits = facts;
  return opened("put").put(offer);
}

export function close(
  gets: u64, hits: u64, refusedGets: u64, puts: u64, refusedPuts: u64, bytesPut: u64, diverged: u64,
): void {
  opened("close").close(new Totals(gets, hits, refusedGets, puts, refusedPuts, bytesPut, diverged));
}

// The host asks for memory here for what it passes to `open`.
export function cabi_realloc(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  return allocate(old, oldSize, alignment, size);
}

// The host has read the answer of `open`.
export function cabi_post_open(result: usize): void {
  release(result);
}

function opened(question: string): Policy {
  const present = policy;
  if (present === null) {
    throw new Error("`" + question + "` was called, but no `open` before it gave a grant");
  }
  return present;
}

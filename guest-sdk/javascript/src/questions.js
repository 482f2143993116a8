// What the host asks, read from the bytes that the engine is given (engine.wit). Only what a policy looks at is read.

import { Facts, kindName, roleName } from "./words.js";

export class Candidate {
  #bytes;

  constructor(bytes, scope, kind, role, facts) {
    this.#bytes = bytes;
    this.scope = scope;
    this.kind = kindName(kind);
    this.role = roleName(role);
    this.facts = new Facts(facts);
  }

  get action() {
    return digestAt(this.#bytes, 0);
  }

  get output() {
    return digestAt(this.#bytes, 4);
  }

  get size() {
    return numberAt(this.#bytes, 8);
  }

  get age() {
    return Number(numberAt(this.#bytes, 9));
  }
}

export class Offer {
  #bytes;

  constructor(bytes, kind, role, facts) {
    this.#bytes = bytes;
    this.kind = kindName(kind);
    this.role = roleName(role);
    this.facts = new Facts(facts);
  }

  get action() {
    return digestAt(this.#bytes, 0);
  }

  get output() {
    return digestAt(this.#bytes, 4);
  }

  get size() {
    return numberAt(this.#bytes, 8);
  }
}

export function readTotals(bytes) {
  const [gets, hits, refusedGets, puts, refusedPuts, bytesPut, diverged] = [0, 1, 2, 3, 4, 5, 6].map((index) =>
    numberAt(bytes, index),
  );
  return { gets, hits, refusedGets, puts, refusedPuts, bytesPut, diverged };
}

/** The 64-bit number at this index. */
export function numberAt(bytes, index) {
  return new DataView(bytes.buffer, bytes.byteOffset + index * 8, 8).getBigUint64(0, true);
}

/** The digest of four numbers, each written with its upper half first. */
function digestAt(bytes, index) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + index * 8, 32);
  let digits = "";
  for (let word = 0; word < 32; word += 8) {
    digits += hexadecimal(view.getUint32(word + 4, true)) + hexadecimal(view.getUint32(word, true));
  }
  return digits;
}

function hexadecimal(half) {
  return half.toString(16).padStart(8, "0");
}

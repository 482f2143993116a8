import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { insertComponent } from "../build/insert.js";
import { Candidate, Offer, readTotals } from "../src/questions.js";

/** Numbers as engine.wit has them, in the middle of a larger buffer. */
function numbers(...values) {
  const bytes = new Uint8Array(values.length * 8 + 8).subarray(8);
  values.forEach((value, index) => new DataView(bytes.buffer).setBigUint64(8 + index * 8, value, true));
  return bytes;
}

test("64-bit numbers and digests arrive whole", () => {
  const words = [0x0011223344556677n, 0x8899aabbccddeeffn, 1n, 2n ** 64n - 1n, 0n, 0n, 0n, 10n];
  const candidate = new Candidate(numbers(...words, 2n ** 64n - 1n, 86_400n), 7, 2, 1, 0b0101);
  assert.equal(candidate.action, "00112233445566778899aabbccddeeff0000000000000001ffffffffffffffff");
  assert.equal(candidate.output, "000000000000000a".padStart(64, "0"));
  assert.equal(candidate.size, 18_446_744_073_709_551_615n);
  assert.equal(candidate.age, 86_400);
  assert.equal(candidate.kind, "package-archive");
  assert.equal(candidate.role, "output");
  assert.deepEqual(candidate.facts.names, ["build-id-matches", "audited"]);
  assert.equal(new Offer(numbers(...words, 5n), 9, 0, 0).size, 5n);
  assert.equal(readTotals(numbers(1n, 2n, 3n, 4n, 5n, 2n ** 60n, 7n)).bytesPut, 2n ** 60n);
});

test("a component of any size takes the place of the empty one", async () => {
  const adapter = await readFile(new URL("../engine/adapter.wasm", import.meta.url));
  for (const size of [1, 127, 128, 20_000, 2_500_000]) {
    const inner = Buffer.alloc(size, 0xaa);
    const result = insertComponent(adapter, inner);
    const start = result.indexOf(inner);
    assert.ok(start > 0);
    assert.deepEqual(result.subarray(0, 8), adapter.subarray(0, 8));
    const rest = result.subarray(start + size);
    assert.deepEqual(rest, adapter.subarray(adapter.length - rest.length));
  }
});

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { session } from "../src/testing.js";

// The host reads the same cases.
const CASES = new URL("../../conformance/scope-parts.json", import.meta.url);

test("a test's label has the scope and the hash that the host gives it", async () => {
  const cases = JSON.parse(await readFile(CASES, "utf8"));
  assert.ok(cases.length > 100, `${cases.length} cases`);
  for (const { value, scope, hash } of cases) {
    const [label] = session({ labels: { ref: value } }).labels;
    assert.deepEqual({ scope: label.scope, hash: label.hash }, { scope, hash }, JSON.stringify(value));
  }
});

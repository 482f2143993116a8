import assert from "node:assert/strict";
import { test } from "node:test";

import { session } from "../src/testing.js";

const label = (value) => session({ labels: { ref: value } }).labels[0];

test("a test's label has the scope and the hash that the host gives it", () => {
  for (const [value, scope] of [
    ["refs/heads/main", "refs_2fheads_2fmain"],
    ["refs_2fheads_2fmain", "refs_5f2fheads_5f2fmain"],
    [".a.b.", "_2ea.b_2e"],
    ["naïve", "na_c3_afve"],
    ["", ""],
    ["x".repeat(80), "x".repeat(80)],
    ["x".repeat(81), `${"x".repeat(54)}__${label("x".repeat(81)).hash}`],
  ]) {
    assert.equal(label(value).scope, scope);
  }
  assert.equal(label("refs/heads/main").hash, "f921bd05e68b03740c450e56");
});

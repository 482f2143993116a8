import assert from "node:assert/strict";
import { test } from "node:test";

import { Patterns } from "../src/index.js";

const matches = (pattern, name) => new Patterns([pattern]).matches(name);

test("a star is any run of characters", () => {
  for (const [pattern, name] of [
    ["", ""],
    ["main", "main"],
    ["*", ""],
    ["*", "refs/heads/main"],
    ["**", "a"],
    ["refs/*", "refs/"],
    ["refs/*/merge", "refs/pull/17/merge"],
    ["a*b*c", "a-b-b-c"],
    ["a*bc*c", "abcbcc"],
    ["*ä*", "bär"],
  ]) {
    assert.ok(matches(pattern, name), `${pattern} should match ${name}`);
  }
});

test("everything else is itself and the whole name counts", () => {
  for (const [pattern, name] of [
    ["", "main"],
    ["main", ""],
    ["main", "Main"],
    ["main", "main2"],
    ["m?in", "main"],
    ["m.in", "main"],
    ["refs/*", "ref"],
    ["*/main", "refs/heads/main/fix"],
    ["ab*bc", "abc"],
    ["a*b*b", "ab"],
  ]) {
    assert.ok(!matches(pattern, name), `${pattern} should not match ${name}`);
  }
  assert.ok(!new Patterns([]).matches(""));
});

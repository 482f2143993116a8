import assert from "node:assert/strict";
import { test } from "node:test";

import { defaultReach } from "../src/index.js";
import { candidate, offer } from "../src/testing.js";
import { Facts, findKind, kindName, kindNumber, roleName } from "../src/words.js";

test("kinds and roles that are not known keep their numbers", () => {
  assert.equal(kindName(2), "package-archive");
  assert.equal(kindName(4242), "kind-4242");
  assert.equal(kindName(2 ** 32 - 1), "kind-4294967295");
  assert.equal(roleName(4), "source-list");
  assert.equal(roleName(77), "role-77");
});

test("a kind is found by its name or its number, and by nothing else", () => {
  assert.equal(findKind("package-archive"), 2);
  assert.equal(findKind("kind-2"), 2);
  assert.equal(findKind("kind-4294967295"), 4_294_967_295);
  for (const text of ["", "archive", "kind-", "kind--1", "kind-4294967296", "role-2", "kind-2 ", "xkind-2", undefined, 2]) {
    assert.equal(findKind(text), undefined, String(text));
  }
  assert.throws(() => kindNumber("archive"), /`archive` is no kind/);
});

test("facts that are not known are kept", () => {
  const facts = new Facts((1 << 31) | (1 << 9) | 0b1001);
  assert.deepEqual(facts.names, ["build-id-matches", "diverged", "fact-9", "fact-31"]);
  assert.ok(facts.buildIdMatches && facts.diverged && !facts.remote && !facts.audited);
  assert.ok(facts.has("fact-9") && facts.has("fact-31") && facts.has("fact-0") && !facts.has("fact-10"));
  assert.throws(() => facts.has("fact-32"), /`fact-32` is no fact/);
  assert.throws(() => facts.has("bound"), /`bound` is no fact/);
  assert.deepEqual(new Facts(0).names, []);
});

test("by default what no other machine should take stays here", () => {
  const local = ["module-index", "test-record", "executable", "fix-archive", "kind-5", "kind-4242"];
  for (const kind of local) assert.equal(defaultReach(kind), "local", kind);
  for (const kind of ["package-archive", "empty", "kind-2"]) assert.equal(defaultReach(kind), "shared", kind);
  assert.throws(() => defaultReach(offer()), /is no kind/);
});

test("a test names words as the host does", () => {
  const asked = candidate({ kind: "kind-2", role: "role-77", facts: ["remote", "fact-9"], age: 60 });
  assert.equal(asked.kind, "package-archive");
  assert.equal(asked.role, "role-77");
  assert.deepEqual(asked.facts.names, ["remote", "fact-9"]);
  assert.throws(() => candidate({ kind: "archive" }), /`archive` is no kind/);
  assert.throws(() => offer({ facts: ["bound"] }), /`bound` is no fact/);
});

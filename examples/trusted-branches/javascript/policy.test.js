// What each kind of build is granted.

import assert from "node:assert/strict";
import { test } from "node:test";

import { session } from "cachewarden-policy/testing";

import policy from "./policy.js";

const ofRef = (gitRef) => session({ labels: { GITHUB_REF: gitRef } });

test("a trusted ref writes and reads main", () => {
  for (const gitRef of ["refs/heads/main", "refs/heads/master"]) {
    assert.deepEqual(policy.open(ofRef(gitRef)), { write: "main", read: ["main"], lifetime: 0 });
  }
});

test("every other ref has a scope of its own and reads main after it", () => {
  for (const gitRef of ["refs/pull/17/merge", "refs/heads/main-2", "refs/tags/main", "main"]) {
    const build = ofRef(gitRef);
    const own = `ref-${build.labels[0].scope}`;
    assert.deepEqual(policy.open(build), { write: own, read: [own, "main"], lifetime: 0 });
  }
});

test("without the label a build only reads", () => {
  const build = session({ labels: { GITHUB_HEAD_REF: "refs/heads/main" } });
  assert.deepEqual(policy.open(build), { write: null, read: ["main"], lifetime: 0 });
});

test("settings choose the label and the trusted refs", () => {
  const build = session({
    labels: { BRANCH: "release/1.2/fixes" },
    settings: { label: "BRANCH", trusted: ["trunk", "release/*"] },
  });
  assert.equal(policy.open(build).write, "main");
});

test("wrong settings are refused by name", () => {
  for (const [settings, expected] of [
    [{ trust: [] }, /unknown field `trust`/],
    [{ trusted: "main" }, /`trusted`: expected a list/],
    [{ label: ["REF"] }, /`label`: expected a string/],
  ]) {
    assert.throws(() => policy.open(session({ settings })), expected);
  }
});

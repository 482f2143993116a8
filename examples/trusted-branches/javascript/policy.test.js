// What each kind of build is granted, and what counts in it. The cases of guest-sdk/conformance say more.

import assert from "node:assert/strict";
import { test } from "node:test";

import { candidate, session } from "cachewarden-policy/testing";

import policy from "./policy.js";

const MAIN = "main-acme_2fwidget";

const build = (labels, settings = {}) =>
  session({ labels: { GITHUB_REPOSITORY: "acme/widget", GITHUB_EVENT_NAME: "push", ...labels }, settings });
const ofRef = (gitRef, settings) => build({ GITHUB_REF: gitRef }, settings);

const grant = (session) => {
  const { write, read } = policy.open(session);
  return { write, read };
};

test("a trusted ref writes and reads main of its repository", () => {
  for (const gitRef of ["refs/heads/main", "refs/heads/master"]) {
    assert.deepEqual(grant(ofRef(gitRef)), { write: MAIN, read: [MAIN] });
  }
});

test("every other ref has a scope of its own and reads main after it", () => {
  for (const gitRef of ["refs/pull/17/merge", "refs/heads/main-2", "refs/tags/main", "main"]) {
    const own = `ref-acme_2fwidget_-${gitRef.replaceAll("/", "_2f")}`;
    assert.deepEqual(grant(ofRef(gitRef)), { write: own, read: [own, MAIN] });
  }
});

test("names that are too long together are hashed and stay different", () => {
  const [one, other] = [200, 201].map((length) => grant(ofRef("x".repeat(length))).write);
  assert.match(one, /^long-[0-9a-f]{24}-[0-9a-f]{24}$/);
  assert.notEqual(one, other);
});

test("an event that is not trusted does not write main", () => {
  for (const event of ["pull_request_target", "workflow_run"]) {
    const session = build({ GITHUB_REF: "refs/heads/main", GITHUB_EVENT_NAME: event });
    assert.equal(grant(session).write, "ref-acme_2fwidget_-refs_2fheads_2fmain");
  }
});

test("without its labels a build writes nothing", () => {
  assert.deepEqual(grant(build({})), { write: null, read: [MAIN] });
  assert.deepEqual(grant(session({ labels: { GITHUB_REF: "refs/heads/main" } })), { write: null, read: [] });
  assert.deepEqual(grant(ofRef("refs/heads/main", { verified: true })), { write: null, read: [] });
});

test("settings choose the labels and what is trusted", () => {
  const settings = { ref: "BRANCH", repository: null, event: null, trusted: ["trunk", "release/*"] };
  const ofBranch = (branch) => session({ labels: { BRANCH: branch }, settings });
  assert.deepEqual(grant(ofBranch("release/1.2/fixes")), { write: "main", read: ["main"] });
  assert.deepEqual(grant(ofBranch("fix")), { write: "ref-fix", read: ["ref-fix", "main"] });
});

test("from main only the chosen kinds count", () => {
  policy.open(ofRef("refs/pull/17/merge"));
  const ask = (scope, kind, ...facts) => policy.get(candidate({ scope, kind, facts }));
  assert.equal(ask(0, "other"), "hit");
  assert.equal(ask(1, "other"), "skip");
  assert.equal(ask(1, "tool-output"), "hit");
  assert.equal(ask(1, "kind-4242"), "skip");
  assert.equal(ask(1, "package-archive"), "skip");
  assert.equal(ask(1, "package-archive", "build-id-matches"), "hit");

  policy.open(build({}));
  assert.equal(ask(0, "other"), "skip", "the scope that is read is not the session's own");
});

test("wrong settings are refused by name", () => {
  for (const [settings, expected] of [
    [{ trust: [] }, /unknown field `trust`/],
    [{ trusted: "main" }, /`trusted`: expected a list/],
    [{ ref: ["REF"] }, /`ref`: expected a string/],
    [{ kinds: ["archive"] }, /`kinds\[0\]`: expected the name of a kind, not "archive"/],
  ]) {
    assert.throws(() => policy.open(session({ settings })), expected);
  }
});

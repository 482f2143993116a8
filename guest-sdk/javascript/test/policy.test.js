import assert from "node:assert/strict";
import { test } from "node:test";

import { Refusal, Sample, policy } from "../src/index.js";
import { candidate, offer, session, totals } from "../src/testing.js";

test("what is left out answers as without a policy", () => {
  const plain = policy({});
  const verified = { "cachewarden.scope": "nightly" };
  assert.deepEqual(plain.open(session({ verified })), { write: "nightly", read: ["nightly"], lifetime: 0, admit: [] });
  assert.equal(plain.get(candidate()), "hit");
  assert.equal(plain.put(offer({ kind: "package-archive" })), "shared");
  assert.equal(plain.put(offer({ kind: "test-record" })), "local");
  plain.close(totals());
});

test("a job cannot choose its default scope, and a claim never stands before a proof", () => {
  const claimed = session({ labels: { "cachewarden.scope": "main", user: "0" }, verified: { user: "1000" } });
  assert.equal(claimed.defaultScope, "default");
  assert.equal(claimed.label("user").value, "1000");
  assert.equal(claimed.verifiedLabel("cachewarden.scope"), undefined);
});

test("a lifetime never becomes no end", () => {
  for (const [lifetime, seconds] of [
    [undefined, 0],
    [0, 0],
    [0.1, 1],
    [60, 60],
    [Infinity, 4_294_967_295],
  ]) {
    assert.equal(policy({ open: () => ({ lifetime }) }).open(session()).lifetime, seconds);
  }
});

test("a wrong answer says what was expected", () => {
  for (const [grant, expected] of [
    [undefined, /`open` must return a grant/],
    [{ reads: ["main"] }, /a grant has no `reads`/],
    [{ write: 1 }, /`write` must be a scope's name/],
    [{ read: "main" }, /`read` must be a list/],
    [{ lifetime: -1 }, /`lifetime` must be a number of seconds/],
    [{ admit: "executable" }, /`admit` must be a list/],
    [{ admit: ["program"] }, /`program` is no kind/],
  ]) {
    assert.throws(() => policy({ open: () => grant }).open(session()), expected);
  }
  const careless = policy({ get: () => undefined, put: () => "hit" });
  careless.open(session());
  assert.throws(() => careless.get(candidate()), /`get` must return one of hit, .*, not undefined/);
  assert.throws(() => careless.put(offer()), /`put` must return one of ephemeral, local, shared, not hit/);
});

test("a misspelt function is found at once", () => {
  assert.throws(() => policy({ gett: () => "hit" }), /a policy has no `gett`.* get\(candidate, settings, session\)/);
  assert.throws(() => policy({ get: "hit" }), /`get` must be a function get\(candidate, settings, session\), not hit/);
});

test("after a refusal nothing can be asked", () => {
  const closed = policy({
    open() {
      throw Refusal.session("forks use no cache");
    },
  });
  assert.throws(() => closed.open(session()), { reason: "session", message: "forks use no cache" });
  assert.throws(() => closed.get(candidate()), /no `open` before it gave a grant/);
});

test("about one in so many is drawn, and seeds draw apart", () => {
  const actions = Array.from({ length: 10_000 }, (_, index) => index.toString(16).padStart(16, "0").padEnd(64, "0"));
  for (const oneIn of [2, 10]) {
    const once = actions.filter((action) => new Sample(oneIn, 0x5eedn).takes(action));
    const twice = once.filter((action) => new Sample(oneIn, 0xbeadn).takes(action));
    const near = (count, expected) => Math.abs(count - expected) < expected / 4 + 5;
    assert.ok(near(once.length, 10_000 / oneIn), `${once.length}`);
    assert.ok(near(twice.length, 10_000 / oneIn ** 2), `${twice.length}`);
  }
  assert.ok(!new Sample(0, 7n).takes(actions[0]));
});

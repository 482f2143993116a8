import assert from "node:assert/strict";
import { test } from "node:test";

import { offer, session } from "cachewarden-policy/testing";

import policy from "./policy.js";

test("what is large stays here, and what no other machine should take", () => {
  policy.open(session({ settings: { largest: 1000 } }));
  assert.equal(policy.put(offer({ size: 1001n, kind: "package-archive" })), "local");
  assert.equal(policy.put(offer({ size: 1000n, kind: "package-archive" })), "shared");
  assert.equal(policy.put(offer({ size: 10n, kind: "test-record" })), "local");
});

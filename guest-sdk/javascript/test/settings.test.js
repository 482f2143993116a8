import assert from "node:assert/strict";
import { test } from "node:test";

import { boolean, integer, kind, list, object, oneOf, patterns, policy, string } from "../src/index.js";
import { session } from "../src/testing.js";

/** What `open` is given for these settings. */
function read(settings) {
  let given;
  policy({
    settings: {
      label: string().default("REF"),
      trusted: patterns().default([]),
      rules: list(object({ scope: string(), mode: oneOf("strict", "lax") })).default([]),
      oneIn: integer({ maximum: 100 }).default(0),
      strict: boolean().optional(),
      kinds: list(kind()).default([]),
      write: string().nullable().default(null),
    },
    open(_, settings) {
      given = settings;
      return {};
    },
  }).open(session({ settings }));
  return given;
}

test("good settings are read and absent fields have their default", () => {
  const { trusted, ...others } = read({
    trusted: ["a*"],
    oneIn: 4,
    rules: [{ scope: "s", mode: "lax" }],
    kinds: ["probe", "kind-4242", "kind-2"],
  });
  assert.ok(trusted.matches("abc"));
  assert.deepEqual(others, {
    label: "REF",
    rules: [{ scope: "s", mode: "lax" }],
    oneIn: 4,
    strict: undefined,
    kinds: ["probe", "kind-4242", "package-archive"],
    write: null,
  });
});

test("wrong settings are refused by field and by what was expected", () => {
  for (const [settings, expected] of [
    [{ label: 3 }, "`label`: expected a string, not 3"],
    [{ trusted: "main" }, '`trusted`: expected a list, not "main"'],
    [{ trusted: ["a", null] }, "`trusted[1]`: expected a string, not null"],
    [{ oneIn: -1 }, "`oneIn`: expected a whole number from 0 to 100, not -1"],
    [{ oneIn: 1.5 }, "`oneIn`: expected a whole number from 0 to 100, not 1.5"],
    [{ strict: null }, "`strict`: expected true or false, not null"],
    [{ rules: [{ scope: "a" }] }, "missing field `rules[0].mode`"],
    [{ rules: [{ scope: "a", mode: "x" }] }, '`rules[0].mode`: expected "strict" or "lax", not "x"'],
    [{ rules: [{ scope: "a", mode: "lax", more: 1 }] }, "unknown field `rules[0].more`"],
    [{ trustd: [] }, "unknown field `trustd`: expected one of `label`, `trusted`"],
    [{ rules: ["a"] }, '`rules[0]`: expected an object, not "a"'],
    [{ kinds: ["probe", "archive"] }, '`kinds[1]`: expected the name of a kind, not "archive"'],
    [{ kinds: [2] }, "`kinds[0]`: expected the name of a kind, not 2"],
    [{ ["__proto__"]: {} }, "unknown field `__proto__`"],
  ]) {
    assert.throws(
      () => read(settings),
      (refusal) => refusal.reason === "settings" && refusal.message.startsWith(expected),
      JSON.stringify(settings),
    );
  }
});

test("a default of the wrong type is found at once", () => {
  assert.throws(() => integer({ maximum: 3 }).default(4), /expected a whole number from 0 to 3/);
});

test("a policy without settings refuses every field", () => {
  const plain = policy({});
  assert.throws(() => plain.open(session({ settings: { trusted: [] } })), /unknown field `trusted`: there are none/);
});

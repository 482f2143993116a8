// A policy as the host runs it: what crosses the border arrives whole, and leaves no memory behind.

import assert from "node:assert/strict";
import test from "node:test";
import { load, utf8 } from "./load.mjs";

const builds = { release: ["-O3", "--exportStart", "_initialize"], debug: ["--debug"] };

for (const [build, options] of Object.entries(builds)) {
  const { exports, lines } = await load("policy.ts", ...options);
  exports._initialize?.();

  test(`${build}: a session arrives and its grant comes back`, () => {
    const grant = open(exports, { ref: "naïve 日本語 🦀" }, { scopes: ["größe", "b"] });
    assert.deepEqual(grant, { write: "größe", read: ["größe", "b"], lifetime: 60, admit: [10, 2 ** 32 - 1] });
    assert.deepEqual(lines.pop(), [1, "1 labels, the last with naïve 日本語 🦀, 0123, true"]);
  });

  test(`${build}: wrong settings are refused`, () => {
    assert.deepEqual(open(exports, { ref: "x" }, { scope: "main" }), {
      settings: "unknown field `scope`: expected `scopes`",
    });
  });

  test(`${build}: a question without a grant is an error`, () => {
    assert.throws(() => get(exports, 0n), /`get` was called, but no `open` before it gave a grant/);
  });

  test(`${build}: memory does not grow`, () => {
    const rounds = (count) => {
      for (let i = 0; i < count; i++) {
        if (i % 10 == 0) open(exports, { ref: "r".repeat(2_000) }, { scopes: ["a", "b", "c"] });
        assert.equal(get(exports, BigInt(i % 2)), i % 2 ? 3 : 0);
        assert.equal(put(exports, 1n), 1);
      }
      lines.length = 0;
      return exports.memory.buffer.byteLength;
    };
    const early = rounds(10_000);
    assert.equal(rounds(100_000), early);
  });

  test(`${build}: an error's message is told`, () => {
    open(exports, { ref: "x" }, {});
    assert.throws(() => put(exports, 2n ** 64n - 1n), { message: "too large: größer als erlaubt" });
  });
}

function get({ get }, action) {
  return get(0n, 0n, 0n, action, 0n, 0n, 0n, 0n, 1n, 0n, 0, 2, 0, 1);
}

function put({ put }, size) {
  return put(0n, 0n, 0n, 0n, 0n, 0n, 0n, 0n, BigInt.asIntN(64, size), 2, 0, 1);
}

/** Passes a session as the canonical ABI says, and reads the answer so. */
function open(exports, labels, settings) {
  const pass = (bytes, alignment) => {
    const pointer = exports.cabi_realloc(0, 0, alignment, bytes.length);
    new Uint8Array(exports.memory.buffer).set(bytes, pointer);
    return [pointer, bytes.length];
  };
  const text = (value) => pass(new TextEncoder().encode(value), 1);
  const records = Object.entries(labels).flatMap(([name, value]) => [
    ...new Uint8Array(new Uint32Array([text(name), text(value), text(value), text("0123"), 1].flat()).buffer),
  ]);
  const list = (bytes, size) => [pass(bytes, 4)[0], bytes.length / size];
  const result = exports.open(0n, 0n, ...list(records, 36), ...list([], 8), ...list([], 8), ...text(JSON.stringify(settings)));

  const words = new Uint32Array(exports.memory.buffer, result, 9);
  const flag = (word) => word & 0xff;
  const read = (pointer, length) => utf8(exports, pointer, length);
  const answer = flag(words[0])
    ? { [flag(words[1]) ? "session" : "settings"]: read(words[2], words[3]) }
    : {
        write: flag(words[1]) ? read(words[2], words[3]) : null,
        read: Array.from({ length: words[5] }, (_, i) =>
          read(...new Uint32Array(exports.memory.buffer, words[4] + 8 * i, 2))),
        lifetime: words[6],
        admit: [...new Uint32Array(exports.memory.buffer, words[7], words[8])],
      };
  exports.cabi_post_open(result);
  return answer;
}

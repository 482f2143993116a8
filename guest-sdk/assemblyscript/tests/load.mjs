// Compiles an AssemblyScript file of this folder and loads it, with what the host would give it.

import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** The instance's exports, and the lines that it logged. A policy's error is thrown with its message. */
export async function load(file, ...options) {
  const folder = fileURLToPath(new URL("..", import.meta.url));
  let binary;
  const result = await asc.main([`tests/${file}`, "--baseDir", folder, "--outFile", "out.wasm", ...options], {
    writeFile: (name, content) => void (binary = content),
  });
  if (result.error) throw new Error(`${result.error.message}\n${result.stderr}`);

  const lines = [];
  const { instance } = await WebAssembly.instantiate(binary, {
    "cachewarden:policy/host@0.2.0": {
      log: (level, message, length) => lines.push([level, utf8(exports, message, length)]),
    },
    env: {
      abort: (message, file, line) => {
        throw new Error(message ? utf16(exports, message) : `${utf16(exports, file)}, line ${line}`);
      },
    },
  });
  const exports = instance.exports;
  return { exports, lines };
}

/** A text of the contract. */
export function utf8({ memory }, pointer, length) {
  return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(memory.buffer, pointer, length));
}

/** A text of AssemblyScript; its length in bytes stands before it. */
export function utf16({ memory }, pointer) {
  const length = new Uint32Array(memory.buffer)[(pointer - 4) >>> 2];
  return new TextDecoder("utf-16le").decode(new Uint8Array(memory.buffer, pointer, length));
}

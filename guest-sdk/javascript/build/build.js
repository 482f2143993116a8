// Builds a policy: esbuild makes one script of it, componentize-qjs puts the script into the engine, and the engine goes
// into the component that speaks the contract.

import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { componentize } from "componentize-qjs";
import { build as bundle } from "esbuild";

import { insertComponent } from "./insert.js";

const sdk = fileURLToPath(new URL("..", import.meta.url));
const engine = path.join(sdk, "engine");

/** Builds the policy that the module `source` exports to the file `output`. */
export async function build(source, output) {
  const script = await makeScript(source);
  const { component } = await componentize({
    witPath: path.join(engine, "engine.wit"),
    world: "engine",
    jsSource: script,
    sync: true,
    optSize: true,
    stubWasi: true,
  }).catch((error) => {
    throw new Error(thrownByPolicy(error.message));
  });
  const adapter = await readFile(path.join(engine, "adapter.wasm"));
  const temporary = `${output}.${process.pid}.tmp`;
  await writeFile(temporary, insertComponent(adapter, component));
  await rename(temporary, output);
}

/** What a policy threw as the engine ran its module, without the engine's words before it and its places in the script. */
function thrownByPolicy(message) {
  return message
    .replace(/^.*Failed to finish JavaScript module evaluation: Error: /, "")
    .replace(/ \(componentize-qjs:.*\)/g, "")
    .trim();
}

/** One script without imports but the host's. */
async function makeScript(source) {
  const result = await bundle({
    stdin: {
      contents: `
        import "./environment.js";
        import { connect } from "./connect.js";
        import * as author from ${JSON.stringify(path.resolve(source))};
        export const { open, get, put, close } = connect(author.default);
      `,
      resolveDir: engine,
    },
    // The engine's half and the policy's half must share one copy of the SDK.
    alias: { "cachewarden-policy": path.join(sdk, "src", "index.js") },
    external: ["cachewarden:*"],
    bundle: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2023",
    write: false,
    logLevel: "silent",
  });
  return result.outputFiles[0].text;
}

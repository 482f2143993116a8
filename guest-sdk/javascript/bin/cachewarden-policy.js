#!/usr/bin/env node
// cachewarden-policy build SOURCE [OUTPUT]

import { build } from "../build/build.js";

const USAGE = "usage: cachewarden-policy build SOURCE [OUTPUT]   (OUTPUT: policy.wasm)";

const [verb, source, output = "policy.wasm", ...rest] = process.argv.slice(2);
if (verb !== "build" || source === undefined || rest.length > 0) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  try {
    await build(source, output);
  } catch (error) {
    console.error(`cannot build ${source}: ${error.message.replace(/^: /, "")}`);
    process.exitCode = 1;
  }
}

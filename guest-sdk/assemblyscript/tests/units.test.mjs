// Runs the tests of units.ts.

import test from "node:test";
import { load } from "./load.mjs";

const { exports } = await load("units.ts", "--debug");
for (const [name, unit] of Object.entries(exports)) {
  if (typeof unit === "function") test(name.replaceAll("_", " "), () => unit());
}

// Everything that a policy names. Besides it, a policy's entry file has one line more, which hands it to the host:
//
//   export * from "@cachewarden/assemblyscript/exports";

export { Digest } from "./assembly/digest";
export { Grant, Opening, Refusal } from "./assembly/grant";
export { log } from "./assembly/log";
export { Candidate, Lookup } from "./assembly/lookup";
export { Patterns } from "./assembly/patterns";
export { Policy, register } from "./assembly/policy";
export { Offer, Reach } from "./assembly/reach";
export { Sample } from "./assembly/sample";
export { Label, Session } from "./assembly/session";
export { Settings } from "./assembly/settings";
export { Totals } from "./assembly/totals";
export { Facts, Kind, Role, defaultReach, kindName, roleName } from "./assembly/words";

export { Patterns } from "./patterns.js";
export { policy } from "./policy.js";
export { Refusal } from "./refusal.js";
export { Sample } from "./sample.js";
export { boolean, integer, kind, list, object, oneOf, patterns, string } from "./settings.js";
export { defaultReach } from "./words.js";

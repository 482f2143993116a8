// What is known about the build that asks.

import { Patterns } from "./patterns.js";

export class Session {
  constructor({ started, seed, labels, readable, writable, settings }) {
    this.started = started;
    this.seed = seed;
    this.labels = labels;
    this.readable = new Patterns(readable);
    this.writable = new Patterns(writable);
    this.settings = settings;
  }

  label(name) {
    return this.verifiedLabel(name) ?? this.labels.find((label) => label.name === name);
  }

  verifiedLabel(name) {
    return this.labels.find((label) => label.verified && label.name === name);
  }

  get defaultScope() {
    return this.verifiedLabel("cachewarden.scope")?.value ?? "default";
  }
}

// Why a session gets no grant.

export class Refusal extends Error {
  constructor(reason, text) {
    super(text);
    this.name = "Refusal";
    this.reason = reason;
  }

  static settings(text) {
    return new Refusal("settings", text);
  }

  static session(text) {
    return new Refusal("session", text);
  }
}

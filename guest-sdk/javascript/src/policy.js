// A policy: the functions that its author wrote, and plain caching for those that are left out.

import { LOOKUPS, REACHES, checkedVerdict, completeGrant } from "./answers.js";
import { object, readSettings } from "./settings.js";
import { defaultReach } from "./words.js";

/** The functions of a policy, as an author writes them. */
const QUESTIONS = {
  open: "open(session, settings)",
  get: "get(candidate, settings, session)",
  put: "put(offer, settings, session)",
  close: "close(totals, settings, session)",
};

/** The answers of a session without a policy. */
const PLAIN = {
  open: (session) => ({ write: session.defaultScope, read: [session.defaultScope] }),
  get: () => "hit",
  put: (offer) => defaultReach(offer.kind),
  close: () => {},
};

export function policy(definition) {
  return new Policy(definition);
}

export class Policy {
  #answers;
  #fields;
  #session;
  #settings;

  constructor(definition) {
    const { settings = {}, ...answers } = definition;
    for (const [name, answer] of Object.entries(answers)) {
      if (!Object.hasOwn(QUESTIONS, name)) {
        const questions = Object.values(QUESTIONS).join(", ");
        throw new TypeError(`a policy has no \`${name}\`, only \`settings\` and the functions ${questions}`);
      }
      if (typeof answer !== "function") {
        throw new TypeError(`a policy's \`${name}\` must be a function ${QUESTIONS[name]}, not ${String(answer)}`);
      }
    }
    this.#fields = object(settings);
    this.#answers = { ...PLAIN, ...answers };
  }

  open(session) {
    this.#session = undefined;
    const settings = readSettings(this.#fields, session.settings);
    const grant = completeGrant(this.#answers.open(session, settings));
    this.#session = session;
    this.#settings = settings;
    return grant;
  }

  get(candidate) {
    const session = this.#opened("get");
    return checkedVerdict("get", LOOKUPS, this.#answers.get(candidate, this.#settings, session));
  }

  put(offer) {
    const session = this.#opened("put");
    return checkedVerdict("put", REACHES, this.#answers.put(offer, this.#settings, session));
  }

  close(totals) {
    const session = this.#opened("close");
    this.#answers.close(totals, this.#settings, session);
  }

  #opened(question) {
    if (this.#session === undefined) {
      throw new Error(`\`${question}\` was called, but no \`open\` before it gave a grant`);
    }
    return this.#session;
  }
}

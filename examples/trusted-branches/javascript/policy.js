// Builds of trusted refs fill `main` of their repository. Every other build reads it too, but writes a scope of its own,
// so that no trusted build uses what a pull request has made.

import { boolean, kind, list, patterns, policy, string } from "cachewarden-policy";

/** The longest name that a scope can have. */
const LONGEST_SCOPE = 96;

/** The index of the scope that the session writes among those that it reads. */
let own;

export default policy({
  settings: {
    // The label that names the ref being built.
    ref: string().default("GITHUB_REF"),
    // The label that names the repository; null: the store is for one repository.
    repository: string().nullable().default("GITHUB_REPOSITORY"),
    // The label that names the event; null: events are ignored.
    event: string().nullable().default("GITHUB_EVENT_NAME"),
    // The refs whose builds may write `main`.
    trusted: patterns().default(["refs/heads/main", "refs/heads/master"]),
    // The events whose builds may write `main`.
    events: patterns().default(["push", "schedule", "workflow_dispatch"]),
    // Whether labels that the host did not verify are ignored.
    verified: boolean().default(false),
    // The kinds that are accepted from `main` in a build that does not write it.
    kinds: list(kind()).default([
      "empty",
      "package-archive",
      "file-list",
      "test-record",
      "analysis-facts",
      "generated-source",
      "coverage-meta",
      "probe",
      "tool-output",
      "analysis-result",
      "pgo-profile",
    ]),
  },

  open(session, settings) {
    own = undefined;
    const label = (name) => (settings.verified ? session.verifiedLabel(name) : session.label(name));
    const repository = settings.repository === null ? undefined : label(settings.repository);
    if (settings.repository !== null && repository === undefined) {
      console.warn(
        `no label ${settings.repository}: set the variable and pass --label-env ${settings.repository}, ` +
          "or set repository to null where the store is for one repository",
      );
      return {};
    }
    const main = repository === undefined ? "main" : `main-${repository.scope}`;
    const ref = label(settings.ref);
    if (ref === undefined) {
      console.warn(`no label ${settings.ref}: set the variable and pass --label-env ${settings.ref}; until then this build writes nothing`);
      return { read: [main] };
    }
    own = 0;
    const event = settings.event === null ? undefined : label(settings.event);
    if (settings.event !== null && event === undefined) {
      console.warn(
        `no label ${settings.event}: set the variable and pass --label-env ${settings.event}, ` +
          "or set event to null where events do not matter; until then no build writes main",
      );
    }
    const isTrustedEvent = settings.event === null || matches(settings.events, event);
    if (isTrustedEvent && settings.trusted.matches(ref.value)) {
      return { write: main, read: [main] };
    }
    const scope = ownScope(repository, ref);
    return { write: scope, read: [scope, main] };
  },

  get({ scope, kind, facts }, { kinds }) {
    if (scope === own) {
      return "hit";
    }
    const isProved = kind !== "package-archive" || facts.buildIdMatches;
    return isProved && kinds.includes(kind) ? "hit" : "skip";
  },
});

function matches(patterns, label) {
  return label !== undefined && patterns.matches(label.value);
}

/** The scope of one ref of one repository. `_-` cannot occur within a label's scope part, so two pairs never meet. */
function ownScope(repository, ref) {
  if (repository === undefined) {
    return `ref-${ref.scope}`;
  }
  const scope = `ref-${repository.scope}_-${ref.scope}`;
  return scope.length <= LONGEST_SCOPE ? scope : `long-${repository.hash}-${ref.hash}`;
}

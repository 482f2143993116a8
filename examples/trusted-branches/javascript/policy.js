// Builds of trusted refs fill `main`. Every other build reads it too, but writes a scope of its own, so that
// nothing a pull request makes reaches a trusted build.

import { patterns, policy, string } from "cachewarden-policy";

export default policy({
  settings: {
    // The label that names the ref being built.
    label: string().default("GITHUB_REF"),
    // The refs whose builds may write `main`.
    trusted: patterns().default(["refs/heads/main", "refs/heads/master"]),
  },

  open(session, settings) {
    const gitRef = session.label(settings.label);
    if (gitRef === undefined) {
      return { read: ["main"] };
    }
    if (settings.trusted.matches(gitRef.value)) {
      return { write: "main", read: ["main"] };
    }
    const own = `ref-${gitRef.scope}`;
    return { write: own, read: [own, "main"] };
  },
});

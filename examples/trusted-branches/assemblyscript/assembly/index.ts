// Builds of trusted refs fill `main`. Every other build reads it too, but writes a scope of its own, so that
// nothing a pull request makes reaches a trusted build.
//
// npm install && npx asc

import { Grant, Opening, Patterns, Policy, Session, Settings, register } from "@cachewarden/assemblyscript";

class TrustedBranches extends Policy {
  /** The label that names the ref being built. */
  label: string = "GITHUB_REF";
  /** The refs whose builds may write `main`. */
  trusted: Patterns = new Patterns(["refs/heads/main", "refs/heads/master"]);

  override configure(settings: Settings): void {
    this.label = settings.text("label", this.label);
    this.trusted = settings.patterns("trusted", this.trusted);
  }

  override open(session: Session): Opening {
    const gitRef = session.label(this.label);
    if (gitRef === null) {
      return Grant.readOnly().reading("main");
    }
    if (this.trusted.matches(gitRef.value)) {
      return Grant.writing("main").reading("main");
    }
    const own = `ref-${gitRef.scope}`;
    return Grant.writing(own).reading(own).reading("main");
  }
}

register<TrustedBranches>();
export * from "@cachewarden/assemblyscript/exports";

// Builds of trusted refs fill `main` of their repository. Every other build reads it too, but writes a scope of its
// own, so that no trusted build uses what a pull request has made.
package main

import (
	"fmt"
	"slices"

	"github.com/cachewarden/cachewarden/guest-sdk/go/policy"
)

//go:generate env GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o policy.wasm .

// longestScope is how long the name of a scope can be.
const longestScope = 96

// trustedBranches is the policy; its exported fields are what the operator may set.
type trustedBranches struct {
	policy.Defaults
	// Ref is the label that names the ref being built.
	Ref string `json:"ref"`
	// Repository is the label that names the repository; nil: the store is for one repository.
	Repository *string `json:"repository"`
	// Event is the label that names the event; nil: events are ignored.
	Event *string `json:"event"`
	// Trusted has the refs whose builds may write `main`.
	Trusted policy.Patterns `json:"trusted"`
	// Events has the events whose builds may write `main`.
	Events policy.Patterns `json:"events"`
	// Verified is whether labels that the host did not verify are as if they were not there.
	Verified bool `json:"verified"`
	// Kinds has the kinds that count from `main` in a build that does not write it.
	Kinds []policy.Kind `json:"kinds"`

	// writes is whether the session writes a scope, which is then the first that it reads.
	writes bool
}

func newTrustedBranches() *trustedBranches {
	repository, event := "GITHUB_REPOSITORY", "GITHUB_EVENT_NAME"
	return &trustedBranches{
		Ref:        "GITHUB_REF",
		Repository: &repository,
		Event:      &event,
		Trusted:    policy.Patterns{"refs/heads/main", "refs/heads/master"},
		Events:     policy.Patterns{"push", "schedule", "workflow_dispatch"},
		Kinds: []policy.Kind{
			policy.KindEmpty,
			policy.KindPackageArchive,
			policy.KindFileList,
			policy.KindTestRecord,
			policy.KindAnalysisFacts,
			policy.KindGeneratedSource,
			policy.KindCoverageMeta,
			policy.KindProbe,
			policy.KindToolOutput,
			policy.KindAnalysisResult,
			policy.KindPGOProfile,
		},
	}
}

func (t *trustedBranches) Open(session policy.Session) (policy.Grant, error) {
	main := "main"
	var repository *policy.Label
	if t.Repository != nil {
		label, known := t.label(session, *t.Repository)
		if !known {
			policy.Warnf("no label %[1]s: set the variable and pass --label-env %[1]s, or set repository to null where the store is for one repository",
				*t.Repository)
			return policy.Grant{}, nil
		}
		repository = &label
		main += "-" + label.Scope
	}
	ref, known := t.label(session, t.Ref)
	if !known {
		policy.Warnf("no label %[1]s: set the variable and pass --label-env %[1]s; until then this build writes nothing", t.Ref)
		return policy.Grant{Read: []string{main}}, nil
	}
	t.writes = true
	if t.trusts(session, ref) {
		return policy.Grant{Write: main, Read: []string{main}}, nil
	}
	own := ownScope(repository, ref)
	return policy.Grant{Write: own, Read: []string{own, main}}, nil
}

func (t *trustedBranches) label(session policy.Session, name string) (policy.Label, bool) {
	if t.Verified {
		return session.VerifiedLabel(name)
	}
	return session.Label(name)
}

func (t *trustedBranches) trusts(session policy.Session, ref policy.Label) bool {
	if t.Event != nil {
		event, known := t.label(session, *t.Event)
		if !known {
			policy.Warnf("no label %[1]s: set the variable and pass --label-env %[1]s, or set event to null where events do not matter; until then no build writes main",
				*t.Event)
		}
		if !known || !t.Events.Match(event.Value) {
			return false
		}
	}
	return t.Trusted.Match(ref.Value)
}

// ownScope is the scope of one ref of one repository. `_-` cannot occur within a label's scope part, so two pairs never
// meet.
func ownScope(repository *policy.Label, ref policy.Label) string {
	if repository == nil {
		return "ref-" + ref.Scope
	}
	scope := fmt.Sprintf("ref-%s_-%s", repository.Scope, ref.Scope)
	if len(scope) > longestScope {
		return fmt.Sprintf("long-%s-%s", repository.Hash, ref.Hash)
	}
	return scope
}

func (t *trustedBranches) Get(candidate policy.Candidate) policy.Lookup {
	if t.writes && candidate.Scope == 0 {
		return policy.LookupHit
	}
	proved := candidate.Kind != policy.KindPackageArchive || candidate.Facts.Has(policy.FactBuildIDMatches)
	if proved && slices.Contains(t.Kinds, candidate.Kind) {
		return policy.LookupHit
	}
	return policy.LookupSkip
}

func init() { policy.Register(newTrustedBranches) }

func main() {}

// Builds of trusted refs fill `main`. Every other build reads it too, but writes a scope of its own, so that
// nothing a pull request makes reaches a trusted build.
package main

import "github.com/cachewarden/cachewarden/guest-sdk/go/policy"

//go:generate env GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o policy.wasm .

// trustedBranches is the policy; its fields are what the operator may set.
type trustedBranches struct {
	policy.Defaults
	// Label is the label that names the ref being built.
	Label string `json:"label"`
	// Trusted has the refs whose builds may write `main`.
	Trusted policy.Patterns `json:"trusted"`
}

func newTrustedBranches() *trustedBranches {
	return &trustedBranches{
		Label:   "GITHUB_REF",
		Trusted: policy.Patterns{"refs/heads/main", "refs/heads/master"},
	}
}

func (t *trustedBranches) Open(session policy.Session) (policy.Grant, error) {
	ref, known := session.Label(t.Label)
	if !known {
		return policy.Grant{Read: []string{"main"}}, nil
	}
	if t.Trusted.Match(ref.Value) {
		return policy.Grant{Write: "main", Read: []string{"main"}}, nil
	}
	own := "ref-" + ref.Scope
	return policy.Grant{Write: own, Read: []string{own, "main"}}, nil
}

func init() { policy.Register(newTrustedBranches) }

func main() {}

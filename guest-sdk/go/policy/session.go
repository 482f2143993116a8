package policy

import "time"

// Session is one run of one go command, and all that is known about it. A test writes one down:
//
//	session := policy.Session{
//		Labels:   []policy.Label{policy.NewLabel("GITHUB_REF", "refs/heads/main")},
//		Settings: `{"largest": 1000}`,
//	}
type Session struct {
	// Started is when it began, to the second, in UTC. It is all the time there is: a policy's clock stands still.
	Started time.Time
	// Seed is a random number, drawn once a session and recorded. [Sample] uses it.
	Seed uint64
	// Labels is what is known of the build, in no particular order; a name may occur more than once.
	Labels []Label
	// Readable has the scopes that the operator lets this session read.
	Readable Patterns
	// Writable has the scopes that the operator lets this session write.
	Writable Patterns
	// Settings is the JSON object that the operator wrote; it is in the policy's fields when Open is called.
	// Empty is the same as {}.
	Settings string
}

// Label is one thing known about a session. A test makes one with [NewLabel].
type Label struct {
	// Name is as the operator chose it: --label NAME=VALUE, --label-env NAME. Names that begin with "cachewarden." are
	// the host's own.
	Name string
	// Value is never empty where it comes from the environment: an empty variable is no label.
	Value string
	// Scope is Value encoded for a scope name: at most 80 characters, and different for different values.
	// Put a prefix before it, or a branch that is called main gets the scope main.
	Scope string
	// Hash is 24 hexadecimal digits of the value's SHA-256. It stands for the value in a scope's name where two must fit.
	Hash string
	// Verified is whether the host has verified it. If not, the job only says so.
	Verified bool
}

// Label finds the label of this name. Where the host has verified one and the job claims another, it is the proved one.
func (s Session) Label(name string) (label Label, found bool) {
	if label, found = s.VerifiedLabel(name); found {
		return label, true
	}
	for _, label := range s.Labels {
		if label.Name == name {
			return label, true
		}
	}
	return Label{}, false
}

// VerifiedLabel finds the label of this name that the host has verified. A label that only a job claims is ignored.
func (s Session) VerifiedLabel(name string) (label Label, found bool) {
	for _, label := range s.Labels {
		if label.Verified && label.Name == name {
			return label, true
		}
	}
	return Label{}, false
}

// DefaultScope is the scope that the session would have without a policy: what --scope names.
func (s Session) DefaultScope() string {
	if label, found := s.VerifiedLabel("cachewarden.scope"); found {
		return label.Value
	}
	return "default"
}

// Package policy is what a cachewarden policy in Go is written with.
//
// cachewarden is a cache for Go builds. It asks a policy which entries a build may write, which it may read, and whether
// each of them counts. A policy is a type that embeds [Defaults] and has the methods of [Policy] where it differs from
// plain caching; [Register] registers it with cachewarden:
//
//	// frugal keeps what is larger than Largest on this machine, and what no other machine can use.
//	type frugal struct {
//		policy.Defaults
//		Largest uint64 `json:"largest"` // in bytes
//	}
//
//	func newFrugal() *frugal { return &frugal{Largest: 10_000_000} }
//
//	func (f *frugal) Put(offer policy.Offer) policy.Reach {
//		if offer.Size > f.Largest {
//			return policy.ReachLocal
//		}
//		return offer.Kind.DefaultReach()
//	}
//
//	func init() { policy.Register(newFrugal) }
//
//	func main() {}
//
// Exported fields are the policy's settings, which the operator writes as a JSON object. What they hold at first is their
// default. Unexported fields are its state.
//
// Build it with
//
//	GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o policy.wasm
//
// and test it like any other Go code, with go test: [Open] gives it a session as cachewarden does.
package policy

// Policy is what cachewarden asks. A policy embeds [Defaults], which has every method, and has its own where it differs.
//
// Answers depend only on the policy's inputs: there is no clock, no randomness, no file and no network,
// so a recorded session replays to the same verdicts. After a panic that get is a miss, that put is ephemeral,
// the message is in cachewarden's log, and a new policy is made for what follows; so a field that a method changes may
// start again at any time.
type Policy interface {
	// Open is called before the first question, with the settings already in the policy's fields. Its grant says which
	// scopes the session writes and reads. An error gives the session nothing: a [SettingsRefusal] stops the build, any
	// other lets it go on without a cache.
	Open(session Session) (Grant, error)

	// Get is called for each entry that a get finds in the granted scopes, in their order: may it be used?
	// What the session put itself is answered without a question.
	Get(candidate Candidate) Lookup

	// Put is called for each object that the build puts: how far may it travel?
	Put(offer Offer) Reach

	// Close is called once, after the last answer, with the totals of the session.
	Close(totals Totals)
}

// Defaults has the answers that a session without a policy gets. A policy embeds it.
type Defaults struct{}

// Open grants [DefaultGrant].
func (Defaults) Open(session Session) (Grant, error) { return DefaultGrant(session), nil }

// Get answers [LookupHit]: every entry counts.
func (Defaults) Get(Candidate) Lookup { return LookupHit }

// Put answers [Kind.DefaultReach].
func (Defaults) Put(offer Offer) Reach { return offer.Kind.DefaultReach() }

// Close does nothing.
func (Defaults) Close(Totals) {}

// registered makes the program's policy; nil until Register was called.
var registered func() Policy

// Register registers the program's policy with cachewarden. It is called once, in func init: cachewarden runs no func main.
// The function makes a policy with the default of each setting, a new one for each session.
//
// It panics where a policy is registered already.
func Register[P Policy](newPolicy func() P) {
	if registered != nil {
		panic("policy.Register was called twice: a program is one policy")
	}
	registered = func() Policy { return newPolicy() }
}

// Open reads the session's settings into a policy and opens it, as cachewarden does. It is for a policy's tests, which
// then call its methods.
//
// Settings that cannot be read give a [SettingsRefusal] that names the field, before [Policy].Open is called.
func Open(policy Policy, session Session) (Grant, error) {
	if err := readSettings(session.Settings, policy); err != nil {
		return Grant{}, err
	}
	return policy.Open(session)
}

package policy_test

import (
	"fmt"

	"github.com/cachewarden/cachewarden/guest-sdk/go/policy"
)

// frugal keeps what is larger than Largest on this machine, and what no other machine can use.
type frugal struct {
	policy.Defaults
	Largest uint64 `json:"largest"`
}

func newFrugal() *frugal { return &frugal{Largest: 10_000_000} }

func (f *frugal) Put(offer policy.Offer) policy.Reach {
	if offer.Size > f.Largest {
		return policy.ReachLocal
	}
	return offer.Kind.DefaultReach()
}

func ExampleOpen() {
	frugal := newFrugal()
	grant, err := policy.Open(frugal, policy.Session{Settings: `{"largest": 1000}`})
	fmt.Println(grant.Write, grant.Read, err)
	fmt.Println(frugal.Put(policy.Offer{Size: 1000}), frugal.Put(policy.Offer{Size: 1001}))

	_, err = policy.Open(newFrugal(), policy.Session{Settings: `{"largst": 1000}`})
	fmt.Println(err)
	// Output:
	// default [default] <nil>
	// shared local
	// unknown field `largst`, expected one of `largest`
}

func ExampleSession_VerifiedLabel() {
	open := func(session policy.Session) (policy.Grant, error) {
		user, known := session.VerifiedLabel("user")
		if !known {
			return policy.Grant{}, policy.SessionRefusal("nobody knows whose build this is")
		}
		own := "user-" + user.Scope
		return policy.Grant{Write: own, Read: []string{own}}, nil
	}

	proved := policy.NewVerifiedLabel("user", "1000")
	grant, err := open(policy.Session{Labels: []policy.Label{proved}})
	fmt.Println(grant.Write, err)

	claimed := policy.NewLabel("user", "1000")
	_, err = open(policy.Session{Labels: []policy.Label{claimed}})
	fmt.Println(err)
	// Output:
	// user-1000 <nil>
	// nobody knows whose build this is
}

func ExampleSample() {
	session := policy.Session{Seed: 7}
	audits := policy.Sample{OneIn: 1, Seed: session.Seed}
	fmt.Println(audits.Takes(policy.Digest{1}), policy.Sample{}.Takes(policy.Digest{1}))
	// Output: true false
}

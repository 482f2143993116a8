// The `mirror` policy: it logs its inputs, and computes its verdicts from numbers. See ../README.md.
package main

import (
	"strings"

	"github.com/cachewarden/cachewarden/guest-sdk/go/policy"
)

type mirror struct {
	policy.Defaults
	Write    *string       `json:"write"`
	Read     []string      `json:"read"`
	Lifetime uint32        `json:"lifetime"`
	Admit    []policy.Kind `json:"admit"`
	Refuse   refusal       `json:"refuse"`
}

func (m *mirror) Open(session policy.Session) (policy.Grant, error) {
	if session.Started.Unix() == 666 {
		panic("as told")
	}
	policy.Debugf("session started=%d seed=%d readable=%s writable=%s", uint64(session.Started.Unix()), session.Seed,
		strings.Join(session.Readable, ","), strings.Join(session.Writable, ","))
	for _, label := range session.Labels {
		policy.Infof("label %s=%s scope=%s hash=%s verified=%t", label.Name, label.Value, label.Scope, label.Hash, label.Verified)
	}
	if m.Refuse.with != nil {
		policy.Warnf("refusing")
		return policy.Grant{}, m.Refuse.with
	}
	grant := policy.Grant{Read: m.Read, Lifetime: policy.Seconds(m.Lifetime), Admit: m.Admit}
	if m.Write != nil {
		grant.Write = *m.Write
	}
	return grant, nil
}

func (m *mirror) Get(candidate policy.Candidate) policy.Lookup {
	policy.Debugf("get action=%s output=%s size=%d age=%d scope=%d kind=%s role=%s facts=%s", candidate.Action,
		candidate.Output, candidate.Size, candidate.Age, candidate.Scope, candidate.Kind, candidate.Role, candidate.Facts)
	if candidate.Age == 666 {
		panic("as told")
	}
	return policy.Lookup(candidate.Age % 5)
}

func (m *mirror) Put(offer policy.Offer) policy.Reach {
	policy.Debugf("put action=%s output=%s size=%d kind=%s role=%s facts=%s", offer.Action, offer.Output, offer.Size, offer.Kind,
		offer.Role, offer.Facts)
	if offer.Size == 666 {
		panic("as told")
	}
	return policy.Reach(offer.Size % 3)
}

func (m *mirror) Close(totals policy.Totals) {
	policy.Infof("close gets=%d hits=%d refused-gets=%d puts=%d refused-puts=%d bytes-put=%d diverged=%d", totals.Gets,
		totals.Hits, totals.RefusedGets, totals.Puts, totals.RefusedPuts, totals.BytesPut, totals.Diverged)
}

// refusal is the setting `refuse`: which of the two errors Open returns.
type refusal struct{ with error }

func (r *refusal) UnmarshalText(text []byte) error {
	switch string(text) {
	case "settings":
		r.with = policy.SettingsRefusal("as told")
	case "session":
		r.with = policy.SessionRefusal("as told")
	default:
		return policy.SettingsRefusal("`refuse`: expected settings or session, found " + string(text))
	}
	return nil
}

func init() { policy.Register(func() *mirror { return &mirror{} }) }

func main() {}

package policy

import (
	"math"
	"time"
)

// Grant is what a session may do. The zero Grant is nothing: every get is a miss, and no put outlives the session.
//
// A scope's name is 1 to 96 of A-Z, a-z, 0-9, dot, underscore and dash, without a dot at either end. A grant with any
// other name, or with a scope outside what the operator allows, gives the session nothing; cachewarden says so.
type Grant struct {
	// Write is the scope that puts go to. Empty: nothing outlives the session.
	Write string
	// Read has the scopes that gets look in, in this order; at most 64. Write is not among them by itself.
	Read []string
	// Lifetime is how long what this session puts counts, in whole seconds, rounded up; at most 136 years.
	// 0: as long as the store keeps it. A negative one counts as a second.
	Lifetime time.Duration
}

// DefaultGrant is the grant of a session without a policy: it writes and reads its default scope.
func DefaultGrant(session Session) Grant {
	scope := session.DefaultScope()
	return Grant{Write: scope, Read: []string{scope}}
}

// lifetimeSeconds is never 0 by rounding: that would be no end at all.
func (g Grant) lifetimeSeconds() uint32 {
	if g.Lifetime < 0 {
		return 1
	}
	seconds := g.Lifetime / time.Second
	if g.Lifetime%time.Second > 0 {
		seconds++
	}
	return uint32(min(seconds, math.MaxUint32))
}

package policy

import (
	"math"
	"testing"
	"time"
)

func TestAStarIsAnyRunOfCharacters(t *testing.T) {
	for _, test := range [][2]string{
		{"", ""},
		{"main", "main"},
		{"*", ""},
		{"*", "refs/heads/main"},
		{"**", "a"},
		{"refs/*", "refs/"},
		{"refs/*/merge", "refs/pull/17/merge"},
		{"*/main", "refs/heads/main"},
		{"a*b*c", "a-b-b-c"},
		{"a*bc*c", "abcbcc"},
		{"*ä*", "bär"},
	} {
		if !(Patterns{"no", test[0]}).Match(test[1]) {
			t.Errorf("%q should match %q", test[0], test[1])
		}
	}
}

func TestEverythingElseIsItselfAndTheWholeNameCounts(t *testing.T) {
	for _, test := range [][2]string{
		{"", "main"},
		{"main", ""},
		{"main", "Main"},
		{"main", "main2"},
		{"m?in", "main"},
		{"refs/*", "ref"},
		{"*/main", "refs/heads/main/fix"},
		// The two ends of a pattern never share a character of the name.
		{"ab*bc", "abc"},
		{"a*b*b", "ab"},
	} {
		if (Patterns{test[0]}).Match(test[1]) {
			t.Errorf("%q should not match %q", test[0], test[1])
		}
	}
}

func TestAClaimNeverStandsBeforeAProof(t *testing.T) {
	session := Session{Labels: []Label{
		{Name: "ref", Value: "claimed"},
		{Name: "ref", Value: "proved", Verified: true},
		{Name: "cachewarden.scope", Value: "main"},
	}}
	if label, found := session.Label("ref"); !found || label.Value != "proved" {
		t.Errorf("got %+v", label)
	}
	if label, found := session.Label("other"); found {
		t.Errorf("got %+v", label)
	}
	if scope := session.DefaultScope(); scope != "default" {
		t.Errorf("a job chose its default scope: %s", scope)
	}
}

func TestALifetimeNeverBecomesNoEnd(t *testing.T) {
	for lifetime, expected := range map[time.Duration]uint32{
		0:                               0,
		-time.Hour:                      1,
		time.Nanosecond:                 1,
		1500 * time.Millisecond:         2,
		time.Minute:                     60,
		math.MaxUint32 * time.Second:    math.MaxUint32,
		math.MaxInt64 * time.Nanosecond: math.MaxUint32,
	} {
		if seconds := (Grant{Lifetime: lifetime}).lifetimeSeconds(); seconds != expected {
			t.Errorf("%v became %d seconds", lifetime, seconds)
		}
	}
}

func TestAgeIsComparedInWholeSeconds(t *testing.T) {
	hour := Candidate{Age: 3600}
	if hour.OlderThan(time.Hour) || !hour.OlderThan(time.Hour-time.Second) || !(Candidate{Age: 1 << 40}).OlderThan(math.MaxInt64) {
		t.Error("the limit itself is not older, and 2^40 seconds are")
	}
}

func TestWordsAreTheContracts(t *testing.T) {
	for _, test := range []struct{ got, expected string }{
		{KindOther.String(), "other"},
		{KindProbe.String(), "probe"},
		{Kind(10).String(), "policy.Kind(10)"},
		{LookupAudit.String(), "audit"},
		{ReachShared.String(), "shared"},
		{Facts(0).String(), "-"},
		{(FactBound | FactDiverged).String(), "bound,diverged"},
		{Digest{0x01, 31: 0xff}.String(), "01000000000000000000000000000000000000000000000000000000000000ff"},
	} {
		if test.got != test.expected {
			t.Errorf("expected %s, got %s", test.expected, test.got)
		}
	}
}

func TestAboutOneInSoManyIsTakenAndSeedsDrawApart(t *testing.T) {
	one, other := Sample{OneIn: 10, Seed: 0x5eed}, Sample{OneIn: 10, Seed: 0xbead}
	drawn, both := 0, 0
	for number := range 10_000 {
		action := Digest{6: byte(number >> 8), 7: byte(number)}
		if one.Takes(action) {
			drawn++
			if other.Takes(action) {
				both++
			}
		}
	}
	if drawn < 750 || drawn > 1250 || both < 60 || both > 140 {
		t.Errorf("of 10,000 one draws %d, both %d", drawn, both)
	}
}

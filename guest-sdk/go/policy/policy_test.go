package policy

import (
	"math"
	"strings"
	"testing"
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

func TestALongLifetimeIsCutAndNeverBecomesShort(t *testing.T) {
	for lifetime, expected := range map[Seconds]uint32{
		0:                  0,
		1:                  1,
		30 * Day:           2_592_000,
		math.MaxUint32:     math.MaxUint32,
		math.MaxUint32 + 1: math.MaxUint32,
		math.MaxUint64:     math.MaxUint32,
	} {
		if seconds := (Grant{Lifetime: lifetime}).wireLifetime(); seconds != expected {
			t.Errorf("%d became %d seconds", lifetime, seconds)
		}
	}
}

func TestAKindIsParsedFromItsNameOrItsNumber(t *testing.T) {
	for _, kind := range []Kind{KindOther, KindPGOProfile, KindPGOProfile + 1, 4242, math.MaxUint32} {
		if parsed, err := ParseKind(kind.String()); parsed != kind || err != nil {
			t.Errorf("%s became %s, %v", kind, parsed, err)
		}
	}
	for _, name := range []string{"", "archive", "Empty", "kind-", "kind-x", "kind--1", "kind-4294967296", "role-1"} {
		if kind, err := ParseKind(name); err == nil || !strings.Contains(err.Error(), "`"+name+"`") {
			t.Errorf("%q became %s, %v", name, kind, err)
		}
	}
}

func TestWhatOthersCannotUseStaysHereByDefault(t *testing.T) {
	for kind, expected := range map[Kind]Reach{
		KindModuleIndex:    ReachLocal,
		KindTestRecord:     ReachLocal,
		KindExecutable:     ReachLocal,
		KindFixArchive:     ReachLocal,
		KindPackageArchive: ReachShared,
		4242:               ReachLocal,
	} {
		if reach := (Defaults{}).Put(Offer{Kind: kind}); reach != expected {
			t.Errorf("%s: %s", kind, reach)
		}
	}
}

func TestOnlyAVerifiedLabelIsVerified(t *testing.T) {
	if NewLabel("user", "1000").Verified || !NewVerifiedLabel("user", "1000").Verified {
		t.Error("a claim is not a proof")
	}
}

func TestWordsAreTheContracts(t *testing.T) {
	for _, test := range []struct{ got, expected string }{
		{KindOther.String(), "other"},
		{KindPGOProfile.String(), "pgo-profile"},
		{Kind(4242).String(), "kind-4242"},
		{RoleUnknown.String(), "unknown"},
		{RoleCoverProfile.String(), "cover-profile"},
		{Role(77).String(), "role-77"},
		{LookupAudit.String(), "audit"},
		{ReachShared.String(), "shared"},
		{Facts(0).String(), "-"},
		{(FactBuildIDMatches | FactDiverged).String(), "build-id-matches,diverged"},
		{(FactRemote | 1<<9 | 1<<31).String(), "remote,fact-9,fact-31"},
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

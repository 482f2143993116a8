package main

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/cachewarden/cachewarden/guest-sdk/go/policy"
)

// The cases of guest-sdk/conformance say more, for every language alike.

func session(ref, event, settings string) policy.Session {
	return policy.Session{
		Labels: []policy.Label{
			policy.NewLabel("GITHUB_REPOSITORY", "acme/widget"),
			policy.NewLabel("GITHUB_EVENT_NAME", event),
			policy.NewLabel("GITHUB_REF", ref),
		},
		Settings: settings,
	}
}

func TestWhatEachBuildIsGranted(t *testing.T) {
	const main = "main-acme_2fwidget"
	trusted := policy.Grant{Write: main, Read: []string{main}}
	own := func(scope string) policy.Grant {
		return policy.Grant{Write: scope, Read: []string{scope, main}}
	}
	for name, test := range map[string]struct {
		session  policy.Session
		expected policy.Grant
	}{
		"main":   {session("refs/heads/main", "push", ""), trusted},
		"master": {session("refs/heads/master", "push", ""), trusted},
		"another ref": {
			session("refs/pull/17/merge", "push", ""),
			own("ref-acme_2fwidget_-refs_2fpull_2f17_2fmerge"),
		},
		"an event that is not trusted": {
			session("refs/heads/main", "pull_request_target", ""),
			own("ref-acme_2fwidget_-refs_2fheads_2fmain"),
		},
		"by settings": {
			session("release/1.2/fixes", "web", `{"event": null, "trusted": ["trunk", "release/*"]}`),
			trusted,
		},
		"claimed labels": {
			session("refs/heads/main", "push", `{"verified": true}`),
			policy.Grant{},
		},
		"names that are too long together": {
			session(strings.Repeat("x", 200), "push", ""),
			own("long-b9d71e86eeaf925dc66a0442-" + policy.NewLabel("", strings.Repeat("x", 200)).Hash),
		},
	} {
		grant, err := policy.Open(newTrustedBranches(), test.session)
		if err != nil || !reflect.DeepEqual(grant, test.expected) {
			t.Errorf("%s: expected %+v, got %+v, %v", name, test.expected, grant, err)
		}
	}
}

func TestFromMainOnlyTheChosenKindsCount(t *testing.T) {
	branches := newTrustedBranches()
	if _, err := policy.Open(branches, session("refs/pull/17/merge", "push", "")); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		candidate policy.Candidate
		expected  policy.Lookup
	}{
		{policy.Candidate{Scope: 0, Kind: policy.KindOther}, policy.LookupHit},
		{policy.Candidate{Scope: 1, Kind: policy.KindOther}, policy.LookupSkip},
		{policy.Candidate{Scope: 1, Kind: policy.KindToolOutput}, policy.LookupHit},
		{policy.Candidate{Scope: 1, Kind: policy.KindPackageArchive}, policy.LookupSkip},
		{policy.Candidate{Scope: 1, Kind: policy.KindPackageArchive, Facts: policy.FactBuildIDMatches}, policy.LookupHit},
	} {
		if lookup := branches.Get(test.candidate); lookup != test.expected {
			t.Errorf("%+v: %s", test.candidate, lookup)
		}
	}
}

func TestWrongSettingsAreRefusedByName(t *testing.T) {
	for settings, expected := range map[string]string{
		`{"trust": []}`:          "unknown field `trust`",
		`{"trusted": "main"}`:    "`trusted`: expected a list",
		`{"ref": ["REF"]}`:       "`ref`: expected a string",
		`{"ref": null}`:          "`ref`: expected a string",
		`{"kinds": ["archive"]}`: "`archive` is no kind",
	} {
		_, err := policy.Open(newTrustedBranches(), policy.Session{Settings: settings})
		if !errors.As(err, new(policy.SettingsRefusal)) || !strings.Contains(err.Error(), expected) {
			t.Errorf("%s: got %v", settings, err)
		}
	}
}

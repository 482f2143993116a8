package main

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/cachewarden/cachewarden/guest-sdk/go/policy"
)

func session(label, ref, scope, settings string) policy.Session {
	return policy.Session{
		Labels:   []policy.Label{{Name: label, Value: ref, Scope: scope}},
		Settings: settings,
	}
}

func TestWhatEachBuildIsGranted(t *testing.T) {
	trusted := policy.Grant{Write: "main", Read: []string{"main"}}
	for name, test := range map[string]struct {
		session  policy.Session
		expected policy.Grant
	}{
		"main":   {session("GITHUB_REF", "refs/heads/main", "m", ""), trusted},
		"master": {session("GITHUB_REF", "refs/heads/master", "m", ""), trusted},
		"another ref": {
			session("GITHUB_REF", "refs/pull/17/merge", "refs_2fpull_2f17_2fmerge", ""),
			policy.Grant{Write: "ref-refs_2fpull_2f17_2fmerge", Read: []string{"ref-refs_2fpull_2f17_2fmerge", "main"}},
		},
		"no ref": {
			session("GITHUB_HEAD_REF", "refs/heads/main", "m", ""),
			policy.Grant{Read: []string{"main"}},
		},
		"by settings": {
			session("BRANCH", "release/1.2/fixes", "r", `{"label": "BRANCH", "trusted": ["trunk", "release/*"]}`),
			trusted,
		},
	} {
		grant, err := policy.Open(newTrustedBranches(), test.session)
		if err != nil || !reflect.DeepEqual(grant, test.expected) {
			t.Errorf("%s: expected %+v, got %+v, %v", name, test.expected, grant, err)
		}
	}
}

func TestWrongSettingsAreRefusedByName(t *testing.T) {
	for settings, expected := range map[string]string{
		`{"trust": []}`:       "unknown field `trust`",
		`{"trusted": "main"}`: "`trusted`: expected a list",
		`{"label": ["REF"]}`:  "`label`: expected a string",
	} {
		_, err := policy.Open(newTrustedBranches(), policy.Session{Settings: settings})
		if !errors.As(err, new(policy.SettingsRefusal)) || !strings.Contains(err.Error(), expected) {
			t.Errorf("%s: got %v", settings, err)
		}
	}
}

package policy

import (
	"errors"
	"strings"
	"testing"
)

type rule struct {
	Scope string `json:"scope"`
}

type configured struct {
	Defaults
	Label   string          `json:"label"`
	Trusted Patterns        `json:"trusted"`
	Rules   []rule          `json:"rules"`
	ByScope map[string]rule `json:"by_scope"`
	OneIn   uint8           `json:"one_in"`
	Limit   *int8           `json:"limit"`
	Kinds   []Kind          `json:"kinds"`
	Limits  map[Kind]int    `json:"limits"`
	Ignored string          `json:"-"`
	opened  int
}

func TestSettingsAreReadAndWhatIsAbsentKeepsItsDefault(t *testing.T) {
	policy := &configured{Label: "REF", Trusted: Patterns{"main", "master"}, opened: 7}
	settings := ` {"trusted": ["a*"], "rules": [{"scope": "x"}], "by_scope": {"any": {}}, "one_in": 255, "limit": null} `
	if _, err := Open(policy, Session{Settings: settings}); err != nil {
		t.Fatal(err)
	}
	if policy.Label != "REF" || policy.opened != 7 {
		t.Errorf("a default is gone: %+v", policy)
	}
	if !policy.Trusted.Match("abc") || policy.Trusted.Match("main") {
		t.Errorf("trusted is %q", policy.Trusted)
	}
	if policy.OneIn != 255 || policy.Rules[0].Scope != "x" || len(policy.ByScope) != 1 || policy.Limit != nil {
		t.Errorf("not all was read: %+v", policy)
	}
}

func TestWrongSettingsAreToldByField(t *testing.T) {
	for settings, expected := range map[string]string{
		`{"label": 3}`:                  "`label`: expected a string, found number",
		`{"label": null}`:               "`label`: expected a string, found null",
		`{"trusted": "main"}`:           "`trusted`: expected a list, found string",
		`{"trusted": ["a", null]}`:      "`trusted[1]`: expected a string, found null",
		`{"trusted": [1]}`:              "`trusted`: expected a string, found number",
		`{"trusted": null}`:             "`trusted`: expected a list, found null",
		`{"one_in": -1}`:                "`one_in`: expected a whole number from 0 to 255, found number -1",
		`{"one_in": 256}`:               "`one_in`: expected a whole number from 0 to 255, found number 256",
		`{"one_in": 1.5}`:               "`one_in`: expected a whole number from 0 to 255, found number 1.5",
		`{"limit": 128}`:                "`limit`: expected a whole number from -128 to 127, found number 128",
		`{"rules": {}}`:                 "`rules`: expected a list, found object",
		`{"rules": [{"scop": "a"}]}`:    "unknown field `rules[0].scop`, expected one of `scope`",
		`{"by_scope": {"a": {"s": 1}}}`: "unknown field `by_scope.a.s`, expected one of `scope`",
		`{"kinds": ["archive"]}`:        "`archive` is no kind",
		`{"kinds": ["empty", 2]}`:       "`kinds`: expected a string, found number",
		`{"kinds": [null]}`:             "`kinds[0]`: expected a string, found null",
		`{"limits": {"archive": 1}}`:    "`archive` is no kind",
		`{"trustd": []}`:                "unknown field `trustd`, expected one of `by_scope`, `kinds`, `label`, `limit`, `limits`, `one_in`, `rules`, `trusted`",
		`{"LABEL": "a"}`:                "unknown field `LABEL`",
		`{"Ignored": "a"}`:              "unknown field `Ignored`",
		`{"opened": 1}`:                 "unknown field `opened`",
		`{"b": 1, "a": 1}`:              "unknown field `a`",
		`{"label": `:                    "unexpected end of JSON input",
	} {
		_, err := Open(&configured{}, Session{Settings: settings})
		var refusal SettingsRefusal
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Error(), expected) {
			t.Errorf("%s: expected %q, got %q", settings, expected, err)
		}
	}
}

func TestAPolicyWithoutSettingsRefusesAny(t *testing.T) {
	type plain struct{ Defaults }
	for _, policy := range []Policy{plain{}, &plain{}} {
		if _, err := Open(policy, Session{}); err != nil {
			t.Error(err)
		}
		_, err := Open(policy, Session{Settings: `{"trusted": []}`})
		if err == nil || err.Error() != "unknown field `trusted`: there is nothing to set" {
			t.Errorf("%T: got %v", policy, err)
		}
	}
}

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
		`{"label": 3}`:                                   "`label`: expected a string, found number",
		`{"label": null}`:                                "`label`: expected a string, found null",
		`{"trusted": "main"}`:                            "`trusted`: expected a list, found string",
		`{"trusted": ["a", null]}`:                       "`trusted[1]`: expected a string, found null",
		`{"trusted": [1]}`:                               "`trusted`: expected a string, found number",
		`{"trusted": null}`:                              "`trusted`: expected a list, found null",
		`{"one_in": -1}`:                                 "`one_in`: expected a whole number from 0 to 255, found number -1",
		`{"one_in": 256}`:                                "`one_in`: expected a whole number from 0 to 255, found number 256",
		`{"one_in": 1.5}`:                                "`one_in`: expected a whole number from 0 to 255, found number 1.5",
		`{"limit": 128}`:                                 "`limit`: expected a whole number from -128 to 127, found number 128",
		`{"rules": {}}`:                                  "`rules`: expected a list, found object",
		`{"rules": [{"scop": "a"}]}`:                     "unknown field `rules[0].scop`, expected one of `scope`",
		`{"by_scope": {"a": {"s": 1}}}`:                  "unknown field `by_scope.a.s`, expected one of `scope`",
		`{"label": "a", "label": "a"}`:                   "`label`: the field is there twice",
		`{"rules": [{"scope": "a", "sc\u006fpe": "a"}]}`: "`rules[0].scope`: the field is there twice",
		`{"trusted": ["\ud83d\ude00", "\ud83d\n"]}`:      "`trusted[1]`: half of a surrogate pair is no character",
		`{"label": "\\\ude00"}`:                          "`label`: half of a surrogate pair is no character",
		`{"trustd": []}`:                                 "unknown field `trustd`, expected one of `by_scope`, `label`, `limit`, `one_in`, `rules`, `trusted`",
		`{"LABEL": "a"}`:                                 "unknown field `LABEL`",
		`{"Ignored": "a"}`:                               "unknown field `Ignored`",
		`{"opened": 1}`:                                  "unknown field `opened`",
		`{"b": 1, "a": 1}`:                               "unknown field `a`",
		`[]`:                                             "expected a JSON object",
		`null`:                                           "expected a JSON object",
		`7`:                                              "expected a JSON object",
		`{"label": `:                                     "unexpected end of JSON input",
		`{} {}`:                                          "after top-level value",
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

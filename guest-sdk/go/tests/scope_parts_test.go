// Package tests has the tests of the SDK that need its repository. They are not part of an author's project.
package tests

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/cachewarden/cachewarden/guest-sdk/go/policy"
)

func TestALabelIsMadeAsTheHostMakesIt(t *testing.T) {
	text, err := os.ReadFile("../../conformance/scope-parts.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Value, Scope, Hash string }
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, test := range cases {
		expected := policy.Label{Name: "name", Value: test.Value, Scope: test.Scope, Hash: test.Hash}
		if label := policy.NewLabel("name", test.Value); label != expected {
			t.Errorf("expected %+v, got %+v", expected, label)
		}
	}
	if len(cases) == 0 {
		t.Error("there is no case")
	}
}

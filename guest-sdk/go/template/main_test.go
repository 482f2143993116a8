package main

import (
	"testing"

	"github.com/cachewarden/cachewarden/guest-sdk/go/policy"
)

func TestWhatIsLargeStaysHere(t *testing.T) {
	frugal := newFrugal()
	if _, err := policy.Open(frugal, policy.Session{Settings: `{"largest": 1000}`}); err != nil {
		t.Fatal(err)
	}
	if reach := frugal.Put(policy.Offer{Size: 1001}); reach != policy.ReachLocal {
		t.Errorf("expected local, got %s", reach)
	}
}

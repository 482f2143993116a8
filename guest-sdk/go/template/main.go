// Objects that are larger than a setting stay on this machine, and so do those that no other machine can use.
package main

import "github.com/cachewarden/cachewarden/guest-sdk/go/policy"

//go:generate env GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -o policy.wasm .

type frugal struct {
	policy.Defaults
	// Largest is a setting: objects of more bytes than this stay here.
	Largest uint64 `json:"largest"`
}

func newFrugal() *frugal {
	return &frugal{Largest: 10_000_000}
}

func (f *frugal) Put(offer policy.Offer) policy.Reach {
	if offer.Size > f.Largest {
		return policy.ReachLocal
	}
	return offer.Kind.DefaultReach()
}

func init() { policy.Register(newFrugal) }

func main() {}

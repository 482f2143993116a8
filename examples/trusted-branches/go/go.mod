module github.com/cachewarden/cachewarden/examples/trusted-branches/go

go 1.24

require github.com/cachewarden/cachewarden/guest-sdk/go v0.1.0

// The SDK of this repository. A policy elsewhere leaves this out.
replace github.com/cachewarden/cachewarden/guest-sdk/go => ../../../guest-sdk/go

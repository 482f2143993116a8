module github.com/cachewarden/cachewarden/guest-sdk/conformance/go

go 1.24

require github.com/cachewarden/cachewarden/guest-sdk/go v0.1.0

replace github.com/cachewarden/cachewarden/guest-sdk/go => ../../go

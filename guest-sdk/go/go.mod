module github.com/cachewarden/cachewarden/guest-sdk/go

go 1.24

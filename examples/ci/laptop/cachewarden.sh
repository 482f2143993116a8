# For ~/.profile: `. ~/cachewarden.sh`. It is explained at
# https://github.com/cachewarden/cachewarden/blob/main/docs/ci/laptop.md

# All worktrees share one store. Without -trimpath the path of a worktree is a part of each package.
export GOFLAGS=-trimpath

# What you build goes to the scope `main` of your store. What an agent builds goes to a scope of its
# own; it reads yours. The tier is read: CI fills it. So nothing waits here for `cachewarden flush`.
export BUILDER=me
export GOCACHEPROG="/opt/cachewarden/cachewarden --no-env --max-size 20GB \
  --remote s3://go-cache/widget?region=eu-central-1&mode=read \
  --policy /opt/cachewarden/policies/trusted-branches.wasm --label-env BUILDER \
  --settings '{\"repository\":null,\"event\":null,\"ref\":\"BUILDER\",\"trusted\":[\"me\"]}'"

# as_agent NAME COMMAND...: runs a command whose builds are those of an agent.
as_agent() (
  export BUILDER="agent-$1"
  shift
  "$@"
)

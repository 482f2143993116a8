# Written by `cargo xtask dist`.
class Cachewarden < Formula
  desc "Build cache for Go, shared between builds that do not trust each other"
  homepage "https://github.com/cachewarden/cachewarden"
  version "@VERSION@"
  license "Apache-2.0"
@ARCHIVES@
  def install
    bin.install "cachewarden"
    (pkgshare/"policies").install Dir["policies/*.wasm"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/cachewarden --version")
  end
end

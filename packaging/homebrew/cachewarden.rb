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
    man1.install Dir["man/man1/*.1"]
    bash_completion.install "completions/cachewarden.bash" => "cachewarden"
    zsh_completion.install "completions/_cachewarden"
    fish_completion.install "completions/cachewarden.fish"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/cachewarden --version")
  end
end

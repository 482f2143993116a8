// Draws the diagrams of a page of the site. The pages have them as text, which code hosts draw.
(() => {
  const blocks = document.querySelectorAll("code.language-mermaid");
  if (blocks.length === 0) {
    return;
  }
  const script = document.createElement("script");
  // mdBook sets it in each page.
  script.src = `${path_to_root}mermaid.tiny.js`;
  script.onload = () => {
    for (const block of blocks) {
      const figure = document.createElement("div");
      figure.className = "mermaid";
      figure.textContent = block.textContent;
      block.parentElement.replaceWith(figure);
    }
    const isDark = ["coal", "navy", "ayu"].some((theme) =>
      document.documentElement.classList.contains(theme),
    );
    mermaid.initialize({ startOnLoad: false, theme: isDark ? "dark" : "default" });
    mermaid.run();
  };
  document.head.append(script);
})();

//! Patterns for names, as the command line understands them.

use alloc::string::String;
use alloc::vec::Vec;

use serde::Deserialize;

/// A list of patterns for refs, scopes or any other names; in settings, a list of texts.
///
/// `*` matches any run of characters, the empty one and `/` included. Every other character matches itself.
///
/// ```
/// use cachewarden_policy::Patterns;
///
/// let trusted = Patterns::new(["refs/heads/main", "refs/heads/release/*"]);
/// assert!(trusted.matches("refs/heads/release/1.2/fixes"));
/// assert!(!trusted.matches("refs/heads/main-but-not-quite"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// These patterns. An empty list matches nothing.
    ///
    /// ```
    /// use cachewarden_policy::Patterns;
    ///
    /// assert!(Patterns::new(["*"]).matches("anything"));
    /// assert!(!Patterns::default().matches("anything"));
    /// ```
    pub fn new<Text: Into<String>>(patterns: impl IntoIterator<Item = Text>) -> Self {
        Self(patterns.into_iter().map(Into::into).collect())
    }

    /// The patterns as texts, in their order.
    ///
    /// ```
    /// use cachewarden_policy::Patterns;
    ///
    /// assert!(Patterns::new(["a", "b*"]).iter().eq(["a", "b*"]));
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether any of the patterns matches the whole of `name`.
    ///
    /// ```
    /// use cachewarden_policy::Patterns;
    ///
    /// assert!(Patterns::new(["refs/pull/*/merge"]).matches("refs/pull/17/merge"));
    /// ```
    pub fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, name))
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    let Some((beginning, rest)) = pattern.split_once('*') else {
        return pattern == name;
    };
    let Some(mut name) = name.strip_prefix(beginning) else {
        return false;
    };
    let (middle, ending) = rest.rsplit_once('*').unwrap_or(("", rest));
    // The first place where a piece is found leaves the most room for the pieces after it.
    for piece in middle.split('*') {
        let Some((_, after)) = name.split_once(piece) else {
            return false;
        };
        name = after;
    }
    name.ends_with(ending)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_is_any_run_of_characters() {
        let matching = [
            ("", ""),
            ("main", "main"),
            ("*", ""),
            ("*", "refs/heads/main"),
            ("**", "a"),
            ("refs/*", "refs/"),
            ("refs/*/merge", "refs/pull/17/merge"),
            ("*/main", "refs/heads/main"),
            ("a*b*c", "a-b-b-c"),
            ("a*bc*c", "abcbcc"),
            ("*ä*", "bär"),
        ];
        for (pattern, name) in matching {
            assert!(matches(pattern, name), "{pattern} should match {name}");
        }
    }

    #[test]
    fn everything_else_is_itself_and_the_whole_name_counts() {
        let differing = [
            ("", "main"),
            ("main", ""),
            ("main", "Main"),
            ("main", "main2"),
            ("m?in", "main"),
            ("refs/*", "ref"),
            ("*/main", "refs/heads/main/fix"),
            // The two ends of a pattern never share a character of the name.
            ("ab*bc", "abc"),
            ("a*b*b", "ab"),
        ];
        for (pattern, name) in differing {
            assert!(!matches(pattern, name), "{pattern} should not match {name}");
        }
    }
}

//! A pattern of scope names into which the values of labels are put.

use cachewarden_types::Pattern;

/// A pattern such as `fork-{repository_id}-*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

/// In an escaped value two hex digits follow an underscore, or another underscore.
const SEPARATOR: &str = "_-";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Label(String),
}

impl Template {
    /// Reads a template; what is wrong with it otherwise.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (label, behind) = after
                .split_once('}')
                .ok_or_else(|| format!("`{text}`: a `{{` has no `}}`"))?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Label(label.to_owned()));
            rest = behind;
        }
        parts.push(Part::Text(rest.to_owned()));
        let template = Self(parts);
        template.check_prefix(text)?;
        template.check_separators(text)?;
        // What a value can be made of is all allowed in a pattern.
        template.fill(|_| Some("x"))?;
        Ok(template)
    }

    /// The first part is a text of the operator's: a branch called `main` must not become the scope
    /// `main`.
    fn check_prefix(&self, text: &str) -> Result<(), String> {
        let is_fixed =
            |part: &Part| matches!(part, Part::Text(text) if !text.trim_matches('*').is_empty());
        match self.labels().next().is_none() || self.0.first().is_some_and(is_fixed) {
            true => Ok(()),
            false => Err(format!(
                "`{text}` begins with a label, whose value a job may choose; put a text of your own before it, as in `branch-{text}`"
            )),
        }
    }

    /// After a label comes the end, or a text with a separator that is in no value, where anything
    /// of variable length follows: `fork-{a}-{b}` would give one scope to `1-2`, `3` and to `1`,
    /// `2-3`.
    fn check_separators(&self, text: &str) -> Result<(), String> {
        for (position, part) in self.0.iter().enumerate() {
            let Part::Label(_) = part else { continue };
            let next = match self.0.get(position + 1) {
                Some(Part::Text(next)) => next.as_str(),
                _ => "",
            };
            let is_last = position + 2 >= self.0.len();
            let (fixed, has_more) = match next.split_once('*') {
                Some((fixed, _)) => (fixed, true),
                None => (next, !is_last),
            };
            if has_more && !fixed.contains(SEPARATOR) {
                return Err(format!(
                    "`{text}`: two values could make one name; put `{SEPARATOR}` after `}}`, which is in no value"
                ));
            }
        }
        Ok(())
    }

    /// The text before the first label or star.
    pub(super) fn fixed_prefix(&self) -> &str {
        match self.0.first() {
            Some(Part::Text(text)) => text.split('*').next().unwrap_or_default(),
            _ => "",
        }
    }

    /// Whether it stands for more than one scope.
    pub(super) fn is_open(&self) -> bool {
        let has_star = |part: &Part| matches!(part, Part::Text(text) if text.contains('*'));
        self.labels().next().is_some() || self.0.iter().any(has_star)
    }

    /// The labels that it wants.
    pub(super) fn labels(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Label(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The pattern with the values of labels, in their escaped form.
    pub(super) fn fill<'value>(
        &self,
        value: impl Fn(&str) -> Option<&'value str>,
    ) -> Result<Pattern, String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(fixed) => text.push_str(fixed),
                Part::Label(name) => {
                    text.push_str(value(name).ok_or_else(|| format!("there is no label {name}"))?);
                }
            }
        }
        let pattern: Pattern = text.parse()?;
        // Without a star it is a scope's name, which is bounded.
        match text.contains('*') || text.parse::<cachewarden_types::ScopeName>().is_ok() {
            true => Ok(pattern),
            false => Err(format!(
                "`{text}` is no scope name: at most 96 letters, digits, dots, dashes or underscores, with no dot at either end"
            )),
        }
    }
}

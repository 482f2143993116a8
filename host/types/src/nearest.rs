//! What was probably meant by a mistyped name.

/// How alike two names are where one is taken for the other mistyped, as clap holds it for options.
const ALIKE: f64 = 0.7;

/// The known name that is nearest to another one; `None` where none is like it.
pub fn nearest_name<'known>(
    name: &str,
    known: impl IntoIterator<Item = &'known str>,
) -> Option<&'known str> {
    known
        .into_iter()
        .map(|known| (strsim::jaro(name, known), known))
        .filter(|(likeness, _)| *likeness > ALIKE)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, known)| known)
}

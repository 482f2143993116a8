//! How the values of options are read.

use std::time::Duration;

use bytesize::ByteSize;

use cachewarden_types::HOST_PREFIX;

/// A label; its value may be empty and hold any character.
pub(super) fn label(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=VALUE; --label-env NAME takes the value from the environment")?;
    Ok((label_name(name)?, value.to_owned()))
}

/// The name of a label that a job may set.
pub(super) fn label_name(name: &str) -> Result<String, String> {
    if name.is_empty() {
        return Err("a label needs a name".into());
    }
    if name.starts_with(HOST_PREFIX) {
        return Err(format!(
            "names that begin with `{HOST_PREFIX}` are cachewarden's own"
        ));
    }
    Ok(name.to_owned())
}

/// A size above zero.
pub(in crate::cli) fn size(text: &str) -> Result<ByteSize, String> {
    // Who forgets the unit means no bytes, and a store or a tier would be emptied.
    let has_unit = text.ends_with(|end: char| end.is_ascii_alphabetic());
    match text.parse::<ByteSize>() {
        Ok(size) if size.as_u64() > 0 && has_unit => Ok(size),
        _ => Err("expected a size above zero with its unit, such as 500MB or 10GiB".into()),
    }
}

/// A time.
pub(in crate::cli) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| "expected a duration such as 100ms, 10s, 5days".to_owned())
}

/// A time above zero.
pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("a policy needs some time to answer".into()),
        duration => Ok(duration),
    }
}

/// A time that remote tiers may cost. With none, each session would say that they have cost too
/// much.
pub(super) fn remote_budget(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err(
            "a remote tier needs some time to answer; an address with `?mode=write` is not read at all"
                .into(),
        ),
        duration => Ok(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What another crate says of it, such as `expected number at 0`, is a second message in one.
    #[test]
    fn what_is_no_duration_is_told_once() {
        let told = duration("abc").unwrap_err();
        assert_eq!(told, "expected a duration such as 100ms, 10s, 5days");
        assert!(duration("5days").is_ok());
    }

    #[test]
    fn a_label_of_the_host_cannot_be_set() {
        assert!(label("cachewarden.scope=main").is_err());
        for text in ["", "=x", "x"] {
            assert!(label(text).is_err(), "{text}");
        }
        assert_eq!(label("A=b=c\nd").unwrap(), ("A".into(), "b=c\nd".into()));
    }
}

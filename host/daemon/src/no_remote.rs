//! In the place of `remote.rs` in a program that is built without remote tiers. What always holds:
//! a configuration that names a tier is refused, so no operator takes one to be in use.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use cachewarden_session::RemoteTiers;
use cachewarden_store::Store;

use crate::Daemon;
use crate::config::RemoteConfig;

/// No tiers.
#[derive(Clone)]
pub(crate) struct TierList;

/// None, if the configuration names none; else what to do.
pub(crate) fn tiers(remote: &[RemoteConfig]) -> Result<TierList, String> {
    match remote {
        [] => Ok(TierList),
        _ => Err(
            "[[remote]]: this program was built without remote tiers; leave the table out, or build it with the default cargo features, or with that of a service such as `s3`"
                .to_owned(),
        ),
    }
}

impl TierList {
    /// Nothing for sessions.
    pub(crate) fn for_sessions(
        &self,
        _store: &Arc<Store>,
        _budget: Duration,
    ) -> io::Result<Option<RemoteTiers>> {
        Ok(None)
    }
}

/// No uploads.
pub(crate) struct Uploads;

impl Uploads {
    pub(crate) fn to(_tiers: TierList) -> Self {
        Self
    }

    pub(crate) fn begin_if_due(&mut self, _daemon: &Arc<Daemon>) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_that_is_named_is_refused() {
        let named = RemoteConfig {
            url: "s3://bucket".to_owned(),
            credentials: None,
        };
        let text = tiers(&[named]).err().expect("a refusal");
        assert!(
            text.starts_with("[[remote]]: ") && text.contains("without remote tiers"),
            "{text}"
        );
        assert!(tiers(&[]).is_ok());
    }
}

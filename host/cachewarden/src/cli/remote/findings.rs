//! Remote tiers: whether each can be read and written, and if not, the next step.

use cachewarden_remote::{
    Address, ServiceError, TierHealth, TierTrial, TrialError, Written, listing_permission,
    try_tiers,
};
use cachewarden_types::{Code, sanitize, with_causes};

use crate::cli::advice::{Advice, advice, advice_on};
use crate::cli::arguments::RemoteOptions;
use crate::cli::doctor::{Finding, Well};
use crate::cli::failure::{Failure, OrFail};

/// What is found of each tier that the options name.
pub(in crate::cli) fn findings(options: &RemoteOptions) -> impl Iterator<Item = Finding> {
    let (trials, failure) = match trials(options) {
        Ok(trials) => (trials, None),
        Err(failure) => (Vec::new(), Some(failure)),
    };
    let wrong = failure.map(|failure| {
        let remedy = "correct it; docs/remote.md has an address of each service";
        Err(advice_on(failure, remedy))
    });
    wrong.into_iter().chain(trials.into_iter().map(finding))
}

fn trials(options: &RemoteOptions) -> Result<Vec<TierTrial>, Failure> {
    let tiers = super::tiers(options)?;
    try_tiers(tiers.into()).or_fail(Code::System, || "cannot speak with a tier".to_owned())
}

fn finding(trial: TierTrial) -> Finding {
    let TierTrial { address, outcome } = trial;
    match outcome {
        Ok(health) => Ok(well(&address, health)),
        Err(error) => Err(wrong(&address, &error)),
    }
}

fn well(address: &Address, health: TierHealth) -> Well {
    let TierHealth {
        is_new,
        answer_time,
        written,
    } = health;
    let mut notes = Vec::new();
    if is_new {
        notes.push(
            "nothing was sent to it yet; where something was, the address is that of another place"
                .to_owned(),
        );
    }
    let done = match written {
        Written::NotTried => "it can be read; its address says that it is not written",
        Written::AndRemoved => "it can be read and written",
        Written::AndLeft { key, error } => {
            notes.push(format!(
                "values cannot be removed from it, so the small one at `{key}` stays: {}",
                with_causes(&error)
            ));
            "it can be read and written"
        }
    };
    let took = answer_time.as_secs_f64() * 1000.0;
    let text = format!("{address}: {done}; an answer took {took:.1} ms");
    Well {
        text: sanitize(&text),
        notes,
        is_in_doubt: false,
    }
}

fn wrong(address: &Address, error: &TrialError) -> Advice {
    let problem = format!("{address}: {}", with_causes(error));
    advice(sanitize(&problem), remedy(address, error))
}

/// What a person does next.
fn remedy(address: &Address, error: &TrialError) -> String {
    match error {
        TrialError::Read(error) => {
            let remedy = remedy_for_service(address, error, "read");
            match listing_permission(address) {
                // Without it, a service may deny a key that has no value.
                Some(permission) if matches!(error, ServiceError::Denied(_)) => {
                    format!("{remedy}; they need {permission}, too")
                }
                _ => remedy,
            }
        }
        TrialError::List(ServiceError::Denied(_)) => {
            let permission = listing_permission(address).unwrap_or("the right to list");
            format!(
                "give the key {permission}: a build lists the parts of the index of what it may read"
            )
        }
        TrialError::List(error) => remedy_for_service(address, error, "read"),
        TrialError::Write(error) => format!(
            "{}; or add `mode=read` to the address, where it is only to be read",
            remedy_for_service(address, error, "write")
        ),
        TrialError::OtherFormat { .. } => {
            "update cachewarden, or give each version a prefix of its own in the address".to_owned()
        }
        TrialError::OtherLayout { found, .. } => format!(
            "say `layout={}` in the address, as all do that use the tier, or choose another prefix",
            found.name()
        ),
        TrialError::NoTier => "choose another prefix in the address".to_owned(),
        _ => "use a prefix that nothing else removes from".to_owned(),
    }
}

fn remedy_for_service(address: &Address, error: &ServiceError, what: &str) -> String {
    let remedy = match (error, address.credential_variables()) {
        (ServiceError::Config { .. }, _) => {
            "make the bucket, the container or the folder, or correct the address; docs/remote.md has one of each service"
        }
        (ServiceError::Absent { .. }, _) => {
            "correct the address, or mount what has the folder; where the tier is new, make the folder, or let the first upload make it"
        }
        (ServiceError::Throttled(_), _) => "ask again later: it allows too few requests",
        (ServiceError::Unsupported(_), _) => {
            "use another service; docs/remote.md lists those that a tier can be on"
        }
        (_, None) => {
            return format!("see that the folder is there, and that this user may {what} it");
        }
        (ServiceError::Denied(_) | ServiceError::NoCredential { .. }, Some(variables)) => {
            return format!(
                "give credentials that may {what}, by {variables} or in the file of --remote-credentials"
            );
        }
        _ => "see that the service runs, and that this machine reaches it",
    };
    remedy.to_owned()
}

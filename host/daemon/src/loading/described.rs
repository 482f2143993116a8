//! What a configuration means, for the operator who checks it: of each tenant who is of it, what it
//! may write and read, who decides, and how much it may use.

use std::fmt;

use cachewarden_policy_host::PolicySource;
use cachewarden_types::count;

use crate::authority::or_nothing;
use crate::config::{QuotaConfig, Size, TenantConfig};

/// What was checked of a tenant or an issuer. It is shown as one line, or as several.
#[derive(Clone, Debug)]
pub struct Described {
    what: String,
    /// Each with what it is about before a colon.
    lines: Vec<String>,
}

impl Described {
    /// An issuer whose keys cannot be read.
    pub(super) fn issuer(name: &str, why: &str) -> Self {
        Self {
            what: format!("issuer {name}"),
            lines: vec![format!("its keys cannot be read yet: {why}")],
        }
    }

    /// What the operator should know about all of it.
    pub(super) fn warning(text: &str) -> Self {
        Self {
            what: format!("warning: {text}"),
            lines: Vec::new(),
        }
    }

    /// A tenant whose policies have answered so many questions of their cases.
    pub(super) fn tenant(tenant: &TenantConfig, questions: u64) -> Self {
        Self {
            what: format!("tenant {}", tenant.name),
            lines: vec![
                format!("who: {}", who(tenant)),
                format!("writes: {}", or_nothing(&tenant.write)),
                format!("reads: {}", or_nothing(&tenant.read)),
                format!("policies: {}", policies(tenant, questions)),
                format!("quota: {}", quota(&tenant.quota)),
            ],
        }
    }

    /// Several lines, those after the first indented.
    pub fn in_lines(&self) -> String {
        let lines: String = self
            .lines
            .iter()
            .map(|line| format!("\n  {line}"))
            .collect();
        format!("{}{lines}", self.what)
    }
}

/// One line.
impl fmt::Display for Described {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.what)?;
        match &self.lines[..] {
            [] => Ok(()),
            lines => write!(formatter, ": {}", lines.join("; ")),
        }
    }
}

fn who(tenant: &TenantConfig) -> String {
    let token = match &tenant.issuer {
        Some(issuer) => format!("a token of {issuer}"),
        None => "no token is needed".to_owned(),
    };
    let labels = tenant.labels.iter();
    let labels: String = labels
        .map(|(name, value)| format!(", {name} = {}", value.all().join(" or ")))
        .collect();
    match (labels.is_empty(), &tenant.issuer) {
        (true, None) => "every session that no tenant before it has taken".to_owned(),
        _ => token + &labels,
    }
}

fn policies(tenant: &TenantConfig, questions: u64) -> String {
    let name = |file: &String| match file.parse::<PolicySource>() {
        Ok(source) => source.file.display().to_string(),
        Err(_) => file.clone(),
    };
    let mut all: Vec<_> = tenant.policies.iter().map(|one| name(&one.file)).collect();
    if !all.is_empty() {
        all.push(format!(
            "{} of cases answered",
            count(questions, "question")
        ));
    }
    if tenant.own_policy {
        all.push("the job may bring one of its own".to_owned());
    }
    or_nothing(&all)
}

fn quota(quota: &QuotaConfig) -> String {
    let size = |size: Size| bytesize::ByteSize(size.0).display().si().to_string();
    let time = humantime::format_duration;
    let per_user = quota.sessions_of_a_user().to_string();
    let policy_time = time(quota.policy_time_per_minute).to_string();
    let compile_time = time(quota.compile_time_per_minute).to_string();
    let bounds = [
        ("bytes", quota.bytes.map(size)),
        ("entries", quota.entries.map(|count| count.to_string())),
        ("view-bytes", quota.view_bytes.map(size)),
        ("unkept-bytes", Some(size(quota.unkept_bytes))),
        ("sessions", Some(quota.sessions.to_string())),
        ("sessions-per-user", Some(per_user)),
        (
            "gets-per-second",
            quota.gets_per_second.map(|count| count.to_string()),
        ),
        (
            "puts-per-second",
            quota.puts_per_second.map(|count| count.to_string()),
        ),
        ("bytes-per-second", quota.bytes_per_second.map(size)),
        ("least-rate", Some(size(quota.least_rate))),
        ("policy-time-per-minute", Some(policy_time)),
        (
            "policy-memory",
            Some(
                quota
                    .policy_memory
                    .map_or_else(|| "an equal share".to_owned(), size),
            ),
        ),
        ("compile-time", Some(time(quota.compile_time).to_string())),
        ("compile-time-per-minute", Some(compile_time)),
    ];
    let shown = bounds.map(|(name, bound)| match bound {
        Some(bound) => format!("{name} {bound}"),
        None => format!("{name} without a bound"),
    });
    shown.join(", ")
}

//! What the process bounds for all tenants together, and whether each tenant can have what it is
//! promised whatever the others take.

use bytesize::ByteSize;

use cachewarden_policy_host::{Limits, MAX_LIVE_INSTANCES, MAX_MEMORY_OF_ALL};

use crate::config::{Config, Size, TenantConfig};

/// The memory of a tenant's policies: what the configuration says, or an equal part of what others
/// leave. The least is what one policy may have.
pub(crate) fn policy_memory(tenant: &TenantConfig, config: &Config) -> Size {
    tenant.quota.policy_memory.unwrap_or_else(|| {
        let with_policies = || config.tenants.iter().filter(|tenant| asks(tenant));
        let given = with_policies().filter_map(|tenant| tenant.quota.policy_memory);
        let left = MAX_MEMORY_OF_ALL.saturating_sub(sum(given.map(|size| size.0)));
        let sharing = with_policies().filter(|tenant| tenant.quota.policy_memory.is_none());
        let part = left / (sharing.count().max(1) as u64);
        Size(part.max(Limits::default().memory))
    })
}

/// Whatever the operator has written.
fn sum(values: impl Iterator<Item = u64>) -> u64 {
    values.fold(0, u64::saturating_add)
}

/// A line for each bound on all tenants that is less than what they are promised.
pub(crate) fn overcommitted(config: &Config) -> Vec<String> {
    let tenants = || config.tenants.iter();
    let asking = tenants().filter(|tenant| asks(tenant));
    let memory = sum(asking.map(|tenant| policy_memory(tenant, config).0));
    let sessions = sum(tenants().map(|tenant| tenant.quota.sessions as u64));
    let instances = sum(tenants().map(|tenant| {
        let policies = tenant.policies_of_a_session() as u64;
        (tenant.quota.sessions as u64).saturating_mul(policies)
    }));
    let size = |bytes| ByteSize(bytes).display().iec().to_string();
    let mut lines = Vec::new();
    let mut check = |is_too_much: bool, what: &str, promised: String, bound: String| {
        if is_too_much {
            lines.push(format!(
                "all tenants together may have {promised} {what}, and there are at most {bound}: some can leave too little for others. Lower their quotas"
            ));
        }
    };
    check(
        memory > MAX_MEMORY_OF_ALL,
        "of memory for policies (quota.policy-memory)",
        size(memory),
        size(MAX_MEMORY_OF_ALL),
    );
    check(
        sessions > config.limits.sessions as u64,
        "sessions (quota.sessions)",
        sessions.to_string(),
        format!("{} (limits.sessions)", config.limits.sessions),
    );
    check(
        instances > MAX_LIVE_INSTANCES as u64,
        "instances of policies (quota.sessions, for each policy)",
        instances.to_string(),
        MAX_LIVE_INSTANCES.to_string(),
    );
    lines
}

fn asks(tenant: &TenantConfig) -> bool {
    tenant.policies_of_a_session() > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn config(tenants: &[&str]) -> Config {
        let tables = tenants
            .iter()
            .enumerate()
            .map(|(number, keys)| format!("[[tenant]]\nname = \"t{number}\"\n{keys}\n"));
        let text = format!(
            "directory = \"/d\"\n[[socket]]\npath = \"/s\"\n{}",
            tables.collect::<String>()
        );
        Config::parse(Path::new("/c.toml"), &text, Path::new("/")).unwrap()
    }

    const OWN: &str = "own-policy = true";
    const MIB: u64 = 1024 * 1024;

    #[test]
    fn memory_of_policies_is_divided_among_the_tenants_that_have_some() {
        let share =
            |tenants: &[&str]| policy_memory(&config(tenants).tenants[0], &config(tenants)).0;
        assert_eq!(share(&[OWN]), 4096 * MIB);
        assert_eq!(share(&[OWN, "", OWN]), 2048 * MIB);
        let explicit = "own-policy = true\n[tenant.quota]\npolicy-memory = \"1GiB\"";
        assert_eq!(share(&[explicit, OWN]), 1024 * MIB);
        assert_eq!(share(&[OWN, explicit]), 3072 * MIB);
        assert_eq!(share(&[OWN; 100]), 128 * MIB, "enough for one policy");
    }

    #[test]
    fn promises_that_cannot_all_be_kept_are_told() {
        let few = "[tenant.quota]\nsessions = 10";
        let large = "own-policy = true\n[tenant.quota]\nsessions = 10\npolicy-memory = \"3GiB\"";
        let own = "own-policy = true\n[tenant.quota]\nsessions = 10";
        let many = "own-policy = true\n[tenant.quota]\nsessions = 600";
        let endless = "own-policy = true\n[tenant.quota]\nsessions = 9223372036854775807\npolicy-memory = \"15EiB\"";
        for (tenants, told) in [
            (&[few; 100][..], &[][..]),
            (&[own; 32], &[]),
            (&[""; 10], &[]),
            (
                &[""; 11],
                &["1100 sessions", "at most 1000 (limits.sessions)"],
            ),
            (&[large; 2], &["6.0 GiB of memory", "at most 4.0 GiB"]),
            (&[own; 33], &["4.1 GiB of memory"]),
            (&[endless; 3], &["sessions", "instances"]),
            (
                &[many; 2],
                &["1200 sessions", "1200 instances", "at most 1024"],
            ),
        ] {
            let lines = overcommitted(&config(tenants));
            let all = lines.join("\n");
            assert_eq!(lines.is_empty(), told.is_empty(), "{all}");
            assert!(
                told.iter().all(|text| all.contains(text)),
                "{told:?}: {all}"
            );
        }
    }
}

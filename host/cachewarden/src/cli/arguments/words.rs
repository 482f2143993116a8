//! Options as the words that say them again, for what a person is to type.

use bytesize::ByteSize;
use humantime::format_duration;

use crate::cli::policy_argument::PolicyArgument;
use crate::cli::settings::SettingsSource;

use super::{DEFAULT_SCOPE, HelperOptions, LimitOptions, RemoteOptions};

impl HelperOptions {
    /// Every option that is set, as the words of a command line.
    pub(in crate::cli) fn words(&self) -> Vec<String> {
        let mut words = Words::default();
        words.say_each("--policy", self.policy.iter().map(PolicyArgument::word));
        words.say_if(
            "--settings",
            self.settings.as_ref().map(SettingsSource::word),
        );
        words.say_if("--dir", self.store.dir.as_ref().map(|path| path.display()));
        words.switch("--allow-shared-store", self.store.allow_shared_store);
        words.say_each("--base", self.base.iter().map(|path| path.display()));
        if self.scope.as_str() != DEFAULT_SCOPE {
            words.say("--scope", self.scope.to_string());
        }
        for (name, value) in &self.label {
            words.say("--label", format!("{name}={value}"));
        }
        words.say_each("--label-env", &self.label_env);
        words.say_each(
            "--allow-read",
            self.allow_read.iter().map(|pattern| pattern.as_str()),
        );
        words.say_each(
            "--allow-write",
            self.allow_write.iter().map(|pattern| pattern.as_str()),
        );
        words.say_if("--max-size", self.max_size.map(bytes));
        words.say_if("--record", self.record.as_ref().map(|path| path.display()));
        words.say_each("--redact-label", &self.redact_label);
        words.switch("--verbose", self.verbose);
        words.0.extend(self.tiers.words());
        words.say_if("--remote-budget", self.remote_budget.map(format_duration));
        self.limits.say(&mut words);
        words.0
    }
}

impl RemoteOptions {
    /// Every option that is set, as the words of a command line.
    pub(in crate::cli) fn words(&self) -> Vec<String> {
        let mut words = Words::default();
        words.say_each("--remote", &self.remote);
        let file = self.remote_credentials.as_ref();
        words.say_if("--remote-credentials", file.map(|path| path.display()));
        words.say_if("--remote-level", self.remote_level);
        words.0
    }
}

impl LimitOptions {
    fn say(&self, words: &mut Words) {
        words.say_if("--policy-memory", self.policy_memory.map(bytes));
        words.say_if(
            "--policy-deadline",
            self.policy_deadline.map(format_duration),
        );
        words.say_if("--policy-budget", self.policy_budget.map(format_duration));
        words.say_if(
            "--policy-compile-time",
            self.policy_compile_time.map(format_duration),
        );
        words.say_if(
            "--policy-compile-memory",
            self.policy_compile_memory.map(bytes),
        );
    }
}

pub(in crate::cli) fn bytes(size: ByteSize) -> String {
    format!("{}B", size.as_u64())
}

#[derive(Default)]
struct Words(Vec<String>);

impl Words {
    fn say(&mut self, option: &str, value: impl ToString) {
        self.0.extend([option.to_owned(), value.to_string()]);
    }

    fn say_if(&mut self, option: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.say(option, value);
        }
    }

    fn say_each(&mut self, option: &str, values: impl IntoIterator<Item = impl ToString>) {
        for value in values {
            self.say(option, value);
        }
    }

    fn switch(&mut self, option: &str, is_on: bool) {
        if is_on {
            self.0.push(option.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::arguments::{command, read_typed};

    /// One value for each option of the helper, so that none is forgotten.
    const EVERY: [&str; 52] = [
        "--policy",
        "/p.wasm",
        "--policy",
        "/q.wasm?settings=@/s",
        "--settings",
        "{}",
        "--dir",
        "/d",
        "--allow-shared-store",
        "--base",
        "/b",
        "--base",
        "/image",
        "--scope",
        "s",
        "--label",
        "a=1",
        "--label",
        "b=2",
        "--label-env",
        "C",
        "--allow-read",
        "r*",
        "--allow-write",
        "w*",
        "--max-size",
        "7B",
        "--record",
        "/r",
        "--redact-label",
        "a",
        "--verbose",
        "--remote",
        "file:///near",
        "--remote",
        "s3://far?region=any",
        "--remote-credentials",
        "/c",
        "--remote-level",
        "5",
        "--remote-budget",
        "4s",
        "--policy-memory",
        "8B",
        "--policy-deadline",
        "1s",
        "--policy-budget",
        "2s",
        "--policy-compile-time",
        "3s",
        "--policy-compile-memory",
        "9B",
    ];

    #[test]
    fn every_option_can_be_said_again() {
        let line = ["cachewarden"]
            .iter()
            .chain(&EVERY)
            .map(Into::into)
            .collect();
        let Ok(read) = read_typed(line) else {
            panic!("it is a command line");
        };
        assert_eq!(read.helper.words(), EVERY);
        for argument in command().get_arguments() {
            let option = format!("--{}", argument.get_long().unwrap());
            let is_no_setting = ["--config", "--help", "--no-env"].contains(&option.as_str());
            assert!(
                is_no_setting || EVERY.contains(&option.as_str()),
                "{option}"
            );
        }
    }
}

//! The services that a tier can be on, and what each needs to be found.

use std::collections::BTreeMap;

use opendal::Configurator;
use url::Url;

use super::service::configurations::{Visitor, visit};

/// A kind of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServiceKind {
    /// Amazon S3, and what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azblob,
    Redis,
    Memcached,
    /// WebDAV over HTTPS.
    Webdav,
    /// WebDAV over plain HTTP.
    WebdavHttp,
    /// The cache of GitHub Actions.
    Ghac,
    /// A folder, for example of a network file system.
    File,
}

/// What stands in a table for each.
struct About {
    kind: ServiceKind,
    scheme: &'static str,
    /// In the names of environment variables.
    variable: &'static str,
    example: &'static str,
    credentials: &'static [&'static str],
    limits: Limits,
}

/// What a service takes at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The bytes of a value.
    pub(crate) value: Option<u64>,
    /// The bytes of a key with the tier's prefix, where a key of ours can have more.
    pub(crate) key: Option<usize>,
}

impl Limits {
    const NONE: Self = Self {
        value: None,
        key: None,
    };
}

const ABOUT: [About; 9] = [
    About {
        kind: ServiceKind::S3,
        scheme: "s3",
        variable: "S3",
        example: "s3://bucket/prefix",
        credentials: &[
            "access_key_id",
            "secret_access_key",
            "session_token",
            "server_side_encryption_customer_key",
            "server_side_encryption_customer_key_md5",
        ],
        limits: Limits::NONE,
    },
    About {
        kind: ServiceKind::Gcs,
        scheme: "gs",
        variable: "GS",
        example: "gs://bucket/prefix",
        credentials: &["credential", "token"],
        limits: Limits::NONE,
    },
    About {
        kind: ServiceKind::Azblob,
        scheme: "azblob",
        variable: "AZBLOB",
        example: "azblob://container/prefix?account-name=NAME",
        credentials: &["account_key", "sas_token", "encryption_key"],
        limits: Limits::NONE,
    },
    About {
        kind: ServiceKind::Redis,
        scheme: "redis",
        variable: "REDIS",
        example: "redis://host:6379/0/prefix",
        credentials: &["username", "password"],
        limits: Limits::NONE,
    },
    About {
        kind: ServiceKind::Memcached,
        scheme: "memcached",
        variable: "MEMCACHED",
        example: "memcached://host:11211/prefix",
        credentials: &["username", "password"],
        limits: Limits {
            // Of 1 MiB, which is what a server takes that is not told otherwise, the key and what
            // the server keeps with each item are a part.
            value: Some(1_000_000),
            key: Some(250),
        },
    },
    About {
        kind: ServiceKind::Webdav,
        scheme: "webdav+https",
        variable: "WEBDAV",
        example: "webdav+https://host/path",
        credentials: &["username", "password", "token"],
        limits: Limits::NONE,
    },
    About {
        kind: ServiceKind::WebdavHttp,
        scheme: "webdav+http",
        variable: "WEBDAV",
        example: "webdav+http://127.0.0.1/path",
        credentials: &["username", "password", "token"],
        limits: Limits::NONE,
    },
    About {
        kind: ServiceKind::Ghac,
        scheme: "ghac",
        variable: "GHAC",
        example: "ghac:",
        credentials: &["runtime_token"],
        limits: Limits::NONE,
    },
    About {
        kind: ServiceKind::File,
        scheme: "file",
        variable: "FILE",
        example: "file:///mnt/cache",
        credentials: &[],
        limits: Limits::NONE,
    },
];

impl ServiceKind {
    fn about(self) -> &'static About {
        let about = ABOUT.iter().find(|about| about.kind == self);
        about.expect("each kind is in the table")
    }

    pub(crate) fn of_scheme(scheme: &str) -> Option<Self> {
        let about = ABOUT.iter().find(|about| about.scheme == scheme);
        about.map(|about| about.kind)
    }

    pub(crate) fn all_schemes() -> impl Iterator<Item = &'static str> {
        ABOUT.iter().map(|about| about.scheme)
    }

    /// All schemes, for texts.
    pub(crate) fn schemes() -> String {
        Self::all_schemes().collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn scheme(self) -> &'static str {
        self.about().scheme
    }

    pub(crate) fn example(self) -> &'static str {
        self.about().example
    }

    /// The options that are secret, or belong to one.
    pub(crate) fn credentials(self) -> &'static [&'static str] {
        self.about().credentials
    }

    pub(crate) fn limits(self) -> Limits {
        self.about().limits
    }

    /// The environment variable of an option.
    pub(crate) fn variable(self, option: &str) -> String {
        let option = option.to_ascii_uppercase();
        format!("CACHEWARDEN_{}_{option}", self.about().variable)
    }

    /// What the host and the path of an address tell the service; else the part that is missing.
    pub(crate) fn options_of(self, url: &Url) -> Result<BTreeMap<String, String>, &'static str> {
        let host = url.host_str().filter(|host| !host.is_empty());
        let place = |scheme: &str| -> Result<String, &'static str> {
            let host = host.ok_or("host")?;
            let port = url
                .port()
                .map_or_else(String::new, |port| format!(":{port}"));
            Ok(format!("{scheme}://{host}{port}"))
        };
        let path = percent_encoding::percent_decode_str(url.path()).decode_utf8_lossy();
        let path = path.trim_matches('/');
        let mut root = path;
        let mut options = BTreeMap::new();
        let mut set = |name: &str, value: String| {
            options.insert(name.to_owned(), value);
        };
        match self {
            Self::S3 | Self::Gcs => set("bucket", host.ok_or("bucket")?.to_owned()),
            Self::Azblob => set("container", host.ok_or("container")?.to_owned()),
            Self::Redis => {
                set("endpoint", place("redis")?);
                let (first, rest) = path.split_once('/').unwrap_or((path, ""));
                if first.parse::<u32>().is_ok() {
                    set("db", first.to_owned());
                    root = rest;
                }
            }
            Self::Memcached => set("endpoint", place("tcp")?),
            Self::Webdav => set("endpoint", place("https")?),
            Self::WebdavHttp => set("endpoint", place("http")?),
            Self::Ghac => {}
            Self::File if path.is_empty() => return Err("folder"),
            Self::File => {}
        }
        if !root.is_empty() {
            set("root", format!("/{root}/"));
        }
        Ok(options)
    }

    /// Whether a value can only be written into a folder that was made before.
    pub(crate) fn has_folders(self) -> bool {
        matches!(self, Self::Webdav | Self::WebdavHttp)
    }

    /// Whether a server of this kind may not list its keys, which it says only when it is asked: one of
    /// WebDAV without PROPFIND.
    pub(crate) fn may_lack_listing(self) -> bool {
        matches!(self, Self::Webdav | Self::WebdavHttp)
    }

    /// Whether an answer that there is nothing says of a listing that it is empty: below a folder that
    /// was not made yet. A bucket that is not there is a failure.
    pub(crate) fn lacks_empty_folders(self) -> bool {
        matches!(self, Self::Webdav | Self::WebdavHttp | Self::File)
    }

    /// An error where the environment lacks what the service cannot do without, and would not miss.
    pub(crate) fn check_environment(self) -> opendal::Result<()> {
        let variables = ["ACTIONS_CACHE_SERVICE_V2", "ACTIONS_CACHE_URL"];
        if self == Self::Ghac && !variables.into_iter().any(is_set) {
            // Else the first version of the service is asked, which GitHub has switched off.
            let text = "ACTIONS_CACHE_SERVICE_V2 is not set: pass it on to this step, with \
                        ACTIONS_RESULTS_URL and ACTIONS_RUNTIME_TOKEN";
            return Err(opendal::Error::new(opendal::ErrorKind::ConfigInvalid, text));
        }
        Ok(())
    }

    /// Adds what neither the address nor the environment says.
    pub(crate) fn fill_in(self, options: &mut BTreeMap<String, String>) {
        for (name, value) in self.defaults() {
            let option = options.entry((*name).to_owned());
            option.or_insert_with(|| (*value).to_owned());
        }
        if self == Self::S3 {
            let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter();
            let region = variables
                .filter_map(|name| std::env::var(name).ok())
                .find(|region| !region.is_empty());
            // Servers that are not Amazon's take any region, and this is the one that they name.
            let region = region.unwrap_or_else(|| "us-east-1".to_owned());
            options.entry("region".to_owned()).or_insert(region);
        }
        if self == Self::Azblob
            && !options.contains_key("endpoint")
            && let Some(account) = options.get("account_name")
        {
            // Azure's own; other clouds and emulators are named by `endpoint`.
            let endpoint = format!("https://{account}.blob.core.windows.net");
            options.insert("endpoint".to_owned(), endpoint);
        }
    }

    fn defaults(self) -> &'static [(&'static str, &'static str)] {
        match self {
            // The address alone says where the bucket is: a variable such as AWS_ENDPOINT_URL was
            // checked by nobody.
            Self::S3 => &[("endpoint", "https://s3.amazonaws.com")],
            // A folder is made when a server asks for it, see `Storage::write`.
            Self::Webdav | Self::WebdavHttp => &[("disable_create_dir", "true")],
            _ => &[],
        }
    }

    /// The cargo feature with which a program has the service.
    pub(crate) fn feature(self) -> String {
        self.about().variable.to_ascii_lowercase()
    }

    /// The names of all options of the service that may stand in an address; `None` where this
    /// program was built without the service.
    pub(crate) fn known_options(self) -> Option<Vec<String>> {
        let own = || vec!["endpoint".to_owned(), "default_ttl".to_owned()];
        let all = match self {
            Self::Redis => cfg!(feature = "redis").then(own),
            Self::Memcached => cfg!(feature = "memcached").then(own),
            _ => visit(self, Names),
        };
        let by_url = ["root", "bucket", "container", "db"];
        let is_free = |name: &String| {
            let name = name.as_str();
            !by_url.contains(&name) && !self.credentials().contains(&name)
        };
        Some(all?.into_iter().filter(is_free).collect())
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

/// The fields of a configuration.
struct Names;

impl Visitor for Names {
    type Outcome = Vec<String>;

    fn visit<Config: Configurator + Default>(self) -> Vec<String> {
        let value = serde_json::to_value(Config::default()).expect("strings, numbers and booleans");
        let fields = value.as_object().map(serde_json::Map::keys);
        fields.into_iter().flatten().cloned().collect()
    }
}
